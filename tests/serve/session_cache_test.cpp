// What an instance's sessions hold, with engines whose sessions share weights and with others.

#include "serve/backends/session_cache.h"

#include <gtest/gtest.h>

#include "config_text.h"
#include "engine/null/null_engine.h"

namespace ridgeline::serve {
namespace {

constexpr int64_t kWeights = 100'000, kArenaOfARow = 10;

class WeighingSession final : public Session {
 public:
  WeighingSession(std::unique_ptr<Session> inner, int64_t shared_bytes)
      : inner_(std::move(inner)), shared_bytes_(shared_bytes) {}

  const Signature& signature() const override { return inner_->signature(); }
  Status run(std::span<const TensorView> in, std::span<TensorView> out) override {
    return inner_->run(in, out);
  }
  Result<std::vector<OpTime>> profile(std::span<const TensorView> in, int iterations) override {
    return inner_->profile(in, iterations);
  }
  MemoryUse memory() const override {
    const int64_t rows = (*signature().inputs[0].type.shape)[0];
    return {.weights_bytes = kWeights, .shared_bytes = shared_bytes_, .arena_bytes = rows * kArenaOfARow};
  }

 private:
  std::unique_ptr<Session> inner_;
  int64_t shared_bytes_;
};

/// The null engine, whose sessions say that they hold kWeights, of these so many together.
class WeighingEngine final : public Engine {
 public:
  explicit WeighingEngine(int64_t shared_bytes) : shared_bytes_(shared_bytes) {}

  std::string_view name() const override { return inner_->name(); }
  std::string version() const override { return inner_->version(); }
  Capabilities probe() const override { return inner_->probe(); }
  Status supports(const Graph& graph, const SessionOptions& options) const override {
    return inner_->supports(graph, options);
  }
  Result<std::unique_ptr<Session>> compile(const Graph& graph, const SessionOptions& options) const override {
    ASSIGN_OR_RETURN(auto session, inner_->compile(graph, options));
    return std::unique_ptr<Session>(std::make_unique<WeighingSession>(std::move(session), shared_bytes_));
  }

 private:
  std::unique_ptr<Engine> inner_ = make_null_engine();
  int64_t shared_bytes_;
};

/// y = x, rows of any width, at most four.
std::shared_ptr<const EngineModel> model_on(const Engine& engine) {
  auto model = std::make_shared<EngineModel>();
  model->config = config_of(
      "max_batch_size: 4 input { name: \"x\" data_type: TYPE_FP32 dims: [ -1 ] }\n"
      "output { name: \"y\" data_type: TYPE_FP32 dims: [ -1 ] }");
  model->engine = &engine;
  model->graph.inputs = {{"x", {DType::kF32, Shape{-1, -1}}, {"n", "w"}}};
  model->graph.outputs = {{"y", {DType::kF32, Shape{-1, -1}}, {"n", "w"}}};
  model->graph.nodes = {{.name = "same", .op = "Identity", .inputs = {"x"}, .outputs = {"y"}}};
  return model;
}

/// Of rows of `width` floats in batches of 1, 2 and 4: inputs and values.
constexpr uint64_t values_of(uint64_t width) { return 7 * (kArenaOfARow + width * sizeof(float)); }

TEST(SessionCache, CountsWeightsThatSessionsShareOnce) {
  const WeighingEngine engine(kWeights);
  SessionCache sessions(model_on(engine), {.name = "m_0_0"});
  ASSERT_TRUE(sessions.warm_up({Shape{8}}).ok());
  EXPECT_EQ(sessions.memory(), (ModelMemory{kWeights, values_of(8)}));
  ASSERT_TRUE(sessions.warm_up({Shape{16}}).ok());
  EXPECT_EQ(sessions.memory(), (ModelMemory{kWeights, values_of(8) + values_of(16)}));
}

TEST(SessionCache, CountsWeightsOfEachSessionWhereNothingIsShared) {
  const WeighingEngine engine(0);
  SessionCache sessions(model_on(engine), {.name = "m_0_0"});
  ASSERT_TRUE(sessions.warm_up({Shape{8}}).ok());
  EXPECT_EQ(sessions.memory(), (ModelMemory{0, 3 * kWeights + values_of(8)}));
}

TEST(SessionCache, ForgetsTheMemoryOfSessionsThatItDrops) {
  const WeighingEngine engine(kWeights - 1);
  SessionCache sessions(model_on(engine), {.name = "m_0_0"});
  for (int64_t width = 1; width <= 40; ++width) ASSERT_TRUE(sessions.runs_for({Shape{width}}, 1).ok());
  uint64_t own = 0;  // the 16 sessions that were used last, each of one row
  for (uint64_t width = 25; width <= 40; ++width) own += 1 + kArenaOfARow + width * sizeof(float);
  EXPECT_EQ(sessions.memory(), (ModelMemory{kWeights - 1, own}));
}

TEST(SessionCache, KeepsTheShapesThatItWasWarmedUpFor) {
  const WeighingEngine engine(kWeights);
  SessionCache sessions(model_on(engine), {.name = "m_0_0"});
  uint64_t own = 0;  // 21 sessions that stay, and the 16 that were used last
  for (int64_t width = 101; width <= 107; ++width) {
    ASSERT_TRUE(sessions.warm_up({Shape{width}}).ok());
    own += values_of(static_cast<uint64_t>(width));
  }
  for (int64_t width = 1; width <= 40; ++width) ASSERT_TRUE(sessions.runs_for({Shape{width}}, 1).ok());
  for (uint64_t width = 25; width <= 40; ++width) own += kArenaOfARow + width * sizeof(float);
  EXPECT_EQ(sessions.memory(), (ModelMemory{kWeights, own}));
}

}  // namespace
}  // namespace ridgeline::serve
