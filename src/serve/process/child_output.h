#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "base/descriptor.h"
#include "base/status.h"
#include "serve/observe/log.h"

namespace ridgeline::serve {

/// What a child writes to its standard output and error: each line goes to the log, with the child's name
/// before it, and the last few are kept for whoever asks why it ended.
class ChildOutput {
 public:
  /// `log` may be null.
  static Result<ChildOutput> create(std::string name, std::shared_ptr<Log> log);

  int descriptor() const { return read_.get(); }
  /// The end for the child; released once it has been started.
  int child_descriptor() const { return write_.get(); }
  void started() { write_.reset(); }
  /// Takes what is there without waiting. False when there is nothing more for now.
  bool read();
  /// Nobody can write any more.
  bool at_end() const { return at_end_; }
  /// The last lines, one after another.
  std::string tail() const;

 private:
  ChildOutput() = default;
  void line(std::string_view text);

  std::string name_;
  std::shared_ptr<Log> log_;
  Descriptor read_;
  Descriptor write_;
  bool at_end_ = false;
  std::string unfinished_;
  std::deque<std::string> last_;
};

}  // namespace ridgeline::serve
