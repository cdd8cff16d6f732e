#pragma once

// The library is initialised by hand: an installation that is too old answers instead of crashing at load.
#define ORT_API_MANUAL_INIT
#include <onnxruntime_cxx_api.h>
#include <optional>
#include <string>
#include <type_traits>

#include "base/status.h"
#include "engine/engine.h"
#include "engine/plugin/plugin_engine.h"

namespace ridgeline::ort {

/// Which execution providers an engine of this library puts before the CPU's.
enum class Flavor { kDefault, kTensorRt };

/// ONNX Runtime's type as ours; nullopt for strings, complex and the 8-bit floats.
std::optional<DType> dtype_from(ONNXTensorElementDataType type);
ONNXTensorElementDataType to_ort(DType dtype);

/// One line, with a code that says whether the model, the build or the library is at fault.
Status to_status(const Ort::Exception& error);

/// Runs `work`, which returns a Status or Result; what ONNX Runtime throws becomes its error.
template <typename Work>
auto guarded(Work work) -> std::invoke_result_t<Work> {
  try {
    return work();
  } catch (const Ort::Exception& error) {
    return to_status(error);
  }
}

/// Session options for `options`: `threads` threads inside an operator (the calling one included; the others
/// spin between operators, as ONNX Runtime does by default), one operator at a time, all graph optimizations,
/// providers by device and flavor. kUnavailable when a provider's library does not load.
Result<Ort::SessionOptions> make_session_options(const plugin::Model& model, const SessionOptions& options,
                                                 Flavor flavor);

/// N of "cuda:N"; nullopt for "cpu" and anything else.
std::optional<int> cuda_index(const std::string& device);

/// Ok when the provider of `flavor` for GPU 0 is in the library and its own libraries load.
Status probe_gpu(Flavor flavor);

/// From the model's file when it keeps weights in others beside it, else from its bytes.
Result<Ort::Session> make_session(const Ort::Env& env, const plugin::Model& model,
                                  const Ort::SessionOptions& options);

}  // namespace ridgeline::ort
