// Models that take pixels as bytes and hold their preprocessing, against the same layers on an FP32 image
// that was prepared before.

#include <array>
#include <cmath>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"
#include "engine/native/explain.h"
#include "engine/native/plan.h"
#include "graph/onnx_dtype.h"

namespace ridgeline::native {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using Ints = std::vector<int64_t>;
using Floats = std::vector<float>;

template <typename T>
Tensor tensor(Shape shape, const std::vector<T>& values) {
  return Tensor::from_values<T>(std::move(shape), std::span<const T>(values)).value();
}

/// Bytes with the graph that prepares them, and the image that it should make of them, with the same layers.
struct Case {
  Graph of_bytes, of_image;
  Tensor bytes, image;
};

class CaseMaker {
 public:
  CaseMaker(uint64_t seed, bool quantised) : rng_(seed), quantised_(quantised) {}

  Case make() {
    interleaved_ = below(4) != 0;
    all_ = std::array<int64_t, 4>{3, 3, 1, 4}[below(4)];
    channels_ = all_;
    batch_ = 1 + static_cast<int64_t>(below(3));
    rows_ = 3 + static_cast<int64_t>(below(40));
    columns_ = 3 + static_cast<int64_t>(below(300));
    make_bytes();
    result_.of_bytes.inputs = {{"x", {DType::kU8, result_.bytes.shape()}, {}}};
    values_.assign(result_.bytes.as<uint8_t>().begin(), result_.bytes.as<uint8_t>().end());
    prepare();
    finish_image();
    result_.of_image.inputs = {{value_, {DType::kF32, result_.image.shape()}, {}}};
    add_layers();
    return result_;
  }

 private:
  size_t below(size_t bound) { return static_cast<size_t>(rng_.below(bound)); }

  void make_bytes() {
    const Shape shape =
        interleaved_ ? Shape{batch_, rows_, columns_, all_} : Shape{batch_, all_, rows_, columns_};
    result_.bytes = Tensor::zeros(DType::kU8, shape).value();
    for (uint8_t& byte : result_.bytes.as<uint8_t>()) byte = static_cast<uint8_t>(below(256));
  }

  std::string keep(Tensor constant) {
    const std::string name = "c" + std::to_string(result_.of_bytes.initializers.size());
    result_.of_bytes.initializers[name] = result_.of_image.initializers[name] = std::move(constant);
    return name;
  }

  void node(const std::string& op, std::vector<std::string> more = {},
            std::map<std::string, Attribute> attributes = {}, bool of_both = false) {
    const std::string name = op + std::to_string(result_.of_bytes.nodes.size());
    more.insert(more.begin(), value_);
    Node node{.name = name,
              .op = op,
              .inputs = std::move(more),
              .outputs = {name},
              .attributes = std::move(attributes)};
    if (of_both) result_.of_image.nodes.push_back(node);
    result_.of_bytes.nodes.push_back(std::move(node));
    value_ = name;
  }

  /// One number, or one for each channel; on the image as well.
  void calculate(const std::string& op, float low, float high) {
    const bool is_one = below(3) == 0;
    Floats numbers(static_cast<size_t>(is_one ? 1 : channels_));
    for (float& number : numbers) number = low + (high - low) * static_cast<float>(rng_.uniform());
    const auto count = static_cast<int64_t>(numbers.size());
    const Shape shape = axis_ == 1 ? Shape{count, 1, 1} : Shape{count};
    node(op, {keep(tensor<float>(shape, numbers))});
    for (size_t i = 0; i < values_.size(); ++i) {
      const float number = numbers[is_one ? 0 : channel_of(i)];
      float& x = values_[i];
      x = op == "Mul" ? x * number : op == "Div" ? x / number : op == "Add" ? x + number : x - number;
    }
  }

  size_t channel_of(size_t i) const {
    const auto plane = static_cast<size_t>(rows_ * columns_), channels = static_cast<size_t>(channels_);
    return axis_ == 1 ? i / plane % channels : i % channels;
  }

