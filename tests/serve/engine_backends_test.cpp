// What every backend over an engine promises, each tried where its engine is here, with instances that are
// threads and with such that are processes.

#include <gmock/gmock.h>
#include <numeric>

#include "base/rng.h"
#include "config_text.h"
#include "graph/zoo/zoo.h"
#include "recorded_job.h"
#include "repository_files.h"
#include "serve/backends/backends.h"
#include "serve/repository/model_folder.h"
#include "vision/normalise.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

std::string onnx_of(const Graph& graph) {
  const Result<std::string> bytes = formats::to_onnx(graph);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? *bytes : "";
}

Graph lenet() { return zoo::make("lenet", {.num_classes = 10, .image_size = 32}).value(); }

Tensor noise(Shape shape, uint64_t seed) {
  Tensor tensor = Tensor::zeros(DType::kF32, std::move(shape)).value();
  Rng rng(seed);
  for (float& value : tensor.as<float>()) value = static_cast<float>(rng.normal());
  return tensor;
}

Tensor floats(Shape shape, const std::vector<float>& values) {
  return Tensor::from_values<float>(std::move(shape), values).value();
}

std::vector<float> values_of(const Tensor& tensor) {
  if (tensor.empty()) return {};
  return {tensor.as<float>().begin(), tensor.as<float>().end()};
}

/// y = x · (10, 1): takes rows of 2 where its inputs leave any size.
Graph pairs_alone() {
  Graph graph{.name = "matmul"};
  graph.inputs = {{"x", {DType::kF32, Shape{-1, -1}}, {"batch", "width"}}};
  graph.outputs = {{"y", {DType::kF32, Shape{-1, 1}}, {"batch", ""}}};
  graph.initializers["w"] = floats({2, 1}, {10, 1});
  graph.nodes = {{.name = "matmul", .op = "MatMul", .inputs = {"x", "w"}, .outputs = {"y"}}};
  return graph;
}

/// A backend's name, and how its instances are isolated.
class EngineBackends : public testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  void SetUp() override {
    const Capabilities capabilities = (*registry_->find(engine()))->probe();
    if (!capabilities.available) GTEST_SKIP() << capabilities.reason;
  }

  static std::string name() { return std::get<0>(GetParam()); }
  static std::string isolation() { return std::get<1>(GetParam()); }
  static std::string engine() { return name() == "ridgeline" ? "native" : name(); }

  /// The configuration with backend and isolation.
  static ModelConfig completed(ModelConfig config) {
    config.backend = name();
    config.parameters["isolation"] = isolation();
    return config;
  }

  static const Backend& backend() {
    static const Backends kBackends = make_backends({}, {.most_memory_bytes = 256 << 20});
    return *kBackends.at(name());
  }

  /// The model "m", of these bytes and this configuration, as the server would load it.
  Result<std::unique_ptr<LoadedModel>> load(const std::string& onnx, const std::string& config,
                                            std::vector<NamedShapes> warm = {}) {
    files_.write("m/1/model.onnx", onnx);
    files_.write("m/config.pbtxt", "backend: \"" + name() + "\" default_model_filename: \"model.onnx\"\n" +
                                       "parameters { key: \"isolation\" value { string_value: \"" +
                                       isolation() + "\" } }\n" + config);
    const ModelFolder folder = read_model_folder(files_.root() + "/m");
    EXPECT_TRUE(folder.servable()) << text_of(folder.findings);
    return backend().load({.config = folder.config.value_or(ModelConfig{}),
                           .model_path = folder.path,
                           .version_path = folder.path + "/1",
                           .warm = std::move(warm)});
  }

  std::unique_ptr<Instance> instance(const std::string& onnx, const std::string& config) {
    auto model = load(onnx, config);
    EXPECT_TRUE(model.ok()) << model.status().message();
    if (!model.ok()) return nullptr;
    models_.push_back(std::move(model).value());
    auto made = models_.back()->make_instance({.name = "m_0_0", .threads = 2});
    EXPECT_TRUE(made.ok()) << made.status().message();
    return made.ok() ? std::move(made).value() : nullptr;
  }

  static std::shared_ptr<RecordedJob> job(std::vector<RecordedJob::Input> inputs, int64_t rows = 1) {
    return std::make_shared<RecordedJob>(std::move(inputs), rows);
  }

  static void execute(Instance& instance, const std::vector<std::shared_ptr<RecordedJob>>& jobs) {
    const std::vector<std::shared_ptr<Job>> batch(jobs.begin(), jobs.end());
    instance.execute(batch);
  }

  /// What the engine itself makes of this input of the graph.
  std::vector<float> bare(const Graph& graph, const Tensor& x) {
    const auto session =
        (*registry_->find(engine()))
            ->compile(graph, {.threads = 2, .input_shapes = {{graph.inputs[0].name, x.shape()}}});
    EXPECT_TRUE(session.ok()) << session.status().message();
    std::vector<TensorView> out(1);
    out[0].dtype = DType::kF32;
    EXPECT_TRUE((*session)->run(std::vector{x.view()}, out).ok());
    return {out[0].as<float>().begin(), out[0].as<float>().end()};
  }

  RepositoryFiles files_;
  std::shared_ptr<const EngineRegistry> registry_ = std::make_shared<const EngineRegistry>();
  std::vector<std::unique_ptr<LoadedModel>> models_;
};

