// Where images in blocks meet nodes that know planes alone: graphs by chance, with the fast kernels against
// the reference.

#include <array>
#include <cmath>
#include <cstdlib>
#include <gtest/gtest.h>
#include <map>

#include "base/rng.h"
#include "engine/registry.h"
#include "in_lines.h"

namespace ridgeline {
namespace {

constexpr int64_t kSide = 9;

/// Grows a graph value by value; all have the batch 2.
class GraphMaker {
 public:
  explicit GraphMaker(uint64_t seed) : rng_(seed) {
    graph_.inputs = {{"input", {DType::kF32, Shape{2, 3, kSide, kSide}}, {}}};
    values_ = {{"input", 3, kSide}};
    values_.push_back(conv(values_[0]));
  }

  Graph make() {
    for (int i = 0; i < 12; ++i) values_.push_back(grow());
    for (size_t i = values_.size() - 3; i < values_.size(); ++i)
      graph_.outputs.push_back({values_[i].name, {DType::kF32, std::nullopt}, {}});
    return graph_;
  }

 private:
  struct Value {
    std::string name;
    int64_t channels = 0;
    int64_t side = 0;
  };

  size_t below(size_t bound) { return static_cast<size_t>(rng_.below(bound)); }
  const Value& any() { return values_[below(values_.size())]; }

  std::string constant(const Shape& shape) {
    Tensor tensor = Tensor::zeros(DType::kF32, shape).value();
    const double scale =
        1 / std::sqrt(static_cast<double>(shape.element_count()) / static_cast<double>(shape[0]));
    for (float& element : tensor.as<float>()) element = static_cast<float>(rng_.normal() * scale);
    const std::string name = "c" + std::to_string(graph_.initializers.size());
    graph_.initializers[name] = tensor;
    return name;
  }

  using Attributes = std::map<std::string, Attribute>;

  Value add(std::string op, std::vector<std::string> inputs, Attributes attributes, int64_t channels,
            int64_t side) {
    const std::string name = "v" + std::to_string(graph_.nodes.size());
    graph_.nodes.push_back({.name = name + "." + op,
                            .op = std::move(op),
                            .inputs = std::move(inputs),
                            .outputs = {name},
                            .attributes = std::move(attributes)});
    return {name, channels, side};
  }

  Value conv(const Value& x) {
    const int64_t channels = std::array{5, 16, 20, 32, 48}[below(5)], kernel = below(2) == 0 ? 1 : 3;
    return add("Conv", {x.name, constant({channels, x.channels, kernel, kernel}), constant({channels})},
               {{"pads", std::vector<int64_t>(4, kernel / 2)}}, channels, x.side);
  }

  /// In a few groups, or with its taps apart.
  Value odd_conv(const Value& x) {
    const int64_t groups = x.channels % 5 == 0   ? 5
                           : x.channels % 4 == 0 ? 4
                                                 : 1,
                  channels = 20, dilation = 1 + static_cast<int64_t>(below(4));
    return add("Conv", {x.name, constant({channels, x.channels / groups, 3, 3})},
               {{"pads", std::vector<int64_t>(4, dilation)},
                {"dilations", std::vector<int64_t>(2, dilation)},
                {"group", channels % groups == 0 ? groups : 1}},
               channels, x.side);
  }

  Value depthwise(const Value& x) {
    return add("Conv", {x.name, constant({x.channels, 1, 3, 3})},
               {{"pads", std::vector<int64_t>(4, 1)}, {"group", x.channels}}, x.channels, x.side);
  }