  void transpose() {
    if (axis_ == 1) return;
    node("Transpose", {}, {{"perm", Ints{0, 3, 1, 2}}});
    Floats planes(values_.size());
    const auto plane = static_cast<size_t>(rows_ * columns_), channels = static_cast<size_t>(channels_);
    for (size_t i = 0; i < values_.size(); ++i)
      planes[(i / channels / plane * channels + i % channels) * plane + i / channels % plane] = values_[i];
    values_ = planes;
    axis_ = 1;
  }

  /// BGR for RGB, or only some of the channels.
  void pick() {
    const std::vector<Ints> wishes = {{2, 1, 0}, {0, -1}, {1, 0, 2}};
    const Ints& wish = wishes[below(3)];
    if (below(2) == 0 || all_ < 3) return;
    node("Gather", {keep(tensor<int64_t>({static_cast<int64_t>(wish.size())}, wish))},
         {{"axis", static_cast<int64_t>(axis_ == 1      ? 1
                                        : below(2) == 0 ? 3
                                                        : -1)}});
    const size_t inner = axis_ == 1 ? static_cast<size_t>(rows_ * columns_) : 1;
    Floats picked;
    for (size_t outer = 0; outer < values_.size() / (static_cast<size_t>(channels_) * inner); ++outer)
      for (const int64_t index : wish) {
        const auto from = static_cast<size_t>(index < 0 ? index + channels_ : index);
        const auto begin = values_.begin() + static_cast<std::ptrdiff_t>(
                                                 (outer * static_cast<size_t>(channels_) + from) * inner);
        picked.insert(picked.end(), begin, begin + static_cast<std::ptrdiff_t>(inner));
      }
    values_ = picked;
    channels_ = static_cast<int64_t>(wish.size());
  }

  void cast() { node("Cast", {}, {{"to", onnx_number_of(DType::kF32)}}); }

  void prepare() {
    axis_ = interleaved_ ? 3 : 1;
    const size_t style = below(3);
    if (style == 0) {
      transpose();
      pick();
      cast();
      calculate("Mul", 0.01F, 0.02F);
      calculate("Sub", 1, 3);
    } else if (style == 1) {
      cast();
      calculate("Sub", 90, 130);
      pick();
      calculate("Div", 50, 70);
      transpose();
    } else {
      cast();
      calculate("Div", 255, 256);
      transpose();
      calculate("Sub", 0.4F, 0.5F);
      calculate("Div", 0.2F, 0.3F);
      calculate("Add", -0.1F, 0.1F);
      pick();
    }
  }

  void finish_image() { result_.image = tensor<float>({batch_, channels_, rows_, columns_}, values_); }

  void layer(const std::string& op, std::vector<std::string> more = {},
             std::map<std::string, Attribute> attributes = {}) {
    node(op, std::move(more), std::move(attributes), true);
  }

  /// To 8 bits and back.
  void round(float scale, int32_t zero, DType dtype) {
    Tensor point = Tensor::zeros(dtype, {}).value();
    point.as<uint8_t>()[0] = static_cast<uint8_t>(zero);
    const std::string scale_name = keep(tensor<float>({}, {scale})), zero_name = keep(point);
    layer("QuantizeLinear", {scale_name, zero_name});
    layer("DequantizeLinear", {scale_name, zero_name});
  }

  std::string weights(const Shape& shape) {
    const double spread = 1 / std::sqrt(static_cast<double>(channels_ * shape[2] * shape[3]));
    if (!quantised_) {
      Tensor floats = Tensor::zeros(DType::kF32, shape).value();
      for (float& weight : floats.as<float>()) weight = static_cast<float>(rng_.normal() * spread);
      return keep(floats);
    }
    Tensor steps = Tensor::zeros(DType::kI8, shape).value();
    for (int8_t& step : steps.as<int8_t>()) step = static_cast<int8_t>(below(255));
    const std::string name = keep(steps) + ".float";
    for (Graph* const graph : {&result_.of_bytes, &result_.of_image})
      graph->nodes.push_back({.name = name,
                              .op = "DequantizeLinear",
                              .inputs = {name.substr(0, name.size() - 6), "weight_scale"},
                              .outputs = {name}});
    result_.of_bytes.initializers["weight_scale"] = result_.of_image.initializers["weight_scale"] =
        tensor<float>({}, {static_cast<float>(spread / 70)});
    return name;
  }

