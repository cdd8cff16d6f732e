// What libtorch promises beyond what every ONNX engine does (onnx_engines_test): tried where its plugin is
// built.

#include <array>
#include <cmath>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "engine/registry.h"

namespace ridgeline {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointwise;

class Libtorch : public ::testing::Test {
 protected:
  void SetUp() override {
    auto engine = registry_.find("libtorch");
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    engine_ = *engine;
    const Capabilities capabilities = engine_->probe();
    if (!capabilities.available) GTEST_SKIP() << capabilities.reason;
  }

  static ValueInfo value(const std::string& name, Shape shape) {
    return {.name = name, .type = {DType::kF32, std::move(shape)}, .dim_names = {}};
  }

  static Node node(const std::string& op, std::vector<std::string> inputs, std::vector<std::string> outputs) {
    return {.name = op + "_of_" + outputs[0],
            .op = op,
            .domain = "",
            .inputs = std::move(inputs),
            .outputs = std::move(outputs),
            .attributes = {}};
  }

  static Tensor floats(Shape shape, std::vector<float> values) {
    return *Tensor::from_values<float>(std::move(shape), values);
  }

  static Tensor ints(std::vector<int64_t> values) {
    return *Tensor::from_values<int64_t>(Shape{static_cast<int64_t>(values.size())}, values);
  }

  std::vector<float> run(Session& session, std::vector<float> x) {
    const Shape& shape = *session.signature().inputs[0].type.shape;
    const std::array in = {TensorView{DType::kF32, shape, reinterpret_cast<std::byte*>(x.data())}};
    std::vector<TensorView> out(session.signature().outputs.size());
    const Status status = session.run(in, out);
    EXPECT_TRUE(status.ok()) << status.message();
    if (!status.ok()) return {};
    EXPECT_EQ(out[0].dtype, DType::kF32);
    const auto values = out[0].as<float>();
    return {values.begin(), values.end()};
  }

  std::vector<float> compute(const Graph& graph, std::vector<float> x, SessionOptions options = {}) {
    const auto session = engine_->compile(graph, options);
    EXPECT_TRUE(session.ok()) << session.status().message();
    return session.ok() ? run(**session, std::move(x)) : std::vector<float>();
  }

  /// y = conv3x3(x) with padding, then relu(y) + y·2: the relu must not write over what is still read.
  static Graph residual_graph() {
    Graph graph;
    graph.inputs = {value("x", Shape{1, 1, 2, 2})};
    graph.outputs = {value("out", Shape{1, 1, 2, 2})};
    graph.initializers["w"] = floats(Shape{1, 1, 3, 3}, {0, 0, 0, 0, 1, 0, 0, 0, 1});
    graph.initializers["two"] = floats(Shape{1}, {2});
    Node conv = node("Conv", {"x", "w"}, {"y"});
    conv.attributes["pads"] = std::vector<int64_t>{1, 1, 1, 1};
    conv.attributes["kernel_shape"] = std::vector<int64_t>{3, 3};
    graph.nodes = {conv, node("Relu", {"y"}, {"r"}), node("Mul", {"y", "two"}, {"d"}),
                   node("Add", {"r", "d"}, {"out"})};
    return graph;
  }

