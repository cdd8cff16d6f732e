#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/status.h"

namespace ridgeline {

struct SubprocessOptions {
  std::vector<std::string> arguments;  ///< the program's path first; no search in PATH
  std::vector<std::pair<std::string, std::string>> environment;  ///< set on top of ours
  /// What the child has open besides: our descriptor, and its number there; 0 to 2 take the place of its
  /// standard streams.
  std::vector<std::pair<int, int>> descriptors;
};

/// How a process ended.
struct ExitState {
  bool signalled = false;
  int code = 0;  ///< the signal's number when signalled, else the exit code
};
/// "exit code 3", "SIGSEGV (Segmentation fault)".
std::string describe(const ExitState& exit);

/// A child with which we speak in lines over its standard input and output; its standard error is kept for
/// the post-mortem. It leads a process group of its own (signals go to the whole group, Ctrl-C only to us),
/// and the kernel kills it when the thread that started it ends. Use one object from one thread at a time.
class Subprocess {
 public:
  static Result<Subprocess> start(const SubprocessOptions& options);
  Subprocess(Subprocess&& other) noexcept;
  Subprocess& operator=(Subprocess&& other) noexcept;
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;
  /// Kills and reaps a child that still runs.
  ~Subprocess();

  pid_t pid() const { return pid_; }
  /// Adds the line feed. kUnavailable when the child no longer reads.
  Status write_line(std::string_view line);
  /// The next line without its line feed. kTimeout when none came in time (nothing is lost: ask again),
  /// kUnavailable when the child has closed its output.
  Result<std::string> read_line(std::chrono::milliseconds timeout);
  /// The last `max_lines` lines of what the child wrote to standard error so far.
  std::string error_tail(size_t max_lines) const;
  /// SIGSTOP and SIGCONT: a paused child uses no CPU, whatever its threads were doing.
  void pause();
  void resume();
  /// Null while it runs.
  std::optional<ExitState> poll_exit();
  /// Waits up to `grace` for the child to end by itself, then kills it.
  ExitState finish(std::chrono::milliseconds grace);
  ExitState kill() { return finish(std::chrono::milliseconds(0)); }

 private:
  Subprocess() = default;
  void close_descriptors();

  pid_t pid_ = -1;
  int to_child_ = -1;
  int from_child_ = -1;
  int errors_ = -1;
  std::string unread_;
  std::optional<ExitState> exit_;
};

}  // namespace ridgeline