TEST_P(EngineBackends, EachRequestOfABatchGetsWhatTheEngineGivesItAlone) {
  const Graph graph = lenet();
  const std::string x = graph.inputs[0].name;
  const std::string y = graph.outputs[0].name;
  const auto model = instance(onnx_of(graph), "max_batch_size: 8 dynamic_batching { }");
  ASSERT_NE(model, nullptr);
  for (const std::vector<int64_t>& batch : std::vector<std::vector<int64_t>>{
           {1}, {8}, {3}, {1, 1}, {2, 1, 4}, {1, 1, 1, 1, 1}, {5, 1}, {1, 2, 3, 2}}) {
    std::vector<std::shared_ptr<RecordedJob>> jobs;
    std::vector<Tensor> inputs;
    for (const int64_t rows : batch) {
      inputs.push_back(noise({rows, 3, 32, 32}, inputs.size() + 1));
      jobs.push_back(job({{x, inputs.back()}}, rows));
    }
    execute(*model, jobs);
    for (size_t i = 0; i < jobs.size(); ++i) {
      ASSERT_EQ(jobs[i]->answers(), 1U);
      ASSERT_EQ(jobs[i]->error(), "");
      const Tensor answer = jobs[i]->output(y);
      EXPECT_EQ(answer.shape(), (Shape{batch[i], 10}));
      EXPECT_THAT(values_of(answer), Pointwise(FloatNear(1e-4F), bare(graph, inputs[i])));
    }
  }
}

TEST_P(EngineBackends, AnswersStayAsTheyAreWhileTheInstanceGoesOn) {
  const Graph graph = lenet();
  const auto model = instance(onnx_of(graph), "max_batch_size: 4");
  ASSERT_NE(model, nullptr);
  std::vector<std::shared_ptr<RecordedJob>> jobs;
  std::vector<std::vector<float>> first;
  for (uint64_t i = 0; i < 20; ++i) {
    jobs.push_back(job({{graph.inputs[0].name, noise({1, 3, 32, 32}, i)}}));
    execute(*model, {jobs.back()});
    first.push_back(values_of(jobs.back()->output(graph.outputs[0].name)));
  }
  for (size_t i = 0; i < jobs.size(); ++i)
    EXPECT_EQ(values_of(jobs[i]->output(graph.outputs[0].name)), first[i]);
}

TEST_P(EngineBackends, MixedShapesEachRunInSessionsOfTheirOwn) {
  const std::string onnx = relu_onnx({-1, -1, 3});
  const auto model = instance(onnx, "max_batch_size: 4");
  ASSERT_NE(model, nullptr);
  for (int round = 0; round < 2; ++round)
    for (int64_t size = 1; size < 20; ++size) {
      const Tensor input = noise({2, size, 3}, static_cast<uint64_t>(size));
      const auto one = job({{"x", input}}, 2);
      execute(*model, {one});
      ASSERT_EQ(one->error(), "");
      const Tensor answer = one->output("y");
      ASSERT_EQ(answer.shape(), input.shape());
      for (int64_t i = 0; i < answer.element_count(); ++i)
        ASSERT_EQ(answer.as<float>()[i], std::max(0.0F, input.as<float>()[i]));
    }
}

/// What an engine refuses is refused when the instance is made, so it is compiled then.
TEST_P(EngineBackends, OpenShapesThatAreToBeWarmAreCompiledBeforeTheModelIsReady) {
  const auto made = [&](int64_t width) -> Status {
    ASSIGN_OR_RETURN(const auto model, load(onnx_of(pairs_alone()), "max_batch_size: 2", {{{"x", {width}}}}));
    return model->make_instance({.name = "m_0_0"}).status();
  };
  EXPECT_EQ(made(2).message(), "");
  EXPECT_THAT(made(3).message(), HasSubstr("model 'm', version 1: x [1,3]: "));
}