  EngineRegistry registry_;
  const Engine* engine_ = nullptr;
};

TEST_F(Libtorch, WritesInPlaceOnlyWhereNobodyReadsTheOldValue) {
  const auto session = engine_->compile(residual_graph(), {});
  ASSERT_TRUE(session.ok()) << session.status().message();
  // y = x + its lower right neighbour = {1 - 4, 2, -3, -4}
  for (int repetition = 0; repetition < 2; ++repetition) {
    EXPECT_THAT(run(**session, {1, 2, -3, -4}), ElementsAre(-6, 6, -6, -8));
  }
}

TEST_F(Libtorch, TakesAndGivesFp32AtEveryPrecisionOfTheCpu) {
  for (const DeviceSupport& device : engine_->probe().devices) {
    if (device.device != "cpu") continue;
    EXPECT_THAT(device.precisions, ::testing::Contains(Precision::kFp32));
    for (const Precision precision : device.precisions) {
      const float tolerance = precision == Precision::kFp32 ? 1e-6F : 0.05F;
      EXPECT_THAT(compute(residual_graph(), {1.1F, 2.2F, -3.3F, -4.4F}, {.precision = precision}),
                  Pointwise(FloatNear(tolerance), {-6.6F, 6.6F, -6.6F, -8.8F}))
          << name_of(precision);
    }
  }
}

TEST_F(Libtorch, ComputesShapesOnceWhenItCompiles) {
  Graph graph;
  graph.inputs = {value("x", Shape{Shape::kUnknownDim, 2, 3})};
  graph.inputs[0].dim_names = {"batch", "", ""};
  graph.outputs = {value("out", Shape{Shape::kUnknownDim, 6})};
  graph.initializers["zero"] = ints({0});
  graph.initializers["minus_one"] = ints({-1});
  Node concat = node("Concat", {"batch", "minus_one"}, {"new_shape"});
  concat.attributes["axis"] = int64_t{0};
  graph.nodes = {node("Shape", {"x"}, {"shape"}), node("Gather", {"shape", "zero"}, {"batch"}), concat,
                 node("Reshape", {"x", "new_shape"}, {"out"})};
  const auto session = engine_->compile(graph, {.input_shapes = {{"x", Shape{2, 2, 3}}}});
  ASSERT_TRUE(session.ok()) << session.status().message();
  EXPECT_EQ((*session)->signature().outputs[0].type.shape, (Shape{2, 6}));

  std::vector<float> x(12, 1);
  const std::array in = {TensorView{DType::kF32, Shape{2, 2, 3}, reinterpret_cast<std::byte*>(x.data())}};
  const auto times = (*session)->profile(in, 1);
  ASSERT_TRUE(times.ok()) << times.status().message();
  ASSERT_EQ(times->size(), 1u);
  EXPECT_THAT(times->front().name, ::testing::EndsWith("Reshape_of_out"));
}

TEST_F(Libtorch, CountsItsWeights) {
  const auto session = engine_->compile(residual_graph(), {});
  ASSERT_TRUE(session.ok());
  EXPECT_EQ((*session)->memory().weights_bytes, static_cast<int64_t>((9 + 1) * sizeof(float)));
}

TEST_F(Libtorch, AnOpWithoutKernelIsRefusedByItsName) {
  Graph graph = residual_graph();
  graph.nodes.push_back(node("Multinomial", {"r"}, {"sample"}));
  graph.nodes.back().inputs = {"out"};
  const Status status = engine_->supports(graph, {});
  EXPECT_EQ(status.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("Multinomial_of_sample"));
}

TEST_F(Libtorch, SplittingABatchOverThreadsIsRefused) {
  const Status status = engine_->supports(residual_graph(), {.mode = ThreadingMode::kThroughput});
  EXPECT_EQ(status.code(), ErrorCode::kUnsupported);
  EXPECT_THAT(status.message(), HasSubstr("latency"));
}

TEST_F(Libtorch, SaysWhyThereIsNoGpu) {
  for (const DeviceSupport& device : engine_->probe().devices) {
    if (device.device == "cpu") continue;
    EXPECT_NE(device.available, device.reason.size() > 0) << device.reason;
    EXPECT_EQ(device.available, !device.precisions.empty());
    if (!device.available) {
      const Status status = engine_->supports(residual_graph(), {.device = device.device});
      EXPECT_EQ(status.code(), ErrorCode::kUnavailable);
      EXPECT_THAT(status.message(), HasSubstr(device.reason));
    }
  }
}

/// forward(image) gives relu(conv1x1(image) with the weights 2 and -1), and the image's mean.
Graph torchscript_graph(std::string bytes) {
  Graph graph;
  graph.source.path = "tiny.pt";
  graph.source.onnx = std::make_shared<const std::string>(std::move(bytes));
  return graph;
}

TEST_F(Libtorch, RunsTorchscriptFiles) {
  const auto bytes = read_file(ENGINE_TEST_DATA "/tiny.pt");
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  const auto session =
      engine_->compile(torchscript_graph(*bytes), {.input_shapes = {{"image", Shape{1, 2, 1, 2}}}});
  ASSERT_TRUE(session.ok()) << session.status().message();
  const Signature& signature = (*session)->signature();
  ASSERT_EQ(signature.inputs.size(), 1u);
  EXPECT_EQ(signature.inputs[0].name, "image");
  ASSERT_EQ(signature.outputs.size(), 2u);
  EXPECT_EQ(signature.outputs[0].type.shape, (Shape{1, 1, 1, 2}));
  EXPECT_EQ(signature.outputs[1].type.shape, Shape());
  EXPECT_THAT(run(**session, {1, 2, 3, 3}), ElementsAre(0, 1));
}

TEST_F(Libtorch, TorchscriptNeedsShapesAndAWholeFile) {
  const auto bytes = read_file(ENGINE_TEST_DATA "/tiny.pt");
  ASSERT_TRUE(bytes.ok()) << bytes.status().message();
  const auto shapeless = engine_->compile(torchscript_graph(*bytes), {});
  EXPECT_EQ(shapeless.status().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(shapeless.status().message(), HasSubstr("'image'"));
  for (size_t length = 4; length < bytes->size(); length += 97) {
    const auto cut = engine_->compile(torchscript_graph(bytes->substr(0, length)),
                                      {.input_shapes = {{"image", Shape{1, 2, 1, 2}}}});
    ASSERT_EQ(cut.status().code(), ErrorCode::kInvalidArgument) << "cut at byte " << length;
    EXPECT_THAT(cut.status().message(), Not(HasSubstr("\n")));
  }
}

}  // namespace
}  // namespace ridgeline
