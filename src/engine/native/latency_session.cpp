#include <algorithm>

#include "engine/call_check.h"
#include "engine/native/plan.h"
#include "engine/native/profile.h"
#include "engine/native/sessions.h"

namespace ridgeline::native {
namespace {

class LatencySession final : public PlannedSession {
 public:
  LatencySession(Plan plan, std::shared_ptr<ThreadPool> pool)
      : plan_(std::move(plan)), pool_(std::move(pool)) {}

  const Signature& signature() const override { return plan_.signature; }

  Status run(std::span<const TensorView> in, std::span<TensorView> out) override {
    RETURN_IF_ERROR(check_call(plan_.signature, in, out));
    RETURN_IF_ERROR(plan_.run(in, *pool_));
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
    RETURN_IF_ERROR(check_inputs(plan_.signature, in));
    return profile_plan(plan_, in, *pool_, iterations);
  }

  void count(HeldMemory& held) const override { held.add(plan_); }

 private:
  Plan plan_;
  std::shared_ptr<ThreadPool> pool_;
};

}  // namespace

Result<std::unique_ptr<PlannedSession>> make_latency_session(const Graph& graph,
                                                             const SessionOptions& options,
                                                             const Compilation& compilation) {
  const int threads = std::max(1, options.threads);
  ASSIGN_OR_RETURN(Plan plan, make_plan(graph, {.input_shapes = options.input_shapes,
                                                .threads = threads,
                                                .precision = options.precision,
                                                .weights = &compilation.weights,
                                                .packing_threads = threads,
                                                .is_trial = compilation.is_trial}));
  auto pool = compilation.pool != nullptr ? compilation.pool : std::make_shared<ThreadPool>(threads);
  return std::unique_ptr<PlannedSession>(std::make_unique<LatencySession>(std::move(plan), std::move(pool)));
}

}  // namespace ridgeline::native