TEST_P(EngineBackends, ShapesToBeWarmForThatDoNotFitAreRefusedByName) {
  const std::string onnx = relu_onnx({-1, -1, 3});
  const auto refused = [&](const NamedShapes& warm) {
    const auto model = load(onnx, "max_batch_size: 4", {warm});
    return model.ok() ? model->get()->make_instance({.name = "m_0_0"}).status().message()
                      : model.status().message();
  };
  EXPECT_THAT(refused({{"z", {5, 3}}}), HasSubstr("there is no input 'z'"));
  EXPECT_THAT(refused({{"x", {5, 4}}}), HasSubstr("input 'x' has dims [-1,3] besides the batch, not [5,4]"));
  EXPECT_THAT(refused({{"x", {5}}}), HasSubstr("not [5]"));
  EXPECT_THAT(refused({}), HasSubstr("input 'x' has dims [-1,3]: say of which size"));
}

TEST_P(EngineBackends, RaggedRequestsOfOneBatchRunWithThoseLikeThem) {
  const auto model = instance(relu_onnx({-1, -1}), "max_batch_size: 8");
  ASSERT_NE(model, nullptr);
  std::vector<std::shared_ptr<RecordedJob>> jobs;
  std::vector<Tensor> inputs;
  for (const int64_t width : {2, 900, 2, 1, 900}) {
    inputs.push_back(noise({1, width}, inputs.size() + 1));
    jobs.push_back(job({{"x", inputs.back()}}));
  }
  execute(*model, jobs);
  for (size_t i = 0; i < jobs.size(); ++i) {
    std::vector<float> expected = values_of(inputs[i]);
    for (float& value : expected) value = std::max(0.0F, value);
    EXPECT_EQ(jobs[i]->answers(), 1U);
    EXPECT_EQ(values_of(jobs[i]->output("y")), expected);
  }
}

TEST_P(EngineBackends, AModelWithoutABatchAxisRunsRequestByRequest) {
  const auto model = instance(relu_onnx({2, 3}), "max_batch_size: 0");
  ASSERT_NE(model, nullptr);
  const auto a = job({{"x", floats({2, 3}, {-1, 2, -3, 4, -5, 6})}});
  const auto b = job({{"x", floats({2, 3}, {1, -2, 3, -4, 5, -6})}});
  execute(*model, {a, b});
  EXPECT_EQ(a->output("y").shape(), (Shape{2, 3}));
  EXPECT_THAT(values_of(a->output("y")), ElementsAre(0, 2, 0, 4, 0, 6));
  EXPECT_THAT(values_of(b->output("y")), ElementsAre(1, 0, 3, 0, 5, 0));
}

TEST_P(EngineBackends, AScalarOfEachItemIsReshaped) {
  const auto model = instance(relu_onnx({-1}),
                              "max_batch_size: 4\n"
                              "input { name: \"x\" data_type: TYPE_FP32 dims: [ 1 ] reshape { } }\n"
                              "output { name: \"y\" data_type: TYPE_FP32 dims: [ 1 ] reshape { } }");
  ASSERT_NE(model, nullptr);
  const auto a = job({{"x", floats({1, 1}, {-7})}});
  const auto b = job({{"x", floats({2, 1}, {8, -9})}}, 2);
  execute(*model, {a, b});
  EXPECT_EQ(b->output("y").shape(), (Shape{2, 1}));
  EXPECT_THAT(values_of(a->output("y")), ElementsAre(0));
  EXPECT_THAT(values_of(b->output("y")), ElementsAre(8, 0));
}

TEST_P(EngineBackends, ReshapesCarryTheSizesThatRequestsChoose) {
  const auto model = instance(relu_onnx({-1, 2, -1}),
                              "max_batch_size: 4\n"
                              "input { name: \"x\" data_type: TYPE_FP32 dims: [ 2, 1, -1 ] reshape { shape: "
                              "[ 2, -1 ] } }\n"
                              "output { name: \"y\" data_type: TYPE_FP32 dims: [ 1, 2, -1 ] reshape { shape: "
                              "[ 2, -1 ] } }");
  ASSERT_NE(model, nullptr);
  const auto one = job({{"x", floats({1, 2, 1, 3}, {-1, 2, -3, 4, -5, 6})}});
  execute(*model, {one});
  EXPECT_EQ(one->error(), "");
  EXPECT_EQ(one->output("y").shape(), (Shape{1, 1, 2, 3}));
  EXPECT_THAT(values_of(one->output("y")), ElementsAre(0, 2, 0, 4, 0, 6));
}

