#pragma once

#include <cstdio>
#include <fmt/format.h>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "wire/http/control.h"

namespace ridgeline::serve {

/// The server's log: lines in Triton's form, "I1121 17:04:05.123456 PID] text" or, with format ISO8601,
/// "2026-11-21T17:04:05Z I PID] text", in UTC. Written to standard error, or appended to the settings' file.
/// Thread-safe.
class Log {
 public:
  enum class Level : uint8_t { kInfo, kWarning, kError, kVerbose };

  wire::http::LogSettings settings() const;
  /// What takes effect from the next line on. kInvalidArgument, and nothing changes, where the file can't be
  /// opened.
  Status change(wire::http::LogSettings settings);

  /// `verbosity`: of kVerbose, the least verbose_level that shows the line.
  bool shows(Level level, uint64_t verbosity = 1) const;
  /// One line; line ends within `text` become spaces, so that clients cannot forge lines.
  void write(Level level, std::string_view text);

  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    put(Level::kInfo, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    put(Level::kWarning, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    put(Level::kError, format, std::forward<Args>(args)...);
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;

  template <typename... Args>
  void put(Level level, fmt::format_string<Args...> format, Args&&... args) {
    if (shows(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
  }

  mutable std::mutex mutex_;
  wire::http::LogSettings settings_;
  File file_;  ///< null: standard error
};

}  // namespace ridgeline::serve