  /// To other sizes, or by scales that leave a part of a pixel over.
  Value resize(const Value& x) {
    const int64_t side = x.side > kSide ? x.side / 2 : below(2) == 0 ? 2 * x.side : x.side * 5 / 4;
    const double scale = (static_cast<double>(side) + 0.4) / static_cast<double>(x.side);
    const std::string sizes = "sizes of " + std::to_string(graph_.nodes.size()), scales = "of " + sizes;
    graph_.initializers[sizes] =
        Tensor::from_values<int64_t>({4}, std::array{int64_t{2}, x.channels, side, side}).value();
    graph_.initializers[scales] =
        Tensor::from_values<float>(
            {4}, std::array{1.0F, 1.0F, static_cast<float>(scale), static_cast<float>(scale)})
            .value();
    const bool by_sizes = below(2) == 0;
    return add("Resize", {x.name, "", by_sizes ? "" : scales, by_sizes ? sizes : ""},
               {{"mode", std::string(std::array{"nearest", "linear", "cubic"}[below(3)])},
                {"coordinate_transformation_mode",
                 std::string(std::array{"half_pixel", "asymmetric", "align_corners"}[below(3)])}},
               x.channels, side);
  }

  std::string ints(const std::vector<int64_t>& values) {
    const std::string name = "i" + std::to_string(graph_.initializers.size());
    graph_.initializers[name] =
        Tensor::from_values<int64_t>({static_cast<int64_t>(values.size())}, std::span(values)).value();
    return name;
  }

  /// Neighbouring channels, from the start or from the end.
  Value slice(const Value& x) {
    const auto count = 1 + static_cast<int64_t>(below(static_cast<size_t>(x.channels)));
    const auto first = static_cast<int64_t>(below(static_cast<size_t>(x.channels - count + 1)));
    const bool from_end = below(2) == 0;
    return add("Slice",
               {x.name, ints({from_end ? first - x.channels : first}), ints({first + count}),
                ints({from_end ? -3 : 1})},
               {}, count, x.side);
  }

  /// The last of two or three parts; the others are there to be read.
  Value split(const Value& x) {
    if (x.channels < 3) return slice(x);
    const auto first = 1 + static_cast<int64_t>(below(static_cast<size_t>(x.channels - 2)));
    Value last = add("Split", {x.name, ints({first, 1, x.channels - first - 1})}, {{"axis", int64_t{1}}},
                     x.channels - first - 1, x.side);
    values_.push_back({last.name + ".first", first, x.side});
    graph_.nodes.back().outputs = {last.name + ".first", last.name + ".one", last.name};
    return last;
  }

  /// As ConvNeXts have it: each pixel's channels are moved last, normalised, multiplied and moved back.
  Value perceptron(const Value& x) {
    const int64_t channels = 20;
    const auto in_turn = [&](std::string op, const std::vector<std::string>& beside,
                             std::map<std::string, Attribute> attributes = {}) {
      std::vector<std::string> inputs = {graph_.nodes.back().outputs[0]};
      inputs.insert(inputs.end(), beside.begin(), beside.end());
      return add(std::move(op), std::move(inputs), std::move(attributes), channels, x.side);
    };
    add("Transpose", {x.name}, {{"perm", std::vector<int64_t>{0, 2, 3, 1}}}, x.channels, x.side);
    in_turn("LayerNormalization", {constant({x.channels}), constant({x.channels})}, {{"epsilon", 1.0F}});
    in_turn("MatMul", {constant({x.channels, channels})});
    in_turn("Add", {constant({channels})});
    in_turn("Gelu", {});
    return in_turn("Transpose", {}, {{"perm", std::vector<int64_t>{0, 3, 1, 2}}});
  }

