#include "engine/native/native_engine.h"

#include "base/version.h"
#include "engine/native/sessions.h"

namespace ridgeline {
namespace {

class NativeEngine final : public Engine {
 public:
  std::string_view name() const override { return "native"; }
  std::string version() const override { return std::string(kVersion); }
  Capabilities probe() const override { return {true, "", {{"cpu", true, "", {Precision::kFp32}}}}; }

  Status supports(const Graph& graph, const SessionOptions& options) const override {
    return compile(graph, options).status();
  }

  Result<std::unique_ptr<Session>> compile(const Graph& graph, const SessionOptions& options) const override {
    if (options.device != "cpu") return unsupported("native runs on the cpu only, not on {}", options.device);
    if (options.precision != Precision::kFp32)
      return unsupported("native computes fp32 only, not {}", ridgeline::name_of(options.precision));
    return options.mode == ThreadingMode::kLatency ? native::make_latency_session(graph, options)
                                                   : native::make_throughput_session(graph, options);
  }
};

}  // namespace

std::unique_ptr<Engine> make_native_engine() { return std::make_unique<NativeEngine>(); }

}  // namespace ridgeline
