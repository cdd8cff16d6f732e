#include "graph/infer.h"

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/ops/infer_context.h"
#include "graph/zoo/zoo.h"

namespace ridgeline {
namespace {

using ::testing::HasSubstr;
constexpr int64_t kAny = Shape::kUnknownDim;

Tensor ints(std::vector<int64_t> values) {
  return Tensor::from_values<int64_t>({static_cast<int64_t>(values.size())}, values).value();
}

struct Case {
  std::string op;
  std::vector<Shape> inputs;
  std::map<std::string, Attribute> attributes;
  std::map<size_t, std::vector<int64_t>> constants;  ///< inputs that are int64 initializers
  std::optional<Shape> output;                       ///< absent: an error is expected
};

Graph graph_of(const Case& test) {
  Graph graph;
  Node node{.name = "n", .op = test.op, .outputs = {"y"}, .attributes = test.attributes};
  const size_t count = test.inputs.size() + test.constants.size();
  size_t next = 0;
  for (size_t i = 0; i < count; ++i) {
    const std::string name = "x" + std::to_string(i);
    node.inputs.push_back(name);
    if (test.constants.contains(i))
      graph.initializers[name] = ints(test.constants.at(i));
    else
      graph.inputs.push_back({name, {DType::kF32, test.inputs[next++]}, {}});
  }
  graph.nodes.push_back(node);
  return graph;
}

class ShapeOf : public ::testing::TestWithParam<Case> {};

TEST_P(ShapeOf, FollowsOnnx) {
  const Result<TypeMap> types = infer_types(graph_of(GetParam()));
  ASSERT_EQ(types.ok(), GetParam().output.has_value()) << types.status().message();
  if (types.ok())
    EXPECT_EQ(types->at("y").shape, GetParam().output);
  else
    EXPECT_THAT(types.status().message(), HasSubstr(GetParam().op + " 'n'"));
}

using Ints = std::vector<int64_t>;
INSTANTIATE_TEST_SUITE_P(
    Ops, ShapeOf,
    ::testing::Values(
        Case{"Conv",
             {{1, 3, 224, 224}, {64, 3, 7, 7}},
             {{"strides", Ints{2, 2}}, {"pads", Ints{3, 3, 3, 3}}},
             {},
             Shape{1, 64, 112, 112}},
        Case{"Conv",
             {{kAny, 4, 10, kAny}, {8, 2, 3, 3}},
             {{"group", int64_t{2}}},
             {},
             Shape{kAny, 8, 8, kAny}},
        Case{"Conv", {{1, 3, 8, 8}, {8, 4, 3, 3}}, {}, {}, std::nullopt},
        Case{"Conv", {{1, 3, 2, 2}, {8, 3, 3, 3}}, {}, {}, std::nullopt},
        Case{"Conv", {{1, 3, 8, 8}, {8, 3, 3, 3}}, {{"strides", Ints{0, 1}}}, {}, std::nullopt},
        Case{"Conv",
             {{1, 3, 7, 7}, {8, 3, 3, 3}},
             {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}},
             {},
             Shape{1, 8, 4, 4}},
        Case{"ConvTranspose",
             {{1, 4, 5, 5}, {4, 2, 3, 3}},
             {{"strides", Ints{2, 2}}},
             {},
             Shape{1, 2, 11, 11}},
        Case{"MaxPool",
             {{1, 3, 6, 6}},
             {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"ceil_mode", int64_t{1}}},
             {},
             Shape{1, 3, 3, 3}},
        Case{"GlobalAveragePool", {{2, 5, 7, 9}}, {}, {}, Shape{2, 5, 1, 1}},
        Case{"Gemm", {{2, 8}, {4, 8}}, {{"transB", int64_t{1}}}, {}, Shape{2, 4}},
        Case{"Gemm", {{2, 8}, {4, 9}}, {{"transB", int64_t{1}}}, {}, std::nullopt},
        Case{"MatMul", {{7, 2, 3}, {3, 4}}, {}, {}, Shape{7, 2, 4}},
        Case{"MatMul", {{3}, {3, 4}}, {}, {}, Shape{4}},
        Case{"Add", {{1, 4, 1}, {3, 1, 5}}, {}, {}, Shape{3, 4, 5}},
        Case{"Add", {{2, 3}, {2, 4}}, {}, {}, std::nullopt},
        Case{"Reshape", {{2, 3, 4}}, {}, {{1, {0, -1}}}, Shape{2, 12}},
        Case{"Reshape", {{2, 3, 4}}, {}, {{1, {5, -1}}}, std::nullopt},
        Case{"Flatten", {{2, 3, 4}}, {{"axis", int64_t{-1}}}, {}, Shape{6, 4}},
        Case{"Transpose", {{2, 3, 4}}, {{"perm", Ints{2, 0, 1}}}, {}, Shape{4, 2, 3}},
        Case{"Transpose", {{2, 3}}, {{"perm", Ints{0, 0}}}, {}, std::nullopt},
        Case{"Concat", {{2, 3}, {2, 5}}, {{"axis", int64_t{1}}}, {}, Shape{2, 8}},
        Case{"Slice", {{10, 8}}, {}, {{1, {1}}, {2, {INT64_MAX}}, {3, {0}}, {4, {2}}}, Shape{5, 8}},
        Case{"Slice", {{10}}, {}, {{1, {-1}}, {2, {INT64_MIN}}, {3, {0}}, {4, {-1}}}, Shape{10}},
        Case{"Unsqueeze", {{2, 3}}, {}, {{1, {0, -1}}}, Shape{1, 2, 3, 1}},
        Case{"Squeeze", {{1, 3, 1}}, {}, {{1, {0}}}, Shape{3, 1}},
        Case{"Squeeze", {{2, 3}}, {}, {{1, {0}}}, std::nullopt},
        Case{"Gather", {{5, 6}, {2, 2}}, {{"axis", int64_t{1}}}, {}, Shape{5, 2, 2}},
        Case{"ReduceMean", {{2, 3, 4}}, {{"axes", Ints{-1}}, {"keepdims", int64_t{0}}}, {}, Shape{2, 3}},
        Case{"ReduceSum", {{2, 3, 4}}, {}, {{1, {1}}}, Shape{2, 1, 4}},
        Case{"TopK", {{3, 9}}, {}, {{1, {4}}}, Shape{3, 4}},
        Case{"Expand", {{3, 1}}, {}, {{1, {2, 1, 6}}}, Shape{2, 3, 6}},
        Case{"Pad", {{3, 4}}, {}, {{1, {0, 1, 2, 3}}}, Shape{5, 8}},
        Case{"Resize", {{1, 2, 4, 4}}, {}, {{1, {}}, {2, {}}, {3, {1, 2, 9, 7}}}, Shape{1, 2, 9, 7}},
        Case{"DepthToSpace", {{1, 12, 2, 3}}, {{"blocksize", int64_t{2}}}, {}, Shape{1, 3, 4, 6}},
        Case{"Einsum",
             {{kAny, 7, 3}, {7, 4}},
             {{"equation", std::string("b...c,...d->bd...c")}},
             {},
             Shape{kAny, 4, 7, 3}},
        Case{"Einsum", {{2, 3}, {4, 5}}, {{"equation", std::string("ij,jk->ik")}}, {}, std::nullopt},
        Case{"NoSuchOp", {{1}}, {}, {}, std::nullopt}));

