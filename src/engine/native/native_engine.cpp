#include "engine/native/native_engine.h"

#include <chrono>

#include "base/version.h"
#include "engine/call_check.h"
#include "engine/native/plan.h"

namespace ridgeline {
namespace {

using native::Plan;
using native::Step;

class NativeSession final : public Session {
 public:
  NativeSession(Plan plan, int threads) : plan_(std::move(plan)), pool_(threads) {}

  const Signature& signature() const override { return plan_.signature; }

  Status run(std::span<const TensorView> in, std::span<TensorView> out) override {
    RETURN_IF_ERROR(check_call(plan_.signature, in, out));
    for (size_t i = 0; i < in.size(); ++i) plan_.slots[plan_.inputs[i]].data = in[i].data;
    for (const Step& step : plan_.steps) RETURN_IF_ERROR(step.run(plan_.slots, pool_));
    for (size_t i = 0; i < out.size(); ++i) {
      const TensorView& result = plan_.slots[plan_.outputs[i]];
      if (out[i].data == nullptr)
        out[i] = result;
      else
        std::copy_n(result.data, result.byte_size(), out[i].data);
    }
    return {};
  }

  Result<std::vector<OpTime>> profile(std::span<const TensorView> in, int iterations) override {
    using Clock = std::chrono::steady_clock;
    RETURN_IF_ERROR(check_inputs(plan_.signature, in));
    for (size_t i = 0; i < in.size(); ++i) plan_.slots[plan_.inputs[i]].data = in[i].data;
    std::vector<OpTime> times;
    for (const Step& step : plan_.steps) times.push_back({step.name, step.op, step.kernel, 0});
    for (int i = 0; i < iterations; ++i) {
      for (size_t s = 0; s < plan_.steps.size(); ++s) {
        const auto start = Clock::now();
        RETURN_IF_ERROR(plan_.steps[s].run(plan_.slots, pool_));
        times[s].mean_us +=
            std::chrono::duration<double, std::micro>(Clock::now() - start).count() / iterations;
      }
    }
    return times;
  }

  MemoryUse memory() const override {
    MemoryUse use{0, static_cast<int64_t>(plan_.arena.byte_size())};
    for (const Tensor& tensor : plan_.constants)
      use.weights_bytes += static_cast<int64_t>(tensor.byte_size());
    return use;
  }

 private:
  Plan plan_;
  ThreadPool pool_;
};

class NativeEngine final : public Engine {
 public:
  std::string_view name() const override { return "native"; }
  std::string version() const override { return std::string(kVersion); }
  Capabilities probe() const override { return {true, "", {{"cpu", true, "", {Precision::kFp32}}}}; }

  Status supports(const Graph& graph, const SessionOptions& options) const override {
    RETURN_IF_ERROR(check_options(options));
    return native::make_plan(graph, options.input_shapes).status();
  }

  Result<std::unique_ptr<Session>> compile(const Graph& graph, const SessionOptions& options) const override {
    RETURN_IF_ERROR(check_options(options));
    ASSIGN_OR_RETURN(Plan plan, native::make_plan(graph, options.input_shapes));
    return std::unique_ptr<Session>(
        std::make_unique<NativeSession>(std::move(plan), std::max(1, options.threads)));
  }

 private:
  static Status check_options(const SessionOptions& options) {
    if (options.device != "cpu") return unsupported("native runs on the cpu only, not on {}", options.device);
    if (options.precision != Precision::kFp32)
      return unsupported("native computes fp32 only, not {}", ridgeline::name_of(options.precision));
    if (options.mode != ThreadingMode::kLatency)
      return unsupported("native has no throughput mode; ask for latency");
    return {};
  }
};

}  // namespace

std::unique_ptr<Engine> make_native_engine() { return std::make_unique<NativeEngine>(); }

}  // namespace ridgeline
