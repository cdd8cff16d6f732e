#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "engine/engine.h"
#include "tensor/tensor.h"

/// What the race and its workers say to each other: one JSON object per line. A request names its "op"; an
/// answer is
/// {"ok":{…}} or {"error":{"code":NAME,"message":…}}. Tensors travel in files, back to back.
namespace ridgeline::bench {

inline constexpr const char* kOpProbe = "probe";      ///< → {"engines":[{name, version, capabilities}]}
inline constexpr const char* kOpLoad = "load";        ///< LoadRequest → LoadReport
inline constexpr const char* kOpRun = "run";          ///< {"skip":n,"iterations":k} → {"times_us":[k]}
inline constexpr const char* kOpProfile = "profile";  ///< {"iterations":k} → {"ops":[…]}
inline constexpr const char* kOpMemory = "memory";    ///< → {"peak_bytes": over the base line}

/// Everything a worker needs to stand ready.
struct LoadRequest {
  std::string model;
  std::string engine;
  SessionOptions options;
  std::string inputs_path;   ///< written by write_tensors
  std::string outputs_path;  ///< where the first run's outputs go
};
Json to_json(const LoadRequest& request);
Result<LoadRequest> load_request_from_json(const Json& json);

/// How the first steps went.
struct LoadReport {
  double load_ms = 0;     ///< reading the model
  double compile_ms = 0;  ///< the engine's compile
  double first_ms = 0;    ///< the first run
};
Json to_json(const LoadReport& report);
Result<LoadReport> load_report_from_json(const Json& json);

Json error_answer(const Status& status);
/// The content of "ok", or the error that the answer holds.
Result<Json> read_answer(const std::string& line);

/// A file of tensors: a line of JSON that tells types and shapes, then the elements.
Status write_tensors(const std::string& path, std::span<const TensorView> tensors);
Result<std::vector<Tensor>> read_tensors(const std::string& path);

}  // namespace ridgeline::bench
