#pragma once

#include <exception>
#include <memory>
#include <new>
#include <openvino/openvino.hpp>
#include <optional>
#include <string>
#include <type_traits>

#include "engine/engine.h"
#include "engine/plugin/codec.h"
#include "engine/plugin/plugin_engine.h"

namespace ridgeline::ov_engine {

/// OpenVINO's type as ours; nullopt for strings, 4-bit and 8-bit floats and an undefined type.
std::optional<DType> dtype_from(const ov::element::Type& type);
ov::element::Type to_ov(DType dtype);

/// kUnknownDim for an open dimension; nullopt where the rank is open.
std::optional<Shape> shape_from(const ov::PartialShape& shape);

/// An error of the library on one line; kUnsupported where it says that an operation is not one of its.
Status to_status(ErrorCode code, const std::exception& error);

/// Runs `work`, which returns a Status or Result; what OpenVINO throws becomes an error of `code`.
template <typename Work>
auto guarded(ErrorCode code, Work work) -> std::invoke_result_t<Work> {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return out_of_memory("OpenVINO ran out of memory");
  } catch (const std::exception& error) {
    return to_status(code, error);
  }
}

/// Compiles for one stream of `threads` threads with the latency hint, computing in the options' precision;
/// nothing is cached on disk.
Result<ov::CompiledModel> compile_model(ov::Core& core, const std::shared_ptr<ov::Model>& model,
                                        const SessionOptions& options, bool profiling);

}  // namespace ridgeline::ov_engine
