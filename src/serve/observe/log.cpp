#include "serve/observe/log.h"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <unistd.h>

namespace ridgeline::serve {
namespace {

char letter_of(Log::Level level) {
  switch (level) {
    case Log::Level::kWarning:
      return 'W';
    case Log::Level::kError:
      return 'E';
    default:
      return 'I';  // Triton writes verbose lines so too
  }
}

std::string head_of(Log::Level level, bool iso8601) {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  const auto micros = since.count() % 1'000'000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  if (iso8601)
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z {} {}] ", utc.tm_year + 1900, utc.tm_mon + 1,
                       utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, letter_of(level), getpid());
  return fmt::format("{}{:02}{:02} {:02}:{:02}:{:02}.{:06} {}] ", letter_of(level), utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, micros, getpid());
}

}  // namespace

wire::http::LogSettings Log::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

Status Log::change(wire::http::LogSettings settings) {
  const std::lock_guard lock(mutex_);
  if (settings.file != settings_.file) {
    File file(settings.file.empty() ? nullptr : std::fopen(settings.file.c_str(), "ae"));
    if (!file && !settings.file.empty())
      return invalid_argument("{}: the log file can't be opened for appending", settings.file);
    file_ = std::move(file);
  }
  settings_ = std::move(settings);
  return {};
}

bool Log::shows(Level level, uint64_t verbosity) const {
  const std::lock_guard lock(mutex_);
  switch (level) {
    case Level::kInfo:
      return settings_.info;
    case Level::kWarning:
      return settings_.warning;
    case Level::kError:
      return settings_.error;
    default:
      return settings_.verbose_level >= verbosity;
  }
}

void Log::write(Level level, std::string_view text) {
  const std::lock_guard lock(mutex_);
  std::string line = head_of(level, settings_.format == "ISO8601").append(text);
  std::ranges::replace_if(line, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  line.push_back('\n');
  std::FILE* const out = file_ ? file_.get() : stderr;
  std::fwrite(line.data(), 1, line.size(), out);
  std::fflush(out);
}

}  // namespace ridgeline::serve
