#include "engine/plugin_host.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/registry.h"
#include "graph/zoo/zoo.h"

namespace ridgeline {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<Engine> test_plugin(const std::string& name) {
  return make_plugin_engine(name, {TEST_PLUGINS_DIR});
}

/// A graph whose bytes are the word that the sample plugin takes for a model.
Graph model_of(const std::string& word) {
  Graph graph;
  graph.name = word;
  graph.source.onnx = std::make_shared<const std::string>(word);
  return graph;
}

std::unique_ptr<Session> compile_sample(const std::string& word) {
  auto session = test_plugin("sample")->compile(model_of(word), {});
  EXPECT_TRUE(session.ok()) << session.status().message();
  return std::move(session).value();
}

TensorView view_of(std::vector<float>& values) {
  return {DType::kF32, Shape{static_cast<int64_t>(values.size())},
          reinterpret_cast<std::byte*>(values.data())};
}

const TensorView kLend;

TEST(PluginHost, WhatAPluginSaysOfItselfArrivesWhole) {
  const auto engine = test_plugin("sample");
  EXPECT_EQ(engine->version(), "1.2");
  const Capabilities capabilities = engine->probe();
  EXPECT_TRUE(capabilities.available);
  ASSERT_EQ(capabilities.devices.size(), 2u);
  EXPECT_THAT(capabilities.devices[0].precisions, ElementsAre(Precision::kFp32, Precision::kInt8));
  EXPECT_THAT(capabilities.devices[0].needs_converted, ElementsAre(Precision::kFp16));
  EXPECT_FALSE(capabilities.devices[1].available);
  EXPECT_EQ(capabilities.devices[1].reason, "no GPU here");
}

TEST(PluginHost, ResultsAreCopiedToTheCallerOrLent) {
  const auto session = compile_sample("double");
  std::vector<float> x = {-1, 3};
  std::vector<float> y(2);
  const std::array in = {view_of(x)};
  std::array out = {view_of(y), TensorView{.dtype = DType::kF32, .shape = {}, .data = nullptr}};
  ASSERT_TRUE(session->run(in, out).ok());
  EXPECT_THAT(y, ElementsAre(-2, 6));
  EXPECT_THAT(out[1].as<float>(), ElementsAre(3));

  out = {kLend, kLend};
  ASSERT_TRUE(session->run(in, out).ok());
  EXPECT_THAT(out[0].as<float>(), ElementsAre(-2, 6));
}

TEST(PluginHost, AWrongShapeTypeOrCountIsRefusedBeforeThePluginSeesIt) {
  const auto session = compile_sample("throw");
  std::vector<float> three(3);
  std::vector<float> two(2);
  std::array out = {kLend, kLend};

  const Status shape = session->run(std::array{view_of(three)}, out);
  EXPECT_EQ(shape.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(shape.message(), "input 'x' is f32 3, this session was compiled for f32 2");

  const TensorView integers = {DType::kI32, Shape{2}, reinterpret_cast<std::byte*>(two.data())};
  EXPECT_THAT(session->run(std::array{integers}, out).message(), HasSubstr("'x' is i32 2"));
  EXPECT_THAT(session->run({}, out).message(), HasSubstr("0 inputs given, the model takes 1"));

  const TensorView no_data = {DType::kF32, Shape{2}, nullptr};
  EXPECT_THAT(session->run(std::array{no_data}, out).message(), HasSubstr("'x' has no data"));

  std::array data_dependent = {kLend, view_of(two)};
  EXPECT_THAT(session->run(std::array{view_of(two)}, data_dependent).message(), HasSubstr("'positives'"));
}

TEST(PluginHost, WhatAPluginThrowsIsAnErrorHere) {
  std::vector<float> x(2);
  const std::array in = {view_of(x)};
  std::array out = {kLend, kLend};
  EXPECT_THAT(compile_sample("throw")->run(in, out).message(), HasSubstr("sample is out of sorts"));
  EXPECT_EQ(compile_sample("throw_int")->run(in, out).code(), ErrorCode::kInternal);
  EXPECT_EQ(compile_sample("exhaust")->run(in, out).code(), ErrorCode::kOutOfMemory);
  const auto early = test_plugin("sample")->compile(model_of("throw_early"), {});
  EXPECT_THAT(early.status().message(), AllOf(HasSubstr("sample"), HasSubstr("can't compile")));
}

TEST(PluginHost, OptionsProfileAndMemoryCrossTheDoor) {
  const auto engine = test_plugin("sample");
  const SessionOptions options = {.input_shapes = {{"x", Shape{1, 4}}}};
  auto session = engine->compile(model_of("double"), options);
  ASSERT_TRUE(session.ok());
  EXPECT_EQ((*session)->signature().inputs[0].type.shape, (Shape{1, 4}));
  EXPECT_FALSE((*session)->signature().outputs[1].type.shape->is_static());
  const MemoryUse memory = (*session)->memory();
  EXPECT_EQ(memory.weights_bytes, 3);
  EXPECT_EQ(memory.shared_bytes, 2);
  EXPECT_EQ(memory.arena_bytes, 5);

  std::vector<float> x(4);
  const TensorView in = {DType::kF32, Shape{1, 4}, reinterpret_cast<std::byte*>(x.data())};
  const auto ops = (*session)->profile(std::array{in}, 9);
  ASSERT_TRUE(ops.ok());
  EXPECT_EQ(ops->at(0).op, "Double");
  EXPECT_EQ(ops->at(0).mean_us, 9);
  EXPECT_EQ((*session)->profile(std::array{in}, 0).status().code(), ErrorCode::kInvalidArgument);
}

TEST(PluginHost, APluginIsToldWhatPrecisionTheModelAlreadyHas) {
  Graph graph = model_of("double");
  const auto engine = test_plugin("sample");
  EXPECT_TRUE(engine->supports(graph, {}).ok());
  graph.nodes.emplace_back().op = "DequantizeLinear";
  const Status refusal = engine->supports(graph, {});
  EXPECT_EQ(refusal.code(), ErrorCode::kUnsupported);
  EXPECT_EQ(refusal.message(), "sample: the model is int8");
}

TEST(PluginHost, AnFp32ModelIsConvertedForAPluginThatNeedsItsWeightsInFp16) {
  Graph graph = zoo::make("lenet", {.image_size = 32}).value();
  const auto engine = test_plugin("sample");
  EXPECT_TRUE(engine->supports(graph, {.precision = Precision::kFp16}).ok());
  EXPECT_EQ(engine->supports(graph, {.precision = Precision::kBf16}).message(), "sample: the model is fp32");
}

TEST(PluginHost, APluginIsToldWhatTheNamedDimensionsAre) {
  Graph graph = model_of("double");
  graph.inputs = {{.name = "x", .type = {DType::kF32, Shape{-1, 4}}, .dim_names = {"odd", ""}}};
  const auto engine = test_plugin("sample");
  EXPECT_TRUE(engine->supports(graph, {.input_shapes = {{"x", Shape{3, 4}}}}).ok());
  EXPECT_EQ(engine->supports(graph, {.input_shapes = {{"x", Shape{8, 4}}}}).message(), "sample: odd is 8");
}

struct Broken {
  std::string engine;
  std::string reason;
};
class BrokenPlugin : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenPlugin, IsAnEngineThatSaysWhyItIsNotHere) {
  const auto engine = test_plugin(GetParam().engine);
  const Capabilities capabilities = engine->probe();
  EXPECT_FALSE(capabilities.available);
  EXPECT_THAT(capabilities.reason, HasSubstr(GetParam().reason));
  EXPECT_EQ(engine->compile(model_of("double"), {}).status().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(engine->supports(model_of("double"), {}).code(), ErrorCode::kUnavailable);
  EXPECT_EQ(engine->version(), "");
}

INSTANTIATE_TEST_SUITE_P(All, BrokenPlugin,
                         ::testing::Values(Broken{"old_interface", "speaks plugin interface 0"},
                                           Broken{"other_name", "'broken'"},
                                           Broken{"no_entry", "lacks ridgeline_engine_v1"},
                                           Broken{"needs_absent_library", "libabsent_library.so"},
                                           Broken{"absent", "RIDGELINE_PLUGINS"}),
                         [](const auto& plugin) { return plugin.param.engine; });

TEST(PluginHost, AFileThatIsNoLibraryIsAnEngineThatSaysSo) {
  const std::string directory = ::testing::TempDir() + "ridgeline_garbage_plugin";
  std::filesystem::create_directories(directory);
  std::ofstream(directory + "/libridgeline_garbage.so") << "not an ELF file";
  EXPECT_THAT(make_plugin_engine("garbage", {directory})->probe().reason, HasSubstr("does not load"));
}

TEST(PluginHost, TheDirectoriesOfTheEnvironmentComeFirst) {
  ASSERT_EQ(setenv("RIDGELINE_PLUGINS", "/first::/second", 1), 0);
  const auto directories = plugin_directories();
  unsetenv("RIDGELINE_PLUGINS");
  ASSERT_EQ(directories.size(), 4u);
  EXPECT_EQ(directories[0], "/first");
  EXPECT_EQ(directories[1], "/second");
  EXPECT_THAT(directories[3], ::testing::EndsWith("/lib/ridgeline"));
}

TEST(Registry, ListsTheKnownEnginesInOrderAndThenTheUsersOwn) {
  const EngineRegistry registry({TEST_PLUGINS_DIR});
  const auto names = registry.names();
  const auto own = std::find(names.begin(), names.end(), "sample");
  ASSERT_NE(own, names.end());
  EXPECT_LT(std::find(names.begin(), names.end(), "libtorch"), own);
  const auto found = registry.find("sample");
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE((*found)->probe().available);
}

TEST(Registry, AnUnknownNameIsRefusedWithTheKnownOnes) {
  const Status status = EngineRegistry(std::vector<std::string>()).find("onnxrutnime").status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("'onnxrutnime'"), HasSubstr("onnxruntime, ")));
}

}  // namespace
}  // namespace ridgeline
