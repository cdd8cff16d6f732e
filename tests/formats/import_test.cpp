#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "model_maker.h"

namespace ridgeline::formats {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> ops_of(const Graph& graph) {
  std::vector<std::string> ops;
  for (const Node& node : graph.nodes) ops.push_back(node.op);
  return ops;
}

TEST(OnnxImport, EveryTypedFieldAndRawDataGiveTheSameTensor) {
  struct Case {
    int type;
    DType dtype;
    std::function<void(onnx::TensorProto&)> fill;
    std::string raw;
  };
  using T = onnx::TensorProto;
  const std::vector<Case> cases = {
      {T::FLOAT, DType::kF32, [](T& t) { t.add_float_data(1); }, std::string("\0\0\x80\x3f", 4)},
      {T::DOUBLE, DType::kF64, [](T& t) { t.add_double_data(1); }, std::string("\0\0\0\0\0\0\xf0\x3f", 8)},
      {T::FLOAT16, DType::kF16, [](T& t) { t.add_int32_data(0x3c00); }, std::string("\x00\x3c", 2)},
      {T::BFLOAT16, DType::kBF16, [](T& t) { t.add_int32_data(0x3f80); }, std::string("\x80\x3f", 2)},
      {T::INT8, DType::kI8, [](T& t) { t.add_int32_data(-2); }, std::string("\xfe", 1)},
      {T::UINT8, DType::kU8, [](T& t) { t.add_int32_data(254); }, std::string("\xfe", 1)},
      {T::INT16, DType::kI16, [](T& t) { t.add_int32_data(-2); }, std::string("\xfe\xff", 2)},
      {T::UINT16, DType::kU16, [](T& t) { t.add_int32_data(65534); }, std::string("\xfe\xff", 2)},
      {T::INT32, DType::kI32, [](T& t) { t.add_int32_data(-2); }, std::string("\xfe\xff\xff\xff", 4)},
      {T::UINT32, DType::kU32, [](T& t) { t.add_uint64_data(5); }, std::string("\x05\0\0\0", 4)},
      {T::INT64, DType::kI64, [](T& t) { t.add_int64_data(5); }, std::string("\x05\0\0\0\0\0\0\0", 8)},
      {T::UINT64, DType::kU64, [](T& t) { t.add_uint64_data(5); }, std::string("\x05\0\0\0\0\0\0\0", 8)},
      {T::BOOL, DType::kBool, [](T& t) { t.add_int32_data(1); }, std::string("\x07", 1)},
  };
  for (const Case& each : cases) {
    ModelMaker maker(17);
    maker.output("typed", {1}, each.type);
    onnx::TensorProto* typed = maker.graph().add_initializer();
    typed->set_name("typed");
    typed->set_data_type(each.type);
    typed->add_dims(1);
    onnx::TensorProto* raw = maker.graph().add_initializer();
    *raw = *typed;
    raw->set_name("raw");
    each.fill(*typed);
    raw->set_raw_data(each.raw);
    const Result<Graph> graph = maker.parse();
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    const Tensor& a = graph->initializers.at("typed");
    const Tensor& b = graph->initializers.at("raw");
    EXPECT_EQ(a.dtype(), each.dtype);
    EXPECT_EQ(std::memcmp(a.data(), b.data(), a.byte_size()), 0) << name_of(each.dtype);
  }
}

TEST(OnnxImport, ConstantsOfEveryKindBecomeInitializers) {
  ModelMaker maker(17);
  maker.output("i", {}, onnx::TensorProto::INT64);
  maker.node("Constant", {}, {"i"}).set("value_int", int64_t{3});
  maker.node("Constant", {}, {"is"}).set("value_ints", std::vector<int64_t>{3, 4});
  maker.node("Constant", {}, {"f"}).set("value_float", 0.5F);
  maker.node("Constant", {}, {"fs"}).set("value_floats", std::vector<float>{0.5F});
  maker.node("Constant", {}, {"s"}).set("value_string", std::string("cat"));
  const Result<Graph> graph = maker.parse();
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_TRUE(graph->nodes.empty());
  EXPECT_EQ(graph->initializers.at("i").as<int64_t>()[0], 3);
  EXPECT_EQ(graph->initializers.at("is").shape(), Shape{2});
  EXPECT_EQ(graph->initializers.at("f").as<float>()[0], 0.5F);
  EXPECT_EQ(graph->initializers.at("fs").shape(), Shape{1});
  EXPECT_EQ(graph->initializers.at("s").as<std::string>()[0], "cat");
}

TEST(OnnxImport, InitializersListedAmongInputsAreNoInputs) {
  const Result<Graph> graph = ModelMaker(8)
                                  .input("x", {1})
                                  .input("w", {1})
                                  .floats("w", {2})
                                  .output("y", {1})
                                  .node("Add", {"x", "w"}, {"y"})
                                  .parse();
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  ASSERT_EQ(graph->inputs.size(), 1U);
  EXPECT_EQ(graph->inputs[0].name, "x");
}

TEST(OnnxImport, NamelessNodesGetNamesAndNamesGivenTwiceBecomeUnique) {
  ModelMaker maker(17);
  maker.input("x", {1}).output("d", {1});
  maker.node("Relu", {"x"}, {"a"})
      .node("Relu", {"a"}, {"b"})
      .node("Relu", {"b"}, {"c"})
      .node("Relu", {"c"}, {"d"});
  maker.graph().mutable_node(2)->clear_name();
  maker.graph().mutable_node(3)->clear_name();
  const Result<Graph> graph = maker.parse();
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  std::set<std::string> names;
  for (const Node& node : graph->nodes) names.insert(node.name);
  EXPECT_EQ(names.size(), 4U);
  EXPECT_FALSE(names.contains(""));
}

TEST(OnnxImport, NodesOutOfOrderAreSorted) {
  const Result<Graph> graph = ModelMaker(17)
                                  .input("x", {1})
                                  .output("y", {1})
                                  .node("Abs", {"m"}, {"y"})
                                  .node("Neg", {"x"}, {"m"})
                                  .parse();
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_THAT(ops_of(*graph), ElementsAre("Neg", "Abs"));
}

/// A function with an attribute that a call gives or leaves to its default, called twice.
ModelMaker model_with_function() {
  ModelMaker maker(17);
  maker.input("x", {2, 2}).output("y", {2, 2});
  maker.node("Leaky", {"x"}, {"m"}).set("slope", 0.25F).node("Leaky", {"m"}, {"y"});
  for (onnx::NodeProto& node : *maker.graph().mutable_node()) node.set_domain("my.own");
  maker.graph().mutable_node(1)->set_name("second");
  onnx::FunctionProto* function = maker.model().add_functions();
  function->set_name("Leaky");
  function->set_domain("my.own");
  function->add_input("a");
  function->add_output("c");
  function->add_opset_import()->set_version(12);
  onnx::AttributeProto* fallback = function->add_attribute_proto();
  fallback->set_name("slope");
  fallback->set_type(onnx::AttributeProto::FLOAT);
  fallback->set_f(0.5F);
  onnx::NodeProto* leaky = function->add_node();
  leaky->set_op_type("LeakyRelu");
  leaky->add_input("a");
  leaky->add_output("b");
  onnx::AttributeProto* alpha = leaky->add_attribute();
  alpha->set_name("alpha");
  alpha->set_type(onnx::AttributeProto::FLOAT);
  alpha->set_ref_attr_name("slope");
  onnx::NodeProto* squeeze = function->add_node();
  squeeze->set_op_type("Softmax");
  squeeze->add_input("b");
  squeeze->add_output("c");
  return maker;
}

TEST(OnnxImport, FunctionsAreInlinedInTheirOwnOpset) {
  const Result<Graph> graph = model_with_function().parse();
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_THAT(ops_of(*graph), ElementsAre("LeakyRelu", "Softmax", "LeakyRelu", "Softmax"));
  EXPECT_EQ(graph->nodes[0].float_or("alpha", 0), 0.25F);
  EXPECT_EQ(graph->nodes[2].float_or("alpha", 0), 0.5F);
  EXPECT_EQ(graph->nodes[1].int_or("axis", 0), -1) << "opset 12's Softmax, in opset 17's form";
  EXPECT_THAT(graph->nodes[3].outputs, ElementsAre("y"));
  EXPECT_NE(graph->nodes[0].outputs, graph->nodes[2].outputs) << "each call has its own locals";
}

TEST(OnnxImport, FunctionsThatCallThemselvesAreRefused) {
  ModelMaker maker = model_with_function();
  onnx::NodeProto* node = maker.model().mutable_functions(0)->mutable_node(0);
  node->clear_attribute();
  node->set_op_type("Leaky");
  node->set_domain("my.own");
  EXPECT_THAT(maker.parse().status().message(), HasSubstr("call themselves"));
}

TEST(OnnxImport, SubgraphsAreCarriedWithWhatTheyCapture) {
  ModelMaker maker(17);
  maker.input("x", {2}).input("go", {}, onnx::TensorProto::BOOL).output("y", {2}).node("If", {"go"}, {"y"});
  for (const char* branch : {"then_branch", "else_branch"}) {
    onnx::AttributeProto* attribute = maker.graph().mutable_node(0)->add_attribute();
    attribute->set_name(branch);
    attribute->set_type(onnx::AttributeProto::GRAPH);
    onnx::GraphProto* body = attribute->mutable_g();
    body->set_name(branch);
    fill_value(*body->add_output(), "inner", {2}, onnx::TensorProto::FLOAT);
    onnx::NodeProto* node = body->add_node();
    node->set_op_type("Abs");
    node->add_input("x");
    node->add_output("inner");
  }
  const Result<Graph> graph = maker.parse();
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  ASSERT_NE(graph->nodes[0].subgraph("then_branch"), nullptr);
  EXPECT_THAT(graph->nodes[0].subgraph("then_branch")->nodes[0].inputs, ElementsAre("x"));
}

TEST(OnnxImport, MicrosoftsOpsAreCarriedAndOtherDomainsRefused) {
  ModelMaker maker(17);
  maker.input("x", {1}).output("y", {1}).node("FusedGelu", {"x"}, {"y"});
  maker.graph().mutable_node(0)->set_domain("com.microsoft");
  EXPECT_TRUE(maker.parse().ok());
  maker.graph().mutable_node(0)->set_domain("ai.onnx.ml");
  EXPECT_THAT(maker.parse().status().message(), HasSubstr("op FusedGelu of domain 'ai.onnx.ml'"));
}

/// A model beside a file of weights, and where its one tensor says that they lie.
class ExternalWeights : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_ / "model");
    ASSERT_TRUE(
        write_file_atomically((directory_ / "model" / "weights").string(), std::string(64, '\1')).ok());
    ASSERT_TRUE(write_file_atomically((directory_ / "outside").string(), std::string(64, '\1')).ok());
  }

  Result<Graph> load(const std::string& location, const std::string& offset, const std::string& length) {
    ModelMaker maker(17);
    maker.output("w", {4});
    onnx::TensorProto* tensor = maker.graph().add_initializer();
    tensor->set_name("w");
    tensor->set_data_type(onnx::TensorProto::FLOAT);
    tensor->add_dims(4);
    tensor->set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] :
         {std::pair{"location", location}, {"offset", offset}, {"length", length}}) {
      onnx::StringStringEntryProto* entry = tensor->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
    const std::string path = (directory_ / "model" / "model.onnx").string();
    EXPECT_TRUE(write_file_atomically(path, maker.bytes()).ok());
    return load_onnx(path);
  }

  std::string refusal(const std::string& location, const std::string& offset = "0",
                      const std::string& length = "16") {
    return load(location, offset, length).status().message();
  }

  std::filesystem::path directory_;
};

