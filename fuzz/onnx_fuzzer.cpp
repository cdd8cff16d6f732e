#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "formats/onnx.h"
#include "graph/infer.h"

/// Any bytes are a model or a clear refusal; a model's types are inferred or refused, and what is written can
/// be read.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using ridgeline::formats::parse_onnx;
  const auto graph = parse_onnx(std::string(reinterpret_cast<const char*>(data), size), "fuzz.onnx");
  if (!graph.ok()) {
    if (!graph.status().message().starts_with("fuzz.onnx: ")) std::abort();
    return 0;
  }
  const auto types = ridgeline::infer_types(*graph);
  if (!types.ok() && types.status().message().empty()) std::abort();
  const auto written = ridgeline::formats::to_onnx(*graph);
  if (written.ok() && !parse_onnx(*written, "again.onnx").ok()) std::abort();
  return 0;
}