  void add_layers() {
    const DType dtype = below(2) == 0 ? DType::kU8 : DType::kI8;
    const int32_t zero = (dtype == DType::kU8 ? 0 : -128) + 100 + static_cast<int32_t>(below(30));
    if (quantised_) round(0.02F, zero, dtype);
    const int64_t kernel = std::min({std::array<int64_t, 4>{1, 3, 5, 7}[below(4)], rows_, columns_});
    const int64_t stride = 1 + static_cast<int64_t>(below(3));
    Ints pads(4);
    for (int64_t& pad : pads) pad = static_cast<int64_t>(below(static_cast<size_t>(kernel)));
    const int64_t outputs = std::array<int64_t, 3>{8, 32, 50}[below(3)];
    layer("Conv", {weights({outputs, channels_, kernel, kernel})},
          {{"pads", pads}, {"strides", Ints{stride, stride}}});
    if (quantised_)
      round(0.05F, zero, dtype);
    else
      layer("Relu");
    const ValueInfo output{value_, {DType::kF32, std::nullopt}, {}};
    result_.of_bytes.outputs = result_.of_image.outputs = {output};
  }

  Rng rng_;
  bool quantised_;
  Case result_;
  bool interleaved_ = true;
  int64_t batch_ = 1, rows_ = 1, columns_ = 1, all_ = 1, channels_ = 1;
  size_t axis_ = 3;
  std::string value_ = "x";
  Floats values_;
};

Floats run(const Graph& graph, const Tensor& input, const PlanOptions& options) {
  Result<Plan> plan = make_plan(graph, options);
  EXPECT_TRUE(plan.ok()) << plan.status().message();
  if (!plan.ok()) return {};
  ThreadPool pool(options.threads);
  const std::array in = {input.view()};
  EXPECT_TRUE(plan->run(in, pool).ok());
  EXPECT_TRUE(plan->run(in, pool).ok());  // meets the arena as the first left it
  const auto out = plan->slots[plan->outputs[0]].as<float>();
  return {out.begin(), out.end()};
}

void expect_near(const Floats& a, const Floats& b, float bound, uint64_t seed) {
  ASSERT_EQ(a.size(), b.size()) << seed;
  float most = 1;
  for (const float value : b) most = std::max(most, std::abs(value));
  for (size_t i = 0; i < a.size(); ++i)
    ASSERT_NEAR(a[i], b[i], bound * most) << "seed " << seed << " at " << i;
}

TEST(Pixels, AsBytesGiveWhatThePreparedImageGives) {
  for (uint64_t seed = 0; seed < 120; ++seed) {
    const Case each = CaseMaker(seed, false).make();
    setenv("RIDGELINE_CPU", "ref", 1);
    const Floats expected = run(each.of_image, each.image, {});
    unsetenv("RIDGELINE_CPU");
    for (const char* const cpu : {"", "avx2", "ref"}) {
      if (*cpu != '\0') setenv("RIDGELINE_CPU", cpu, 1);
      const int threads = 1 + static_cast<int>(seed % 3);
      expect_near(run(each.of_bytes, each.bytes, {.threads = threads}), expected, 2e-6F, seed);
      for (const auto& [precision, bound] :
           {std::pair(Precision::kBf16x3, 1e-4F), std::pair(Precision::kBf16, 2e-2F)}) {
        const PlanOptions narrow{.threads = threads, .precision = precision, .narrow = NarrowKernels::kLines};
        expect_near(run(each.of_bytes, each.bytes, narrow), expected, bound, seed);
      }
      unsetenv("RIDGELINE_CPU");
    }
  }
}

TEST(Pixels, OfQuantisedModelsGiveTheBitsOfThePreparedImage) {
  for (uint64_t seed = 0; seed < 120; ++seed) {
    const Case each = CaseMaker(seed, true).make();
    PlanOptions options{.threads = 2, .precision = Precision::kInt8, .int8 = Int8Kernels::kReference};
    const Floats expected = run(each.of_image, each.image, options);
    EXPECT_EQ(run(each.of_bytes, each.bytes, options), expected) << seed;
    options.int8 = Int8Kernels::kBytes;
    EXPECT_EQ(run(each.of_bytes, each.bytes, options), expected) << seed;
  }
}

/// The server's preparation of 8-bit RGB for a model that takes BGR, then `op`.
Graph prepared(Node first) {
  Graph graph;
  graph.inputs = {{"x", {DType::kU8, Shape{1, 40, 40, 3}}, {}}};
  graph.outputs = {{"y", {DType::kF32, std::nullopt}, {}}};
  graph.initializers = {{"bgr", tensor<int64_t>({3}, {2, 1, 0})},
                        {"scale", tensor<float>({3, 1, 1}, {0.1F, 0.2F, 0.3F})},
                        {"shift", tensor<float>({3, 1, 1}, {1, 2, 3})},
                        {"w", Tensor::zeros(DType::kF32, {16, 3, 3, 3}).value()}};
  const auto add = [&](const std::string& op, std::vector<std::string> inputs,
                       std::map<std::string, Attribute> attributes = {}) {
    graph.nodes.push_back({.name = op,
                           .op = op,
                           .inputs = std::move(inputs),
                           .outputs = {op},
                           .attributes = std::move(attributes)});
  };
  add("Transpose", {"x"}, {{"perm", Ints{0, 3, 1, 2}}});
  add("Gather", {"Transpose", "bgr"}, {{"axis", int64_t{1}}});
  add("Cast", {"Gather"}, {{"to", onnx_number_of(DType::kF32)}});
  add("Mul", {"Cast", "scale"});
  add("Sub", {"Mul", "shift"});
  graph.nodes.push_back(std::move(first));
  return graph;
}

const Node kConv{.name = "conv", .op = "Conv", .inputs = {"Sub", "w"}, .outputs = {"y"}};
constexpr std::string_view kPrepares = "Transpose+Gather+Cast+Mul+Sub";

TEST(Pixels, AreReadByTheFirstConvolutionItself) {
  for (const Precision precision : {Precision::kBf16, Precision::kBf16x3}) {
    const PlanOptions narrow{.precision = precision, .narrow = NarrowKernels::kLines};
    const Explanation plan = explain(prepared(kConv), narrow).value();
    EXPECT_EQ(plan.steps[0].op, "Conv");
    EXPECT_EQ(plan.steps[0].name, std::string(kPrepares) + "+conv");
  }
}

TEST(Pixels, BecomeABandOfFp32RowsAtATimeForConvolutionsOnBlocks) {
  const Explanation plan = explain(prepared(kConv), {}).value();
  if (!plan.steps[0].kernel.ends_with("avx512") && !plan.steps[0].kernel.ends_with("avx2"))
    GTEST_SKIP() << "no kernels for blocks of channels on this CPU";
  EXPECT_EQ(plan.steps[0].op, "ReadPixels+Conv");
  EXPECT_THAT(plan.steps[0].kernel, StartsWith("pixels_"));
}

TEST(Pixels, AreAStepOfTheirOwnWhereTheFirstLayerCannotReadThem) {
  const Node first{.name = "first", .op = "Softsign", .inputs = {"Sub"}, .outputs = {"y"}};
  const Explanation plan = explain(prepared(first), {}).value();
  ASSERT_EQ(plan.steps.size(), 2U);
  EXPECT_EQ(plan.steps[0].op, "ReadPixels");
  EXPECT_EQ(plan.steps[0].name, kPrepares);
}

TEST(Pixels, ThatAreAnOutputTooAreMadeOnceForAll) {
  Graph graph = prepared(kConv);
  graph.outputs.push_back({"Sub", {DType::kF32, std::nullopt}, {}});
  Tensor bytes = Tensor::zeros(DType::kU8, {1, 40, 40, 3}).value();
  bytes.as<uint8_t>()[0] = 20;
  Plan plan = make_plan(graph, {.precision = Precision::kBf16, .narrow = NarrowKernels::kLines}).value();
  ThreadPool pool(1);
  const std::array in = {bytes.view()};
  ASSERT_TRUE(plan.run(in, pool).ok());
  const auto image = plan.slots[plan.outputs[1]].as<float>();
  EXPECT_FLOAT_EQ(image[0], -1);
  EXPECT_NEAR(image[2 * 40 * 40], 3, 1e-6F);
}

}  // namespace
}  // namespace ridgeline::native