TEST(InferTypes, FollowsAShapeThroughTheArithmeticOfAnExporter) {
  Graph graph;
  graph.inputs.push_back({"x", {DType::kF32, Shape{kAny, 3, kAny, kAny}}, {}});
  graph.initializers["two"] = ints({2});
  graph.initializers["axes"] = ints({0});
  graph.initializers["minus"] = ints({-1});
  graph.initializers["index"] = Tensor::from_values<int64_t>({}, std::array<int64_t, 1>{0}).value();
  graph.nodes = {{.name = "shape", .op = "Shape", .inputs = {"x"}, .outputs = {"s"}},
                 {.name = "batch", .op = "Gather", .inputs = {"s", "index"}, .outputs = {"b"}},
                 {.name = "lift", .op = "Unsqueeze", .inputs = {"b", "axes"}, .outputs = {"b1"}},
                 {.name = "twice", .op = "Mul", .inputs = {"b1", "two"}, .outputs = {"b2"}},
                 {.name = "join",
                  .op = "Concat",
                  .inputs = {"b2", "minus"},
                  .outputs = {"target"},
                  .attributes = {{"axis", int64_t{0}}}},
                 {.name = "reshape", .op = "Reshape", .inputs = {"x", "target"}, .outputs = {"y"}}};
  EXPECT_EQ(infer_types(graph, {{"x", {4, 3, 10, 10}}})->at("y").shape, (Shape{8, 150}));
  EXPECT_EQ(infer_types(graph)->at("y").shape, (Shape{kAny, kAny}));
}

