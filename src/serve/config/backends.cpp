#include "serve/config/backends.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace ridgeline::serve {
namespace {

constexpr std::string_view kConvert =
    "is not served here: export the model to ONNX and use backend \"onnxruntime\"";

constexpr std::array kBackends = {
    KnownBackend{"tensorrt", "tensorrt_plan", "model.plan", 1, kConvert, ""},
    KnownBackend{"onnxruntime", "onnxruntime_onnx", "model.onnx", 2, "", "intra_op_thread_count"},
    KnownBackend{"openvino", "", "model.xml", 1, "", "INFERENCE_NUM_THREADS"},
    KnownBackend{"pytorch", "pytorch_libtorch", "model.pt", 1, "", "INTRA_OP_THREAD_COUNT"},
    KnownBackend{"torch_aoti", "torch_aoti", "model.pt2", 1, kConvert, ""},
    KnownBackend{"python", "", "model.py", 1, "", "", CoreUse::kOne, true, true},
    KnownBackend{"tensorflow", "tensorflow_savedmodel", "model.savedmodel", 2, kConvert, ""},
    KnownBackend{"ridgeline", "", "model.onnx", 1, "", kThreadsKey},
    KnownBackend{"image", "", "", 1, "", "", CoreUse::kNone},
    KnownBackend{"identity", "", "", 1, "", "", CoreUse::kNone},
};

}  // namespace

std::span<const KnownBackend> known_backends() { return kBackends; }

const KnownBackend* known_backend(std::string_view name) {
  const auto* found = std::ranges::find(kBackends, name, &KnownBackend::name);
  return found == kBackends.end() ? nullptr : found;
}

Result<Isolation> isolation_asked(const ModelConfig& config) {
  const KnownBackend* backend = known_backend(config.backend);
  const auto found = config.parameters.find(std::string(kIsolationKey));
  const bool is_models_own = backend != nullptr && backend->has_process;
  if (found == config.parameters.end() || is_models_own || found->second == "thread")
    return Isolation::kThread;
  if (found->second == "process") return Isolation::kProcess;
  return invalid_argument(
      "parameter '{}' is '{}': it is \"thread\", or \"process\" for instances in processes of their own",
      kIsolationKey, found->second);
}

Result<std::optional<int>> threads_asked(const ModelConfig& config) {
  const KnownBackend* backend = known_backend(config.backend);
  if (backend == nullptr || backend->threads_key.empty()) return std::optional<int>();
  auto found = config.parameters.find(std::string(backend->threads_key));
  if (found == config.parameters.end()) found = config.parameters.find(std::string(kThreadsKey));
  if (found == config.parameters.end()) return std::optional<int>();
  const auto& [key, text] = *found;
  int threads = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), threads);
  if (error != std::errc() || end != text.data() + text.size() || threads < 0)
    return invalid_argument("parameter '{}' is '{}': it is the number of threads of each instance, or 0", key,
                            text);
  return threads == 0 ? std::nullopt : std::optional(threads);
}

}  // namespace ridgeline::serve