  Value grow() {
    const Value x = any();
    switch (below(16)) {
      case 0:
        return conv(x);
      case 1:
        return depthwise(x);
      case 2:
        return add(std::array{"Relu", "Sigmoid", "HardSwish", "Softsign"}[below(4)], {x.name}, {}, x.channels,
                   x.side);
      case 3:
        return combine(x);
      case 4:
        return concat(x);
      case 5:
        return add("GlobalAveragePool", {x.name}, {}, x.channels, 1);
      case 6:
        return add(std::array{"MaxPool", "AveragePool"}[below(2)], {x.name},
                   {{"kernel_shape", std::vector<int64_t>{3, 3}}, {"pads", std::vector<int64_t>(4, 1)}},
                   x.channels, x.side);
      case 7:
        return resize(x);
      case 9:
        return slice(x);
      case 10:
        return split(x);
      case 11:
        return odd_conv(x);
      case 12:
        return add("ReduceMean", {x.name}, {{"axes", std::vector<int64_t>{2, -1}}}, x.channels, 1);
      case 13:
        return add(std::array{"Add", "Mul", "Sub", "Div"}[below(4)], {x.name, constant({1})}, {}, x.channels,
                   x.side);
      case 14:
        return perceptron(x);
      case 8:
        return add("Mul", {x.name, constant({1, x.channels, 1, 1})}, {}, x.channels, x.side);
      default:
        return add("Mul",
                   {x.name, add("ReduceMean", {x.name}, {{"axes", std::vector<int64_t>{1}}}, 1, x.side).name},
                   {}, x.channels, x.side);
    }
  }

  /// With another value that has x's channels and x's size or none.
  Value combine(const Value& x) {
    for (const Value& other : values_)
      if (other.name != x.name && other.channels == x.channels && (other.side == x.side || other.side == 1))
        return add(std::array{"Add", "Mul", "Sub"}[below(3)], {x.name, other.name}, {}, x.channels, x.side);
    return add("Add", {x.name, x.name}, {}, x.channels, x.side);
  }

  Value concat(const Value& x) {
    for (const Value& other : values_)
      if (other.side == x.side && other.channels < 100)
        return add("Concat", {x.name, other.name}, {{"axis", int64_t{below(2) == 0 ? 1 : -3}}},
                   x.channels + other.channels, x.side);
    return conv(x);
  }

  Rng rng_;
  Graph graph_;
  std::vector<Value> values_;
};

Result<std::vector<float>> outputs_of(const Graph& graph, const Tensor& image, int threads) {
  const EngineRegistry registry;
  ASSIGN_OR_RETURN(const Engine* native, registry.find("native"));
  ASSIGN_OR_RETURN(const auto session, native->compile(graph, {.threads = threads}));
  const std::array in = {image.view()};
  std::vector<TensorView> out(graph.outputs.size());
  RETURN_IF_ERROR(session->run(in, out));
  std::vector<float> all;
  for (const TensorView& each : out) {
    const auto values = each.as<float>();
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST(Blocks, GraphsByChanceGiveWhatTheReferenceKernelsGive) {
  Tensor image = Tensor::zeros(DType::kF32, {2, 3, kSide, kSide}).value();
  Rng rng(5);
  for (float& element : image.as<float>()) element = static_cast<float>(rng.normal());
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const Graph graph = GraphMaker(seed).make();
    const auto fast = outputs_of(graph, image, 1 + static_cast<int>(seed % 2));
    setenv("RIDGELINE_CPU", "ref", 1);
    const auto reference = outputs_of(graph, image, 1);
    unsetenv("RIDGELINE_CPU");
    const auto pairs = outputs_in_lines(graph, image, 1 + static_cast<int>(seed % 2), Precision::kBf16x3);
    ASSERT_TRUE(fast.ok() && reference.ok() && pairs.ok())
        << fast.status().message() << reference.status().message() << pairs.status().message();
    ASSERT_EQ(fast->size(), reference->size());
    float scale = 1;
    for (const float value : *reference) scale = std::max(scale, std::abs(value));
    for (size_t i = 0; i < fast->size(); ++i) {
      ASSERT_NEAR((*fast)[i], (*reference)[i], 2e-5F * scale) << "seed " << seed << ", element " << i;
      ASSERT_NEAR((*pairs)[i], (*reference)[i], 5e-4F * scale) << "seed " << seed << ", element " << i;
    }
  }
}

}  // namespace
}  // namespace ridgeline