TEST(InferTypes, FollowsThePadsThatTorchTurnsRound) {
  Graph graph;
  graph.inputs.push_back({"x", {DType::kF32, Shape{3, 10, 20}}, {}});
  graph.initializers = {{"torch_pads", ints({4, 5, 2, 3, 0, 1})},  // last axis first, before and after
                        {"pairs", ints({-1, 2})},
                        {"last", ints({-1})},
                        {"far", ints({INT64_MIN + 1})},
                        {"first_axis", ints({0})}};
  graph.nodes = {
      {.name = "pair", .op = "Reshape", .inputs = {"torch_pads", "pairs"}, .outputs = {"p"}},
      {.name = "turn", .op = "Slice", .inputs = {"p", "last", "far", "first_axis", "last"}, .outputs = {"r"}},
      {.name = "swap",
       .op = "Transpose",
       .inputs = {"r"},
       .outputs = {"t"},
       .attributes = {{"perm", Ints{1, 0}}}},
      {.name = "line", .op = "Reshape", .inputs = {"t", "last"}, .outputs = {"pads"}},
      {.name = "pad", .op = "Pad", .inputs = {"x", "pads"}, .outputs = {"y"}}};
  EXPECT_EQ(infer_types(graph)->at("y").shape, (Shape{4, 15, 29}));
}

TEST(InferTypes, SizesThatTheDataDecideAreUnknownOrTheLargest) {
  const auto shape_of = [](const Case& test, DataSizes sizes) {
    return infer_types(graph_of(test), {}, sizes)->at("y").shape.value();
  };
  const Case non_zero{"NonZero", {{2, 5}}, {}, {}, {}};
  EXPECT_EQ(shape_of(non_zero, DataSizes::kUnknown), (Shape{2, kAny}));
  EXPECT_EQ(shape_of(non_zero, DataSizes::kLargest), (Shape{2, 10}));
  const Case boxes{"NonMaxSuppression", {{1, 100, 4}, {1, 3, 100}}, {}, {{2, {20}}}, {}};
  EXPECT_EQ(shape_of(boxes, DataSizes::kUnknown), (Shape{kAny, 3}));
  EXPECT_EQ(shape_of(boxes, DataSizes::kLargest), (Shape{60, 3}));
  const Case unique{"Unique", {{4, 5}}, {{"axis", int64_t{1}}}, {}, {}};
  EXPECT_EQ(shape_of(unique, DataSizes::kLargest), (Shape{4, 5}));
  const Case compress{"Compress", {{4, 5}, {5}}, {}, {}, {}};
  EXPECT_EQ(shape_of(compress, DataSizes::kLargest), Shape{20});
}

TEST(InferTypes, AnIfThatIsDecidedHasTheShapeOfItsBranch) {
  const auto branch = [](const Shape& shape) {
    Graph body;
    body.initializers["value"] = Tensor::zeros(DType::kF32, shape).value();
    body.outputs.push_back({"value", {DType::kF32, shape}, {}});
    return std::make_shared<const Graph>(body);
  };
  Graph graph;
  graph.inputs.push_back({"x", {DType::kF32, Shape{kAny}}, {}});
  graph.initializers["none"] = ints({0});
  graph.nodes = {{.name = "count", .op = "Shape", .inputs = {"x"}, .outputs = {"n"}},
                 {.name = "empty", .op = "Equal", .inputs = {"n", "none"}, .outputs = {"go"}},
                 {.name = "if",
                  .op = "If",
                  .inputs = {"go"},
                  .outputs = {"y"},
                  .attributes = {{"then_branch", branch({1, 4})}, {"else_branch", branch({2, 4})}}}};
  EXPECT_EQ(infer_types(graph, {{"x", {0}}})->at("y").shape, (Shape{1, 4}));
  EXPECT_EQ(infer_types(graph, {{"x", {7}}})->at("y").shape, (Shape{2, 4}));
  EXPECT_EQ(infer_types(graph)->at("y").shape, (Shape{kAny, 4}));
}

TEST(InferTypes, AShapeThatTheGraphForbidsIsRefusedByName) {
  Graph graph;
  graph.inputs.push_back({"x", {DType::kF32, Shape{kAny, 3}}, {}});
  EXPECT_THAT(infer_types(graph, {{"x", {1, 4}}}).status().message(), HasSubstr("'x'"));
  EXPECT_THAT(infer_types(graph, {{"z", {1, 4}}}).status().message(), HasSubstr("no input 'z'"));
}

TEST(InferTypes, FactorsOfAConvolutionAreOneForEachChannelOfItsInput) {
  Graph graph;
  const auto input = [&](const std::string& name, const Shape& shape) {
    graph.inputs.push_back({name, {DType::kF32, shape}, {}});
  };
  input("x", {kAny, 4, 9, 9});
  input("w", {8, 4, 1, 1});
  input("f", {kAny, kAny, 1, 1});
  graph.nodes = {{.name = "conv",
                  .op = "FusedConv",
                  .domain = "ridgeline",
                  .inputs = {"x", "w", "", "", "f"},
                  .outputs = {"y"}}};
  EXPECT_EQ(infer_types(graph, {{"f", {2, 4, 1, 1}}})->at("y").shape, (Shape{kAny, 8, 9, 9}));
  EXPECT_THAT(infer_types(graph, {{"f", {2, 8, 1, 1}}}).status().message(), HasSubstr("'conv'"));
}

