#include "base/subprocess.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <span>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "base/descriptor.h"

extern "C" char** environ;

namespace ridgeline {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

struct Channels {
  Descriptor parent_input, child_input;    // a socket pair: writing to a dead child must not raise SIGPIPE
  Descriptor parent_output, child_output;  // a pipe
  Descriptor errors;                       // a file in memory
  Descriptor exec_status, child_exec_status;
  std::vector<std::pair<Descriptor, int>> more;  // copies of the caller's, above all numbers that a child has
};

/// A copy that no number of a child's can be equal to.
int copy_out_of_the_way(int descriptor) {
  constexpr int kAboveChildNumbers = 64;
  return fcntl(descriptor, F_DUPFD_CLOEXEC, kAboveChildNumbers);
}

Status open_channels(Channels& channels, std::span<const std::pair<int, int>> descriptors) {
  int pair[2];
  const auto fail = [] { return unavailable("cannot start a process: {}", std::strerror(errno)); };
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return fail();
  channels.parent_input.reset(pair[0]);
  channels.child_input.reset(pair[1]);
  if (pipe2(pair, O_CLOEXEC) != 0) return fail();
  channels.parent_output.reset(pair[0]);
  channels.child_output.reset(pair[1]);
  if (pipe2(pair, O_CLOEXEC) != 0) return fail();
  channels.exec_status.reset(pair[0]);
  channels.child_exec_status.reset(copy_out_of_the_way(pair[1]));
  close(pair[1]);
  if (channels.child_exec_status.get() < 0) return fail();
  for (const auto& [ours, number] : descriptors) {
    const auto& added = channels.more.emplace_back(copy_out_of_the_way(ours), number);
    if (added.first.get() < 0) return fail();
  }
  channels.errors.reset(memfd_create("stderr", MFD_CLOEXEC));
  if (channels.errors.get() < 0) return fail();
  fcntl(channels.errors.get(), F_SETFL, O_APPEND);
  return {};
}

std::vector<std::string> environment_with(const SubprocessOptions& options) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view existing = *entry;
    const std::string_view name = existing.substr(0, existing.find('='));
    const bool replaced = std::any_of(options.environment.begin(), options.environment.end(),
                                      [&](const auto& added) { return added.first == name; });
    if (!replaced) entries.emplace_back(existing);
  }
  for (const auto& [name, value] : options.environment) entries.push_back(name + "=" + value);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

/// Between fork and exec: async-signal-safe calls only, since other threads of ours may have held locks.
[[noreturn]] void become_child(const Channels& channels, char* const* arguments, char* const* environment,
                               pid_t parent) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  dup2(channels.child_input.get(), STDIN_FILENO);
  dup2(channels.child_output.get(), STDOUT_FILENO);
  dup2(channels.errors.get(), STDERR_FILENO);
  for (const auto& [ours, number] : channels.more) dup2(ours.get(), number);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE}) signal(number, SIG_DFL);
  execve(arguments[0], arguments, environment);
  const int reason = errno;
  [[maybe_unused]] const ssize_t written = write(channels.child_exec_status.get(), &reason, sizeof reason);
  _exit(127);
}

}  // namespace

std::string describe(const ExitState& exit) {
  if (!exit.signalled) return fmt::format("exit code {}", exit.code);
  const char* name = sigabbrev_np(exit.code);
  const char* meaning = sigdescr_np(exit.code);
  if (name == nullptr || meaning == nullptr) return fmt::format("signal {}", exit.code);
  return fmt::format("SIG{} ({})", name, meaning);
}

Result<Subprocess> Subprocess::start(const SubprocessOptions& options) {
  if (options.arguments.empty()) return invalid_argument("a process needs a program to run");
  Channels channels;
  RETURN_IF_ERROR(open_channels(channels, options.descriptors));
  std::vector<std::string> arguments = options.arguments;
  std::vector<std::string> environment = environment_with(options);
  const std::vector<char*> argument_pointers = pointers_to(arguments);
  const std::vector<char*> environment_pointers = pointers_to(environment);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return unavailable("cannot start {}: {}", options.arguments[0], std::strerror(errno));
  if (pid == 0) become_child(channels, argument_pointers.data(), environment_pointers.data(), parent);
  Subprocess child;
  child.pid_ = pid;
  channels.child_exec_status.reset();
  int reason = 0;
  ssize_t count = 0;
  do count = read(channels.exec_status.get(), &reason, sizeof reason);
  while (count < 0 && errno == EINTR);
  if (count > 0) return unavailable("cannot start {}: {}", options.arguments[0], std::strerror(reason));
  child.to_child_ = channels.parent_input.release();
  child.from_child_ = channels.parent_output.release();
  child.errors_ = channels.errors.release();
  return child;
}

