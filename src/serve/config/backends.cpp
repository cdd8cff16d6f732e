#include "serve/config/backends.h"

#include <algorithm>
#include <array>

namespace ridgeline::serve {
namespace {

constexpr std::string_view kConvert =
    "is not served here: export the model to ONNX and use backend \"onnxruntime\"";

constexpr std::array kBackends = {
    KnownBackend{"tensorrt", "tensorrt_plan", "model.plan", 1, kConvert},
    KnownBackend{"onnxruntime", "onnxruntime_onnx", "model.onnx", 2, ""},
    KnownBackend{"openvino", "", "model.xml", 1, ""},
    KnownBackend{"pytorch", "pytorch_libtorch", "model.pt", 1, ""},
    KnownBackend{"torch_aoti", "torch_aoti", "model.pt2", 1, kConvert},
    KnownBackend{"python", "", "model.py", 1, ""},
    KnownBackend{"tensorflow", "tensorflow_savedmodel", "model.savedmodel", 2, kConvert},
    KnownBackend{"ridgeline", "", "model.onnx", 1, ""},
    KnownBackend{"image", "", "", 1, ""},
};

}  // namespace

std::span<const KnownBackend> known_backends() { return kBackends; }

const KnownBackend* known_backend(std::string_view name) {
  const auto* found = std::ranges::find(kBackends, name, &KnownBackend::name);
  return found == kBackends.end() ? nullptr : found;
}

}  // namespace ridgeline::serve
