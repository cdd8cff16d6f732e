// Where a plan's values lie in its arena.

#include "engine/native/layout.h"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "base/rng.h"

namespace ridgeline::native {
namespace {

TEST(Layout, BuffersThatLiveTogetherNeverShareAByte) {
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Lifetime> buffers;
    for (size_t i = 0; i < 30; ++i) buffers.push_back({rng.next() % 5000, i, i + rng.next() % 10});
    const Layout layout = lay_out(buffers);
    size_t sum = 0;
    for (size_t i = 0; i < buffers.size(); ++i) {
      sum += (buffers[i].bytes + 63) / 64 * 64;
      EXPECT_EQ(layout.offsets[i] % 64, 0U);
      EXPECT_LE(layout.offsets[i] + buffers[i].bytes, layout.total);
      for (size_t j = 0; j < i; ++j) {
        const bool together = buffers[j].first <= buffers[i].last && buffers[i].first <= buffers[j].last;
        const bool apart = layout.offsets[i] + buffers[i].bytes <= layout.offsets[j] ||
                           layout.offsets[j] + buffers[j].bytes <= layout.offsets[i];
        EXPECT_TRUE(!together || apart);
      }
    }
    EXPECT_LT(layout.total, sum);
  }
}

struct Options {
  std::string residual = "r";
  std::vector<std::string> more_outputs{};
};

/// r = conv(input), s = conv(r), y = relu(conv(`last_input`) + residual), 1x1 from 32 to 32 channels.
class Residual {
 public:
  explicit Residual(const std::string& last_input, const Options& options = {}) {
    graph_.inputs = {{"input", {DType::kF32, Shape{1, 32, 9, 9}}, {}}};
    for (float& element : image_.as<float>()) element = static_cast<float>(rng_.normal());
    add("Conv", {"input", constant()}, "r");
    add("Conv", {"r", constant()}, "s");
    add("Conv", {last_input, constant()}, "t");
    add("Add", {"t", options.residual}, "sum");
    add("Relu", {"sum"}, "y");
    graph_.outputs = {{"y", {DType::kF32, std::nullopt}, {}}};
    for (const std::string& name : options.more_outputs)
      graph_.outputs.push_back({name, {DType::kF32, std::nullopt}, {}});
    plan_ = make_plan(graph_, {.threads = 2}).value();
  }

  /// Whether the last convolution writes to where its residual lies.
  bool is_replaced() const {
    for (const Step& step : plan_.steps)
      if (step.replaced && step.op == "FusedConv")
        return plan_.slots[step.out[0]].data == plan_.slots[*step.replaced].data;
    return false;
  }

  std::vector<float> image() const {
    const auto values = image_.as<float>();
    return {values.begin(), values.end()};
  }

  std::vector<float> outputs() {
    ThreadPool pool(2);
    const std::array in = {image_.view()};
    for (int again = 0; again < 2; ++again) EXPECT_TRUE(plan_.run(in, pool).ok());
    const auto values = plan_.slots[plan_.outputs[0]].as<float>();
    return {values.begin(), values.end()};
  }

 private:
  std::string constant() {
    Tensor weights = Tensor::zeros(DType::kF32, {32, 32, 1, 1}).value();
    for (float& element : weights.as<float>()) element = static_cast<float>(rng_.normal());
    const std::string name = "w" + std::to_string(graph_.initializers.size());
    graph_.initializers[name] = weights;
    return name;
  }

  void add(const std::string& op, const std::vector<std::string>& inputs, const std::string& output) {
    graph_.nodes.push_back({.name = output, .op = op, .inputs = inputs, .outputs = {output}});
  }

  Rng rng_{11};
  Tensor image_ = Tensor::zeros(DType::kF32, {1, 32, 9, 9}).value();
  Graph graph_;
  Plan plan_;
};

TEST(Layout, AResultLiesOverAResidualThatNobodyReadsAgain) {
  if (!usable_cpu_features()->avx2) GTEST_SKIP() << "this CPU has no kernel that replaces a residual";
  Residual alone("s"), read_again("s", {.more_outputs = {"r"}});
  EXPECT_TRUE(alone.is_replaced());
  EXPECT_FALSE(read_again.is_replaced());
  EXPECT_EQ(alone.outputs(), read_again.outputs());
}

TEST(Layout, AResultLiesBesideAResidualThatIsTheLayersInputToo) {
  Residual twice("r"), read_again("r", {.more_outputs = {"r"}});
  EXPECT_FALSE(twice.is_replaced());
  EXPECT_EQ(twice.outputs(), read_again.outputs());
}

TEST(Layout, TheCallersResidualStaysAsItIs) {
  Residual of_input("s", {.residual = "input"});
  const std::vector<float> before = of_input.image();
  of_input.outputs();
  EXPECT_EQ(of_input.image(), before);
}

}  // namespace
}  // namespace ridgeline::native
