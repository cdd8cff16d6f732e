// Steps joined over bands of rows against the same steps one after the other.

#include <algorithm>
#include <array>
#include <cmath>
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "engine/native/plan.h"
#include "engine/native/profile.h"
#include "graph/zoo/zoo.h"

namespace ridgeline::native {
namespace {

using Ints = std::vector<int64_t>;

/// A chain of convolutions and pools by chance.
class ChainMaker {
 public:
  ChainMaker(uint64_t seed, int64_t side) : rng_(seed), side_(side) {}

  Graph make() {
    shape_ = {1 + below(3), below(2) == 0 ? 3 : 16 * (1 + below(3)), side_ + below(30), side_ + below(30)};
    graph_.inputs = {{"input", {DType::kF32, shape_}, {}}};
    const int64_t links = 3 + below(5);
    for (int64_t i = 0; i < links; ++i) add_link(i == 0 ? Kind::kDense : static_cast<Kind>(below(3)));
    graph_.outputs = {{value_, {DType::kF32, std::nullopt}, {}}};
    return graph_;
  }

 private:
  enum class Kind { kDense, kDepthwise, kPool };

  int64_t below(uint64_t bound) { return static_cast<int64_t>(rng_.below(bound)); }

  std::string constant(const Shape& shape) {
    Tensor tensor = Tensor::zeros(DType::kF32, shape).value();
    const double scale =
        std::sqrt(static_cast<double>(shape[0]) / static_cast<double>(shape.element_count()));
    for (float& element : tensor.as<float>()) element = static_cast<float>(rng_.normal() * scale);
    const std::string name = "c" + std::to_string(graph_.initializers.size());
    graph_.initializers[name] = tensor;
    return name;
  }

  /// Sets the shape that the window leaves.
  std::map<std::string, Attribute> window() {
    const bool is_small = std::min(shape_[2], shape_[3]) < 5;
    const int64_t kernel = is_small ? 1 : std::array{1, 3, 3, 5}[static_cast<size_t>(below(4))];
    const int64_t stride = shape_[2] > 12 && shape_[3] > 12 ? 1 + below(2) : 1;
    Ints pads(4, kernel / 2);
    if (kernel > 1)
      for (int64_t& pad : pads) pad = std::max(pad - below(2), int64_t{0});
    for (const size_t axis : {0, 1})
      shape_[axis + 2] = (shape_[axis + 2] + pads[axis] + pads[axis + 2] - kernel) / stride + 1;
    return {{"pads", pads}, {"kernel_shape", Ints(2, kernel)}, {"strides", Ints(2, stride)}};
  }

  void add_link(Kind kind) {
    auto attributes = window();
    const int64_t kernel = std::get<Ints>(attributes["kernel_shape"])[0];
    std::vector<std::string> inputs = {value_};
    if (kind == Kind::kDepthwise) attributes["group"] = shape_[1];
    if (kind != Kind::kPool) {
      const int64_t terms = kind == Kind::kDense ? shape_[1] : 1;
      if (kind == Kind::kDense) shape_[1] = 5 + below(60);
      inputs.push_back(constant({shape_[1], terms, kernel, kernel}));
      inputs.push_back(constant({shape_[1]}));
    }
    value_ = "v" + std::to_string(graph_.nodes.size());
    graph_.nodes.push_back({.name = value_ + ".node",
                            .op = kind == Kind::kPool ? "MaxPool" : "Conv",
                            .inputs = std::move(inputs),
                            .outputs = {value_},
                            .attributes = std::move(attributes)});
  }

  Rng rng_;
  int64_t side_;
  Graph graph_;
  Shape shape_;
  std::string value_ = "input";
};

constexpr ChainLimits kNeverJoined{.in_caches = int64_t{1} << 40};

bool has_blocks() {
  const CpuFeatures cpu = usable_cpu_features().value();
  return cpu.avx2 && cpu.fma;
}

std::vector<float> output_of(Plan& plan, const Tensor& image, int threads) {
  ThreadPool pool(threads);
  const std::array in = {image.view()};
  EXPECT_TRUE(plan.run(in, pool).ok());
  const auto values = plan.slots[plan.outputs[0]].as<float>();
  return {values.begin(), values.end()};
}

int joined_steps(const Plan& plan) {
  return static_cast<int>(std::count_if(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    return step.op.find('+') != std::string::npos;
  }));
}

TEST(Chains, GiveWhatTheirStepsGiveOneAfterTheOther) {
  int joined = 0;
  for (uint64_t seed = 0; seed < 150; ++seed) {
    const Graph graph = ChainMaker(seed, 9).make();
    Tensor image = Tensor::zeros(DType::kF32, *graph.inputs[0].type.shape).value();
    Rng rng(seed);
    for (float& element : image.as<float>()) element = static_cast<float>(rng.normal());
    const int threads = 1 + static_cast<int>(seed % 3);
    const ChainLimits small_bands{.in_caches = 0, .held = static_cast<int64_t>(1000 + 4000 * (seed % 50))};
    Result<Plan> apart = make_plan(graph, {.threads = threads, .chains = kNeverJoined}),
                 chained = make_plan(graph, {.threads = threads, .chains = small_bands});
    ASSERT_TRUE(apart.ok() && chained.ok()) << apart.status().message();
    EXPECT_EQ(joined_steps(*apart), 0);
    joined += joined_steps(*chained);
    const std::vector<float> want = output_of(*apart, image, threads);
    for (int again = 0; again < 2; ++again) {
      const std::vector<float> got = output_of(*chained, image, threads);
      for (size_t i = 0; i < want.size(); ++i)
        ASSERT_NEAR(got[i], want[i], 2e-5) << "of graph " << seed << " at " << i;
    }
  }
  if (has_blocks()) {
    EXPECT_GT(joined, 75);
  }
}

TEST(Chains, NeedLessMemoryThanWhatLiesBetweenTheirSteps) {
  if (!has_blocks()) GTEST_SKIP() << "no kernels for blocks of channels on this CPU";
  const Graph graph = zoo::make("mobilenet_v2", {.image_size = 96}).value();
  PlanOptions options{.input_shapes = {{graph.inputs[0].name, {1, 3, 96, 96}}}, .chains = kNeverJoined};
  const Result<Plan> apart = make_plan(graph, options);
  options.chains = {.in_caches = 0, .held = 16000};
  const Result<Plan> chained = make_plan(graph, options);
  ASSERT_TRUE(apart.ok() && chained.ok());
  ASSERT_GT(joined_steps(*chained), 0);
  EXPECT_LT(chained->arena.byte_size(), apart->arena.byte_size());
}

TEST(Chains, AreProfiledStepByStep) {
  const Graph graph = ChainMaker(5, 20).make();
  Result<Plan> apart = make_plan(graph, {.threads = 2, .chains = kNeverJoined}),
               chained = make_plan(graph, {.threads = 2, .chains = {.in_caches = 0, .held = 4000}});
  ASSERT_TRUE(apart.ok() && chained.ok());
  if (has_blocks()) {
    ASSERT_GT(joined_steps(*chained), 0);
  }
  const Tensor image = Tensor::zeros(DType::kF32, *graph.inputs[0].type.shape).value();
  const std::array in = {image.view()};
  ThreadPool pool(2);
  const auto want = profile_plan(*apart, in, pool, 1).value(),
             got = profile_plan(*chained, in, pool, 2).value();
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(got[i].name, want[i].name);
    EXPECT_EQ(got[i].kernel, want[i].kernel);
    EXPECT_GT(got[i].mean_us, 0) << got[i].name;
  }
}

}  // namespace
}  // namespace ridgeline::native
