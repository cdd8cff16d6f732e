#include "serve/process/child_output.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace ridgeline::serve {
namespace {

constexpr size_t kLinesKept = 20;
constexpr size_t kLongestLine = 16 << 10;

}  // namespace

Result<ChildOutput> ChildOutput::create(std::string name, std::shared_ptr<Log> log) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return unavailable("cannot read what a process says: {}", std::strerror(errno));
  ChildOutput output;
  output.name_ = std::move(name);
  output.log_ = std::move(log);
  output.read_.reset(ends[0]);
  output.write_.reset(ends[1]);
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return output;
}

bool ChildOutput::read() {
  std::array<char, 8192> buffer{};
  ssize_t count = 0;
  do count = ::read(read_.get(), buffer.data(), buffer.size());
  while (count < 0 && errno == EINTR);
  if (count < 0 && errno == EAGAIN) return false;
  at_end_ = count <= 0;
  unfinished_.append(buffer.data(), static_cast<size_t>(std::max<ssize_t>(0, count)));
  size_t begin = 0;
  for (size_t end = 0; (end = unfinished_.find('\n', begin)) != std::string::npos; begin = end + 1)
    line(std::string_view(unfinished_).substr(begin, end - begin));
  unfinished_.erase(0, begin);
  if (unfinished_.size() > kLongestLine || (at_end_ && !unfinished_.empty())) {
    line(unfinished_);
    unfinished_.clear();
  }
  return !at_end_;
}

void ChildOutput::line(std::string_view text) {
  if (log_) log_->info("{}: {}", name_, text);
  last_.emplace_back(text);
  if (last_.size() > kLinesKept) last_.pop_front();
}

std::string ChildOutput::tail() const {
  std::string text;
  for (const std::string& each : last_) text += (text.empty() ? "" : "\n") + each;
  return text;
}

}  // namespace ridgeline::serve
