#pragma once

#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/status.h"
#include "serve/http/message.h"
#include "serve/time.h"

namespace ridgeline::serve::http {

/// A line of JSON for each request: when it was whole (UTC), its method, path and model, the status and bytes
/// of its answer, and the microseconds from one to the other. Status 499 is a client that went before its
/// answer. Thread-safe; lines are written by a thread of the log's own, a tenth of a second late at most.
class AccessLog : public std::enable_shared_from_this<AccessLog> {
 public:
  /// Appends to the file; "-" is standard output. kInvalidArgument naming a file that can't be opened.
  static Result<std::shared_ptr<AccessLog>> open(const std::string& path);
  ~AccessLog();  ///< writes what is left
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  /// A reply that logs the request when it is answered.
  Reply logged(const Request& request, std::string_view model, TimePoint received, Reply reply);

 private:
  class Entry;
  explicit AccessLog(std::FILE* file);
  void put(std::string line);
  void write_lines();

  std::FILE* file_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string lines_;
  bool is_ending_ = false;
  std::thread writer_;
};

}  // namespace ridgeline::serve::http