TEST(OpTable, HasNoRowTwice) {
  const auto rows = ops::all_ops();
  for (size_t i = 1; i < rows.size(); ++i)
    EXPECT_FALSE(rows[i].name == rows[i - 1].name && rows[i].domain == rows[i - 1].domain) << rows[i].name;
}

struct Model {
  std::string name;
  int64_t parameters;    ///< torchvision's published count
  int64_t norms;         ///< channels over all batch norms, each with a running mean and variance
  int64_t constants{0};  ///< bounds of activations
};
class Zoo : public ::testing::TestWithParam<Model> {};

TEST_P(Zoo, HasTheArchitecturesParametersAndShapes) {
  const auto& [name, parameters, norms, constants] = GetParam();
  const Graph graph = zoo::make(name, {.zero_weights = true}).value();
  EXPECT_EQ(graph.parameter_count(), parameters + 2 * norms + constants);
  const TypeMap types = infer_types(graph, {{"input", {2, 3, 224, 224}}}).value();
  EXPECT_EQ(types.at("logits").shape, (Shape{2, 1000}));
}

INSTANTIATE_TEST_SUITE_P(
    Torchvisions, Zoo,
    ::testing::Values(Model{"resnet18", 11689512, 4800}, Model{"resnet34", 21797672, 8512},
                      Model{"resnet50", 25557032, 26560}, Model{"vgg16", 138357544, 0},
                      Model{"mobilenet_v2", 3504872, 17056, 2}, Model{"mobilenet_v3_large", 5483032, 12200},
                      Model{"efficientnet_b0", 5288548, 21008}, Model{"squeezenet1_1", 1235496, 0},
                      Model{"densenet121", 7978856, 41824}),
    [](const auto& model) { return model.param.name; });

TEST(Zoo, UNetAnswersForEachPixelAndSsdHeadForEachAnchor) {
  const auto shapes = [](const char* name, const zoo::ZooOptions& options) {
    const Graph graph = zoo::make(name, options).value();
    const TypeMap types = infer_types(graph, {{"input", {2, 3, 96, 96}}}).value();
    std::vector<Shape> all;
    for (const ValueInfo& output : graph.outputs) all.push_back(*types.at(output.name).shape);
    return all;
  };
  const int64_t anchors = (12 * 12 + 6 * 6) * zoo::kSsdAnchors;
  for (const bool dynamic : {false, true}) {
    const zoo::ZooOptions options{.image_size = 96, .dynamic_size = dynamic};
    EXPECT_THAT(shapes("unet", options), testing::ElementsAre(Shape{2, 2, 96, 96}));
    EXPECT_THAT(shapes("ssd_head", options),
                testing::ElementsAre(Shape{2, anchors, 4}, Shape{2, anchors, 21}));
  }
  EXPECT_THAT(zoo::make("unet", {.image_size = 90}).status().message(), HasSubstr("multiple of 4"));
  EXPECT_THAT(zoo::make("ssd_head", {.projection = 8}).status().message(), HasSubstr("--projection"));
}

TEST(Zoo, ProjectionGivesTheNamesAndWidthAskedFor) {
  const Graph graph = zoo::make("resnet18", {.projection = 32}).value();
  EXPECT_EQ(graph.inputs[0].name, "INPUT_IMAGE");
  EXPECT_EQ(graph.outputs[0].name, "OUTPUT_PROJECTION");
  EXPECT_EQ(infer_types(graph, {{"INPUT_IMAGE", {5, 3, 224, 224}}})->at("OUTPUT_PROJECTION").shape,
            (Shape{5, 32}));
}

TEST(Zoo, TheSameSeedMakesTheSameWeightsAndAnUnknownNameListsTheKnownOnes) {
  const auto weight = [](uint64_t seed) {
    return zoo::make("lenet", {.num_classes = 4, .seed = seed})
        ->initializers.at("conv1.weight")
        .as<float>()[3];
  };
  EXPECT_EQ(weight(5), weight(5));
  EXPECT_NE(weight(5), weight(6));
  EXPECT_THAT(zoo::make("vgg99", {}).status().message(), HasSubstr("resnet18"));
}

}  // namespace
}  // namespace ridgeline
