#include "engine/native/native_engine.h"

#include <algorithm>
#include <iterator>

#include "base/version.h"
#include "engine/model_precision.h"
#include "engine/native/open_session.h"
#include "engine/native/sessions.h"

namespace ridgeline {
namespace {

constexpr Precision kPrecisions[] = {Precision::kFp32, Precision::kBf16, Precision::kBf16x3,
                                     Precision::kInt8};

Status check_precision(const Graph& graph, Precision precision) {
  if (std::find(std::begin(kPrecisions), std::end(kPrecisions), precision) == std::end(kPrecisions))
    return unsupported("native computes fp32, bf16, bf16x3 and int8, not {}", ridgeline::name_of(precision));
  if (precision != Precision::kInt8) return {};
  const Precision stored = stored_precision(graph);
  if (stored == Precision::kInt8) return {};
  return unsupported("int8 needs a quantized model (QuantizeLinear/DequantizeLinear); this one is {}",
                     ridgeline::name_of(stored));
}

/// Of packed weights in files: some dozens of models.
constexpr int64_t kMostFileBytes = int64_t{4} << 30;

std::optional<native::WeightFiles> files_of(const NativeOptions& options) {
  if (options.plan_folder.empty()) return std::nullopt;
  return native::WeightFiles(options.plan_folder, kMostFileBytes);
}

class NativeEngine final : public Engine {
 public:
  explicit NativeEngine(const NativeOptions& options)
      : weights_(std::make_shared<native::SharedWeights>(files_of(options))) {}

  std::string_view name() const override { return "native"; }
  std::string version() const override { return std::string(kVersion); }
  Capabilities probe() const override {
    return {true, "", {{"cpu", true, "", {std::begin(kPrecisions), std::end(kPrecisions)}}}};
  }

  Status supports(const Graph& graph, const SessionOptions& options) const override {
    RETURN_IF_ERROR(check(graph, options));
    if (native::has_open_inputs(graph, options))
      return native::make_open_session(graph, options, weights_).status();
    return native::make_session(graph, options, {.weights = *weights_, .is_trial = true}).status();
  }

  Result<std::unique_ptr<Session>> compile(const Graph& graph, const SessionOptions& options) const override {
    RETURN_IF_ERROR(check(graph, options));
    if (native::has_open_inputs(graph, options)) return native::make_open_session(graph, options, weights_);
    ASSIGN_OR_RETURN(auto session, native::make_session(graph, options, {.weights = *weights_}));
    return std::unique_ptr<Session>(std::move(session));
  }

 private:
  static Status check(const Graph& graph, const SessionOptions& options) {
    if (options.device != "cpu") return unsupported("native runs on the cpu only, not on {}", options.device);
    return check_precision(graph, options.precision);
  }

  std::shared_ptr<native::SharedWeights> weights_;
};

}  // namespace

std::unique_ptr<Engine> make_native_engine(const NativeOptions& options) {
  return std::make_unique<NativeEngine>(options);
}

}  // namespace ridgeline