Subprocess::Subprocess(Subprocess&& other) noexcept { *this = std::move(other); }

Subprocess& Subprocess::operator=(Subprocess&& other) noexcept {
  if (this == &other) return *this;
  if (pid_ > 0) kill();
  close_descriptors();
  pid_ = std::exchange(other.pid_, -1);
  to_child_ = std::exchange(other.to_child_, -1);
  from_child_ = std::exchange(other.from_child_, -1);
  errors_ = std::exchange(other.errors_, -1);
  unread_ = std::move(other.unread_);
  exit_ = std::exchange(other.exit_, std::nullopt);
  return *this;
}

Subprocess::~Subprocess() {
  if (pid_ > 0) kill();
  close_descriptors();
}

void Subprocess::close_descriptors() {
  for (int* descriptor : {&to_child_, &from_child_, &errors_})
    if (*descriptor >= 0) close(std::exchange(*descriptor, -1));
}

Status Subprocess::write_line(std::string_view line) {
  const std::string message = std::string(line) + "\n";
  for (size_t sent = 0; sent < message.size();) {
    const ssize_t count = send(to_child_, message.data() + sent, message.size() - sent, MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unavailable("the process no longer reads ({})", std::strerror(errno));
    sent += static_cast<size_t>(count);
  }
  return {};
}

Result<std::string> Subprocess::read_line(milliseconds timeout) {
  const auto deadline = Clock::now() + timeout;
  for (;;) {
    if (const size_t end = unread_.find('\n'); end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    pollfd waiting{from_child_, POLLIN, 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) return timed_out("no answer within {} ms", timeout.count());
    char buffer[65536];
    const ssize_t count = ready < 0 ? -1 : read(from_child_, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return unavailable("the process closed its output");
    unread_.append(buffer, static_cast<size_t>(count));
  }
}

std::string Subprocess::error_tail(size_t max_lines) const {
  constexpr off_t kMaxBytes = 8192;
  const off_t size = lseek(errors_, 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - kMaxBytes);
  std::string text(static_cast<size_t>(std::max<off_t>(0, size - from)), '\0');
  const ssize_t count = pread(errors_, text.data(), text.size(), from);
  text.resize(static_cast<size_t>(std::max<ssize_t>(0, count)));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  size_t start = text.size();
  for (size_t lines = 0; lines < max_lines && start != std::string::npos && start > 0; ++lines)
    start = text.rfind('\n', start - 1);
  if (start == std::string::npos || start == 0) return text;
  return text.substr(start + 1);
}

void Subprocess::pause() {
  if (!poll_exit()) ::kill(-pid_, SIGSTOP);
}

void Subprocess::resume() {
  if (!poll_exit()) ::kill(-pid_, SIGCONT);
}

std::optional<ExitState> Subprocess::poll_exit() {
  if (exit_ || pid_ <= 0) return exit_;
  int state = 0;
  if (waitpid(pid_, &state, WNOHANG) == pid_) {
    const bool signalled = WIFSIGNALED(state);
    exit_ = ExitState{signalled, signalled ? WTERMSIG(state) : WEXITSTATUS(state)};
  }
  return exit_;
}

ExitState Subprocess::finish(milliseconds grace) {
  const auto deadline = Clock::now() + grace;
  while (!poll_exit() && Clock::now() < deadline) std::this_thread::sleep_for(milliseconds(1));
  if (!exit_) {
    ::kill(-pid_, SIGKILL);
    while (!poll_exit()) std::this_thread::sleep_for(milliseconds(1));
  }
  return *exit_;
}

}  // namespace ridgeline