TEST_P(EngineBackends, ARequestWithoutAnInputFailsAloneAndTheInstanceLivesOn) {
  const auto model = instance(relu_onnx({-1, 2}), "max_batch_size: 4");
  ASSERT_NE(model, nullptr);
  const auto bad = job({});
  const auto good = job({{"x", floats({1, 2}, {-1, 2})}});
  execute(*model, {bad, good});
  EXPECT_THAT(bad->error(), HasSubstr("input 'x' is missing"));
  EXPECT_THAT(values_of(good->output("y")), ElementsAre(0, 2));
}

TEST_P(EngineBackends, AShapeThatTheModelRefusesFailsItsBatchOnly) {
  const auto model = instance(onnx_of(pairs_alone()), "max_batch_size: 4");
  ASSERT_NE(model, nullptr);
  const auto bad = job({{"x", floats({1, 3}, {1, 2, 3})}});
  execute(*model, {bad});
  ASSERT_EQ(bad->answers(), 1U);
  EXPECT_THAT(bad->error(), HasSubstr("model 'm', version 1: x [1,3]: "));
  EXPECT_THAT(bad->error(), testing::Not(HasSubstr("\n")));
  const auto good = job({{"x", floats({1, 2}, {1, 2})}});
  execute(*model, {good});
  EXPECT_THAT(values_of(good->output("y")), ElementsAre(12));
}

TEST_P(EngineBackends, ABatchThatTheModelDoesNotHaveIsRefusedWithTheRemedy) {
  Graph graph{.name = "sum"};
  graph.inputs = {{"x", {DType::kF32, Shape{-1, 2}}, {"batch", ""}}};
  graph.outputs = {{"y", {DType::kF32, Shape{1, 2}}, {}}};
  graph.nodes = {{.name = "sum", .op = "ReduceSum", .inputs = {"x", "axes"}, .outputs = {"y"}}};
  const std::vector<int64_t> axes = {0};
  graph.initializers["axes"] = Tensor::from_values<int64_t>({1}, axes).value();
  files_.write("m/1/model.onnx", onnx_of(graph));
  const ModelConfig config = config_of(
      "name: \"m\" max_batch_size: 2 default_model_filename: \"model.onnx\"\n"
      "input { name: \"x\" data_type: TYPE_FP32 dims: [ 2 ] }\n"
      "output { name: \"y\" data_type: TYPE_FP32 dims: [ 2 ] }");
  const auto model = backend().load({.config = completed(config), .version_path = files_.root() + "/m/1"});
  ASSERT_TRUE(model.ok()) << model.status().message();
  const auto made = (*model)->make_instance({.name = "m_0_0"});
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.status().message(),
              HasSubstr("output 'y' is [1,2] for a batch of 2: set max_batch_size: 0"));
}

TEST_P(EngineBackends, PixelsBecomeWhatTheContractInTheFileMakesOfThem) {
  vision::Preprocessing bgr;
  bgr.color_order = vision::ColorOrder::kBgr;
  bgr.layout = vision::Layout::kNhwc;
  bgr.mean = {0.5F, 0.25F, 0.125F};
  for (const vision::Preprocessing& how : {vision::Preprocessing(), bgr}) {
    const Shape dims = how.layout == vision::Layout::kNchw ? Shape{-1, 3, 4, 4} : Shape{-1, 4, 4, 3};
    Graph graph{.name = "relu"};
    graph.inputs = {{"x", {DType::kF32, dims}, {"n", "", "", ""}}};
    graph.outputs = {{"y", {DType::kF32, dims}, {"n", "", "", ""}}};
    graph.nodes = {{.name = "relu", .op = "Relu", .inputs = {"x"}, .outputs = {"y"}}};
    graph.metadata = vision::to_metadata({.preprocessing = how, .classes = {}});
    const auto model = instance(
        onnx_of(graph), "max_batch_size: 2 input { name: \"x\" data_type: TYPE_UINT8 dims: [ 4, 4, 3 ] }");
    ASSERT_NE(model, nullptr);
    std::vector<uint8_t> levels(48);
    std::iota(levels.begin(), levels.end(), uint8_t{90});
    const auto one = job({{"x", Tensor::from_values<uint8_t>({1, 4, 4, 3}, levels).value()}});
    execute(*model, {one});
    ASSERT_EQ(one->error(), "");
    std::vector<float> expected(48);
    vision::Normaliser(how, how.layout, DType::kF32)
        .write(levels, std::as_writable_bytes(std::span(expected)));
    for (float& value : expected) value = std::max(0.0F, value);
    EXPECT_THAT(values_of(one->output("y")), Pointwise(FloatNear(1e-5F), expected));
  }
}

