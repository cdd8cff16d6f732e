#include "serve/config/backends.h"

#include <algorithm>
#include <array>

namespace ridgeline::serve {
namespace {

constexpr std::string_view kConvert =
    "is not served here: export the model to ONNX and use backend \"onnxruntime\"";

constexpr std::array kBackends = {
    Backend{"tensorrt", "tensorrt_plan", "model.plan", 1, kConvert},
    Backend{"onnxruntime", "onnxruntime_onnx", "model.onnx", 2, ""},
    Backend{"openvino", "", "model.xml", 1, ""},
    Backend{"pytorch", "pytorch_libtorch", "model.pt", 1, ""},
    Backend{"torch_aoti", "torch_aoti", "model.pt2", 1, kConvert},
    Backend{"python", "", "model.py", 1, ""},
    Backend{"tensorflow", "tensorflow_savedmodel", "model.savedmodel", 2, kConvert},
    Backend{"ridgeline", "", "model.onnx", 1, ""},
    Backend{"image", "", "", 1, ""},
};

}  // namespace

std::span<const Backend> backends() { return kBackends; }

const Backend* backend_named(std::string_view name) {
  const auto* found = std::ranges::find(kBackends, name, &Backend::name);
  return found == kBackends.end() ? nullptr : found;
}

}  // namespace ridgeline::serve
