#include "base/subprocess.h"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>
#include <unistd.h>

#include "base/descriptor.h"

namespace ridgeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Subprocess shell(const std::string& script) {
  Result<Subprocess> child = Subprocess::start({{"/bin/sh", "-c", script}, {{"GREETING", "hello"}}});
  EXPECT_TRUE(child.ok()) << child.status().message();
  return std::move(child).value();
}

char state_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string id, name;
  char state = '?';
  file >> id >> name >> state;
  return state;
}

TEST(Subprocess, LinesGoInAndComeOut) {
  Subprocess child = shell("while read line; do echo \"$GREETING $line\"; done; exit 7");
  ASSERT_TRUE(child.write_line("one").ok());
  ASSERT_TRUE(child.write_line("two").ok());
  EXPECT_EQ(child.read_line(seconds(10)).value(), "hello one");
  EXPECT_EQ(child.read_line(seconds(10)).value(), "hello two");
}

TEST(Subprocess, AnAnswerThatTakesTooLongIsATimeoutAndIsNotLost) {
  Subprocess child = shell("printf par; sleep 0.3; echo tial");
  EXPECT_EQ(child.read_line(milliseconds(20)).status().code(), ErrorCode::kTimeout);
  EXPECT_EQ(child.read_line(seconds(10)).value(), "partial");
  EXPECT_EQ(child.read_line(seconds(10)).status().code(), ErrorCode::kUnavailable);
}

TEST(Subprocess, TheWayItEndedIsToldByNameWithItsLastErrorLines) {
  Subprocess child = shell("echo one >&2; echo two >&2; echo three >&2; kill -SEGV $$");
  const ExitState exit = child.finish(seconds(10));
  EXPECT_TRUE(exit.signalled);
  EXPECT_EQ(describe(exit), "SIGSEGV (Segmentation fault)");
  EXPECT_EQ(child.error_tail(2), "two\nthree");
  EXPECT_EQ(child.error_tail(99), "one\ntwo\nthree");
  Subprocess orderly = shell("exit 7");
  EXPECT_EQ(describe(orderly.finish(seconds(10))), "exit code 7");
}

TEST(Subprocess, AHangingChildIsKilledAfterItsGrace) {
  Subprocess child = shell("trap '' TERM; sleep 1000");
  EXPECT_EQ(describe(child.finish(milliseconds(50))), "SIGKILL (Killed)");
}

TEST(Subprocess, WritingToADeadChildIsAnErrorNotASignal) {
  Subprocess child = shell("exit 0");
  child.finish(seconds(10));
  EXPECT_EQ(child.write_line("anyone?").code(), ErrorCode::kUnavailable);
}

TEST(Subprocess, APausedChildUsesNoCpuUntilItIsResumed) {
  Subprocess child = shell("echo ready; while :; do :; done");
  ASSERT_TRUE(child.read_line(seconds(10)).ok());
  child.pause();
  while (state_of(child.pid()) == 'R') std::this_thread::yield();
  EXPECT_EQ(state_of(child.pid()), 'T');
  child.resume();
  while (state_of(child.pid()) == 'T') std::this_thread::yield();
  EXPECT_EQ(state_of(child.pid()), 'R');
}

TEST(Subprocess, AMissingProgramIsAnErrorThatNamesIt) {
  const Result<Subprocess> child = Subprocess::start({{"/no/such/program"}, {}});
  ASSERT_FALSE(child.ok());
  EXPECT_THAT(child.status().message(), testing::HasSubstr("/no/such/program"));
}

TEST(Subprocess, AChildHasTheDescriptorsThatItWasGivenUnderItsOwnNumbers) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  Descriptor read_end(ends[0]);
  Descriptor write_end(ends[1]);
  const int number_in_use = read_end.get();
  Result<Subprocess> child = Subprocess::start(
      {{"/bin/sh", "-c", fmt::format("echo far >&{}; echo near; echo loud >&2", number_in_use)},
       {},
       {{write_end.get(), number_in_use}, {write_end.get(), STDERR_FILENO}}});
  ASSERT_TRUE(child.ok()) << child.status().message();
  write_end.reset();
  EXPECT_EQ(child->read_line(seconds(10)).value(), "near");
  child->finish(seconds(10));
  char text[32] = {};
  const ssize_t count = read(read_end.get(), text, sizeof text);
  EXPECT_EQ(std::string_view(text, static_cast<size_t>(std::max<ssize_t>(0, count))), "far\nloud\n");
  EXPECT_EQ(child->error_tail(10), "");
}

TEST(Subprocess, ItLivesInItsOwnProcessGroupSoThatCtrlCDoesNotReachIt) {
  Subprocess child = shell("echo up; sleep 1000");
  ASSERT_TRUE(child.read_line(seconds(10)).ok());
  EXPECT_EQ(getpgid(child.pid()), child.pid());
}

}  // namespace
}  // namespace ridgeline