TEST_F(ExternalWeights, AreReadAtAnyOffset) {
  for (const char* offset : {"0", "3"}) {
    const Result<Graph> graph = load("weights", offset, "16");
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    EXPECT_EQ(graph->initializers.at("w").data()[15], std::byte{1});
  }
}

TEST_F(ExternalWeights, CannotLeaveTheModelsDirectory) {
  std::filesystem::create_symlink(directory_ / "outside", directory_ / "model" / "link");
  EXPECT_THAT(refusal("../outside"), HasSubstr("'../outside' is not a path inside the model's directory"));
  EXPECT_THAT(refusal((directory_ / "model" / "weights").string()), HasSubstr("not a path inside"));
  EXPECT_THAT(refusal("link"), HasSubstr("'link' is a link out of the model's directory"));
  EXPECT_THAT(refusal(""), HasSubstr("not a path inside"));
}

TEST_F(ExternalWeights, MustBeThereAndWhole) {
  EXPECT_THAT(refusal("absent"), HasSubstr("'absent' is not beside the model"));
  EXPECT_THAT(refusal("."), HasSubstr("not a regular file"));
  EXPECT_THAT(refusal("weights", "52"), HasSubstr("the file is cut short"));
  EXPECT_THAT(refusal("weights", "18446744073709551615"), HasSubstr("the file is cut short"));
  EXPECT_THAT(refusal("weights", "-1"), HasSubstr("offset '-1' is not a number of bytes"));
  EXPECT_THAT(refusal("weights", "0", "15"), HasSubstr("length is 15 bytes, but shape 4 of f32 takes 16"));
}

TEST_F(ExternalWeights, AreRefusedForAModelFromMemory) {
  ASSERT_TRUE(load("weights", "0", "16").ok());
  const std::string bytes = read_file((directory_ / "model" / "model.onnx").string()).value();
  EXPECT_THAT(parse_onnx(bytes, "memory.onnx").status().message(),
              HasSubstr("memory.onnx: tensor 'w': external data"));
}

}  // namespace
}  // namespace ridgeline::formats
