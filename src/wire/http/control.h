#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

/// The bodies of requests that steer the server, and the settings they read and change. Errors have the code
/// and the words of Triton; an empty body is an empty object wherever Triton takes it so.
namespace ridgeline::wire::http {

/// POST v2/repository/index: whether only models that are ready are wanted.
Result<bool> decode_index_request(std::string_view body);

/// POST v2/repository/models/MODEL/load.
struct LoadRequest {
  std::optional<std::string> config;  ///< a configuration as JSON, in place of the model's own
  std::vector<std::pair<std::string, std::string>> files;  ///< path inside the model's folder, content
};
Result<LoadRequest> decode_load_request(std::string_view body);

/// POST v2/repository/models/MODEL/unload: whether the models of an ensemble go with it.
Result<bool> decode_unload_request(std::string_view body);

/// POST v2/systemsharedmemory/region/NAME/register.
struct RegisterRequest {
  std::string key;  ///< of the POSIX shared-memory object
  uint64_t offset = 0;
  uint64_t byte_size = 0;
};
Result<RegisterRequest> decode_register_request(std::string_view body);

/// v2/logging.
struct LogSettings {
  std::string file;
  bool info = true;
  bool warning = true;
  bool error = true;
  uint64_t verbose_level = 0;
  std::string format = "default";  ///< or ISO8601
};
std::string encode_log_settings(const LogSettings& settings);
/// Changes what the body names. Nothing changes where it is refused.
Status update_log_settings(std::string_view body, LogSettings& settings);

/// v2[/models/MODEL]/trace/setting.
struct TraceSettings {
  bool timestamps = false;  ///< the levels; neither: OFF
  bool tensors = false;
  uint32_t rate = 1000;
  int32_t count = -1;  ///< -1: no end
  uint32_t log_frequency = 0;
  std::string file;
  std::string mode = "triton";  ///< or opentelemetry, which has neither file nor log frequency
};
std::string encode_trace_settings(const TraceSettings& settings);
/// Changes what the body names; null takes the value of `defaults`. Nothing changes where it is refused.
Status update_trace_settings(std::string_view body, const TraceSettings& defaults, TraceSettings& settings);

}  // namespace ridgeline::wire::http