TEST_P(EngineBackends, TextIsRefusedWithWhatTakesIt) {
  const ModelConfig config =
      config_of("name: \"m\" input { name: \"x\" data_type: TYPE_STRING dims: [ 2 ] }");
  const auto model = backend().load({.config = completed(config)});
  EXPECT_EQ(model.status().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(model.status().message(), HasSubstr("input 'x' is TYPE_STRING"));
  EXPECT_THAT(model.status().message(), HasSubstr("\"image\""));
}

TEST_P(EngineBackends, TimesAddUpToTheExecution) {
  const auto model = instance(onnx_of(lenet()), "max_batch_size: 4");
  ASSERT_NE(model, nullptr);
  const std::shared_ptr<Job> one = job({{lenet().inputs[0].name, noise({4, 3, 32, 32}, 1)}}, 4);
  const auto begin = std::chrono::steady_clock::now();
  const ComputeTimes times = model->execute(std::span(&one, 1));
  const auto spent = std::chrono::steady_clock::now() - begin;
  EXPECT_GT(times.infer.count(), 0);
  EXPECT_LE(times.input + times.infer + times.output, spent);
}

INSTANTIATE_TEST_SUITE_P(Each, EngineBackends,
                         testing::Combine(testing::Values("onnxruntime", "openvino", "ridgeline"),
                                          testing::Values("thread", "process")));

// forward(image) gives relu(conv1x1(image) with the weights 2 and -1), and a mean without a batch axis.
TEST(PytorchBackend, RunsTorchscriptByTheNamesAndThePositionsOfItsTensors) {
  const EngineRegistry registry;
  const Capabilities capabilities = (*registry.find("libtorch"))->probe();
  if (!capabilities.available) GTEST_SKIP() << capabilities.reason;
  for (const auto& [x, y, isolation] :
       {std::tuple("image", "output_0", "thread"), std::tuple("INPUT__0", "OUTPUT__0", "thread"),
        std::tuple("INPUT__0", "OUTPUT__0", "process")}) {
    ModelConfig config = config_of("name: \"m\" backend: \"pytorch\" max_batch_size: 4");
    config.default_model_filename = "tiny.pt";
    config.parameters["isolation"] = isolation;
    config.inputs = {{{.name = x, .datatype = DType::kF32, .dims = {2, 1, 2}}}};
    config.outputs = {{{.name = y, .datatype = DType::kF32, .dims = {1, 1, 2}}, ""}};
    const auto model = make_backends().at("pytorch")->load(
        {.config = config, .version_path = SERVE_TEST_DATA "/../../engine/data"});
    ASSERT_TRUE(model.ok()) << model.status().message();
    const auto instance = (*model)->make_instance({.name = "m_0_0"});
    ASSERT_TRUE(instance.ok()) << instance.status().message();
    std::vector<std::shared_ptr<RecordedJob>> jobs;
    for (const float first : {1.0F, 5.0F, -5.0F})
      jobs.push_back(std::make_shared<RecordedJob>(
          std::vector<RecordedJob::Input>{{x, floats({1, 2, 1, 2}, {first, 2, 3, 3})}}, 1));
    const std::vector<std::shared_ptr<Job>> batch(jobs.begin(), jobs.end());
    (*instance)->execute(batch);
    ASSERT_EQ(jobs[0]->error(), "");
    EXPECT_THAT(values_of(jobs[0]->output(y)), ElementsAre(0, 1));
    EXPECT_THAT(values_of(jobs[1]->output(y)), ElementsAre(7, 1));
    EXPECT_THAT(values_of(jobs[2]->output(y)), ElementsAre(0, 1));
  }
}

TEST(EngineBackendsTable, HoldsTheBackendsThatConfigurationsName) {
  const Backends backends = make_backends();
  for (const char* name :
       {"onnxruntime", "openvino", "pytorch", "ridgeline", "python", "image", "identity"}) {
    ASSERT_TRUE(backends.contains(name));
    EXPECT_EQ(backends.at(name)->name(), name);
  }
}

}  // namespace
}  // namespace ridgeline::serve
