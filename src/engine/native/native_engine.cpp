#include "engine/native/native_engine.h"

#include <algorithm>
#include <iterator>

#include "base/version.h"
#include "engine/native/sessions.h"

namespace ridgeline {
namespace {

constexpr Precision kPrecisions[] = {Precision::kFp32, Precision::kBf16, Precision::kBf16x3};

class NativeEngine final : public Engine {
 public:
  std::string_view name() const override { return "native"; }
  std::string version() const override { return std::string(kVersion); }
  Capabilities probe() const override {
    return {true, "", {{"cpu", true, "", {std::begin(kPrecisions), std::end(kPrecisions)}}}};
  }

  Status supports(const Graph& graph, const SessionOptions& options) const override {
    return compile(graph, options).status();
  }

  Result<std::unique_ptr<Session>> compile(const Graph& graph, const SessionOptions& options) const override {
    if (options.device != "cpu") return unsupported("native runs on the cpu only, not on {}", options.device);
    if (std::find(std::begin(kPrecisions), std::end(kPrecisions), options.precision) == std::end(kPrecisions))
      return unsupported("native computes fp32, bf16 and bf16x3, not {}",
                         ridgeline::name_of(options.precision));
    return options.mode == ThreadingMode::kLatency ? native::make_latency_session(graph, options)
                                                   : native::make_throughput_session(graph, options);
  }
};

}  // namespace

std::unique_ptr<Engine> make_native_engine() { return std::make_unique<NativeEngine>(); }

}  // namespace ridgeline
