#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <random>

#include "graph/infer.h"
#include "model_maker.h"

namespace ridgeline::formats {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A model with weights, an old opset, a subgraph and names: something to break in every way.
ModelMaker whole_model() {
  ModelMaker maker(11);
  maker.input("x", {-1, 1, 4, 4}).output("y", {-1, 4}).floats("slope", {0.5F}).ints("shape", {-1, 16});
  maker.node("PRelu", {"x", "slope"}, {"a"})
      .node("Reshape", {"a", "shape"}, {"b"})
      .node("Softmax", {"b"}, {"c"});
  maker.node("Cast", {"c"}, {"go"}).set("to", int64_t{onnx::TensorProto::BOOL});
  maker.node("Split", {"c"}, {"d", "e"}).set("axis", int64_t{1}).set("split", std::vector<int64_t>{4, 12});
  maker.node("If", {"go"}, {"y"});
  for (const char* branch : {"then_branch", "else_branch"}) {
    onnx::AttributeProto* attribute = maker.graph().mutable_node(5)->add_attribute();
    attribute->set_name(branch);
    attribute->set_type(onnx::AttributeProto::GRAPH);
    onnx::GraphProto* body = attribute->mutable_g();
    body->set_name(branch);
    fill_value(*body->add_output(), "inner", {-1, 4}, onnx::TensorProto::FLOAT);
    onnx::NodeProto* node = body->add_node();
    node->set_op_type("Abs");
    node->add_input("d");
    node->add_output("inner");
  }
  return maker;
}

/// Read, or refused with a line that names the file.
void expect_clear(const std::string& bytes, const std::string& what) {
  const Result<Graph> graph = parse_onnx(bytes, "broken.onnx");
  if (graph.ok()) {
    const Result<TypeMap> types = infer_types(*graph);
    EXPECT_EQ(types.ok(), types.status().message().empty()) << what;
    return;
  }
  EXPECT_THAT(graph.status().message(), StartsWith("broken.onnx: ")) << what;
  EXPECT_GT(graph.status().message().size(), 20U) << what;
  EXPECT_THAT(graph.status().message(), testing::Not(HasSubstr("\n"))) << what;
}

std::string refusal(const ModelMaker& maker) {
  const Result<Graph> graph = maker.parse();
  EXPECT_FALSE(graph.ok());
  return graph.status().message();
}

TEST(BrokenOnnx, TheWholeModelIsFine) {
  const Result<Graph> graph = whole_model().parse();
  EXPECT_TRUE(graph.ok()) << graph.status().message();
}

TEST(BrokenOnnx, CutShortAtEveryByte) {
  const std::string bytes = whole_model().bytes();
  EXPECT_THAT(parse_onnx("", "broken.onnx").status().message(), HasSubstr("is empty"));
  for (size_t size = 0; size < bytes.size(); ++size) {
    expect_clear(bytes.substr(0, size), fmt::format("cut at {}", size));
    // The graph and the opset lie at both ends: no shorter file is a model.
    EXPECT_FALSE(parse_onnx(bytes.substr(0, size), "broken.onnx").ok()) << size;
  }
}

TEST(BrokenOnnx, FlippedAndOverwrittenBytes) {
  const std::string bytes = whole_model().bytes();
  std::mt19937 random(20240607);
  for (int variant = 0; variant < 2000; ++variant) {
    std::string broken = bytes;
    for (size_t change = 0; change <= random() % 4; ++change) {
      char& byte = broken[random() % broken.size()];
      byte = static_cast<char>(random() % 2 == 0 ? byte ^ (1 << (random() % 8))
                                                 : static_cast<int>(random() % 256));
    }
    expect_clear(broken, fmt::format("variant {}", variant));
  }
}

TEST(BrokenOnnx, OtherFilesAreNamedForWhatTheyAre) {
  EXPECT_THAT(
      parse_onnx("version https://git-lfs.github.com/spec/v1\noid sha256:0", "m.onnx").status().message(),
      HasSubstr("Git LFS pointer"));
  EXPECT_THAT(parse_onnx("<!DOCTYPE html><html>", "m.onnx").status().message(),
              HasSubstr("is not a valid ONNX file"));
  EXPECT_EQ(load_onnx("/does/not/exist.onnx").status().code(), ErrorCode::kNotFound);
}

TEST(BrokenOnnx, CyclesMissingAndDoubledValues) {
  ModelMaker cycle(17);
  cycle.output("a", {1}).node("Relu", {"b"}, {"a"}).node("Abs", {"a"}, {"b"});
  EXPECT_THAT(refusal(cycle), HasSubstr("cycle"));
  ModelMaker missing(17);
  missing.output("a", {1}).node("Relu", {"ghost"}, {"a"});
  EXPECT_THAT(refusal(missing), HasSubstr("'ghost' is made by no node"));
  ModelMaker doubled(17);
  doubled.input("x", {1}).output("a", {1}).node("Relu", {"x"}, {"a"}).node("Abs", {"x"}, {"a"});
  EXPECT_THAT(refusal(doubled), HasSubstr("'a' is made twice"));
  ModelMaker weights(17);
  weights.output("w", {1}).floats("w", {1}).floats("w", {2});
  EXPECT_THAT(refusal(weights), HasSubstr("two initializers are named 'w'"));
  ModelMaker inputs(17);
  inputs.input("x", {1}).input("x", {1}).output("x", {1});
  EXPECT_THAT(refusal(inputs), HasSubstr("two graph inputs are named 'x'"));
}

TEST(BrokenOnnx, HugeAndNegativeDimensionsAllocateNothing) {
  for (const std::vector<int64_t>& dims : std::vector<std::vector<int64_t>>{
           {INT64_MAX}, {1 << 30, 1 << 30, 1 << 30}, {int64_t{1} << 46}, {INT64_MAX, INT64_MAX, 0}, {-5}}) {
    ModelMaker weights(17);
    weights.output("w", {1}).floats("w", {1});
    weights.graph().mutable_initializer(0)->clear_dims();
    for (const int64_t dim : dims) weights.graph().mutable_initializer(0)->add_dims(dim);
    EXPECT_THAT(refusal(weights), HasSubstr("tensor 'w'"));
  }
  ModelMaker input(17);
  input.input("x", {INT64_MAX, INT64_MAX}).output("x", {1});
  EXPECT_THAT(refusal(input), HasSubstr("shape of value 'x'"));
}

TEST(BrokenOnnx, TensorsOfAnotherSizeOrTypeThanTheySay) {
  ModelMaker raw(17);
  raw.output("w", {1}).floats("w", {1});
  raw.graph().mutable_initializer(0)->set_raw_data("abc");
  EXPECT_THAT(refusal(raw), HasSubstr("raw_data has 3 bytes, but shape 1 of f32 takes 4"));
  ModelMaker typed(17);
  typed.output("w", {1}).floats("w", {1, 2});
  typed.graph().mutable_initializer(0)->set_dims(0, 3);
  EXPECT_THAT(refusal(typed), HasSubstr("float_data has 2 elements, but shape 3 takes 3"));
  ModelMaker exotic(17);
  exotic.output("w", {1}).floats("w", {1});
  exotic.graph().mutable_initializer(0)->set_data_type(onnx::TensorProto::FLOAT8E5M2);
  EXPECT_THAT(refusal(exotic), HasSubstr("FLOAT8E5M2 is not supported"));
  exotic.graph().mutable_initializer(0)->set_data_type(99);
  EXPECT_THAT(refusal(exotic), HasSubstr("element type 99"));
}

TEST(BrokenOnnx, AttributesThatTheOpDoesNotKnowOrOfAnotherType) {
  const auto conv = [] {
    return ModelMaker(17).input("x", {1, 1, 4, 4}).output("y", {1}).node("Conv", {"x", "x"}, {"y"});
  };
  EXPECT_THAT(refusal(conv().set("strides", int64_t{2})),
              HasSubstr("(Conv): attribute 'strides' is an integer, but the op takes a list"));
  EXPECT_THAT(refusal(conv().set("colour", int64_t{2})),
              HasSubstr("attribute 'colour', which the op does not know"));
  EXPECT_THAT(refusal(conv().set("group", int64_t{2}).set("group", int64_t{2})),
              HasSubstr("two attributes named 'group'"));
  EXPECT_THAT(refusal(ModelMaker(17).output("y", {1}).node("Conv", {"y"}, {"y"})),
              HasSubstr("has 1 inputs, but the op takes at least 2"));
  EXPECT_THAT(refusal(ModelMaker(17).input("x", {1}).output("y", {1}).node("Cast", {"x"}, {"y"})),
              HasSubstr("lacks attribute 'to'"));
}

TEST(BrokenOnnx, NamesThatAreNoTextAreRefusedInReadableWords) {
  ModelMaker maker(17);
  maker.input("x", {1}).output("y", {1}).node("Relu", {"x"}, {"y"});
  maker.graph().mutable_node(0)->set_name(std::string("new\nline \xff"));
  EXPECT_EQ(refusal(maker),
            "made.onnx: the name of a node is not readable text ('new?line ?'): the file is damaged");
  maker.graph().mutable_node(0)->set_name("слой 1");
  EXPECT_TRUE(maker.parse().ok()) << maker.parse().status().message();
}

TEST(BrokenOnnx, SubgraphsWithoutEndAreRefused) {
  for (const int depth : {10, 30, 200}) {
    onnx::GraphProto graph;
    graph.set_name("core");
    for (int level = 0; level < depth; ++level) {
      onnx::GraphProto outer;
      outer.set_name("shell");
      onnx::NodeProto* node = outer.add_node();
      node->set_op_type("If");
      node->add_input(std::string("go"));
      node->add_output(std::string("y"));
      for (const char* branch : {"then_branch", "else_branch"}) {
        onnx::AttributeProto* attribute = node->add_attribute();
        attribute->set_name(branch);
        attribute->set_type(onnx::AttributeProto::GRAPH);
        if (attribute->name() == "then_branch") attribute->mutable_g()->Swap(&graph);
      }
      graph.Swap(&outer);
    }
    ModelMaker maker(17);
    maker.graph() = graph;
    maker.input("go", {}, onnx::TensorProto::BOOL);
    if (depth == 10)
      EXPECT_TRUE(maker.parse().ok()) << maker.parse().status().message();
    else
      EXPECT_THAT(refusal(maker), HasSubstr("deep"));
  }
}

}  // namespace
}  // namespace ridgeline::formats
