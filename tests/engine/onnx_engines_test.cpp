// What the engines that compile ONNX bytes promise, each tried where its plugin is built and its library is
// here.

#include <array>
#include <atomic>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <sched.h>
#include <thread>
#include <unistd.h>

#include "base/cpu_features.h"
#include "engine/registry.h"
#include "formats/onnx.h"
#include "tiny_onnx.h"

namespace ridgeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class OnnxEngine : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    auto engine = registry_.find(GetParam());
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    engine_ = *engine;
    const Capabilities capabilities = engine_->probe();
    if (!capabilities.available) GTEST_SKIP() << capabilities.reason;
  }

  std::unique_ptr<Session> compile(const Graph& graph, int64_t batch) {
    auto session = engine_->compile(graph, options_for(batch));
    EXPECT_TRUE(session.ok()) << session.status().message();
    return session.ok() ? std::move(session).value() : nullptr;
  }

  static SessionOptions options_for(int64_t batch) {
    return {.threads = 2, .input_shapes = {{"x", Shape{batch, 2, 2, 2}}}};
  }

  static TensorView view_of(std::vector<float>& values, Shape shape) {
    return {DType::kF32, std::move(shape), reinterpret_cast<std::byte*>(values.data())};
  }

  EngineRegistry registry_;
  const Engine* engine_ = nullptr;
  std::vector<float> x_ = {1, 2, 3, 4, 0, 1, 2, 1};  // two channels: y = relu(x0 - 2 x1)
};

TEST_P(OnnxEngine, ComputesTheModelForTheCompiledShape) {
  const auto session = compile(tiny_graph(), 1);
  ASSERT_NE(session, nullptr);
  ASSERT_EQ(session->signature().outputs.size(), 2u);
  EXPECT_EQ(session->signature().outputs[0].type.shape, (Shape{1, 1, 2, 2}));

  std::vector<float> y(4, -1);
  const std::array in = {view_of(x_, {1, 2, 2, 2})};
  std::array out = {view_of(y, {1, 1, 2, 2}), TensorView()};
  const Status status = session->run(in, out);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_THAT(y, ElementsAre(1, 0, 0, 2));
  EXPECT_EQ(out[1].dtype, DType::kI64);
  EXPECT_EQ(out[1].shape, (Shape{4, 2}));
  EXPECT_THAT(out[1].as<int64_t>(), ElementsAre(0, 0, 0, 0, 0, 1, 0, 1));
}

TEST_P(OnnxEngine, LendsItsOutputAndSeesNewInputAtTheSameOrAnotherAddress) {
  const auto session = compile(tiny_graph(), 1);
  ASSERT_NE(session, nullptr);
  std::vector<float> other = {5, 0, 0, 0, 0, 0, 0, 0};
  const auto first_of_y = [&](std::vector<float>& x) {
    std::array out = {TensorView(), TensorView()};
    EXPECT_TRUE(session->run(std::array{view_of(x, {1, 2, 2, 2})}, out).ok());
    EXPECT_EQ(out[0].shape, (Shape{1, 1, 2, 2}));
    return out[0].as<float>()[0];
  };
  EXPECT_EQ(first_of_y(x_), 1);
  x_[0] = 9;
  EXPECT_EQ(first_of_y(x_), 9);
  EXPECT_EQ(first_of_y(other), 5);
  EXPECT_EQ(first_of_y(x_), 9);
}

TEST_P(OnnxEngine, ASessionKeepsWhatItNeedsAlive) {
  std::unique_ptr<Session> session;
  {
    const Graph graph = tiny_graph();
    session = compile(graph, 1);
  }
  ASSERT_NE(session, nullptr);
  const auto ops = session->profile(std::array{view_of(x_, {1, 2, 2, 2})}, 3);
  ASSERT_TRUE(ops.ok()) << ops.status().message();
}

TEST_P(OnnxEngine, SessionsForSeveralBatchesEachComputeTheirOwn) {
  const Graph graph = tiny_graph();
  std::vector<std::unique_ptr<Session>> sessions;
  for (const int64_t batch : {1, 2, 1, 2}) sessions.push_back(compile(graph, batch));
  std::vector<float> twice = x_;
  twice.insert(twice.end(), x_.begin(), x_.end());
  std::vector<std::thread> callers;
  for (const size_t first : {0, 2})  // two callers at a time, each with a session for either batch
    callers.emplace_back([&, first] {
      for (size_t turn = 0; turn < 50; ++turn) {
        const auto batch = static_cast<int64_t>(turn % 2) + 1;
        Session& session = *sessions[first + turn % 2];
        EXPECT_EQ(session.signature().outputs[0].type.shape, (Shape{batch, 1, 2, 2}));
        std::vector<float> x = twice;
        std::vector<float> y(static_cast<size_t>(4 * batch), -1);
        std::array out = {view_of(y, {batch, 1, 2, 2}), TensorView()};
        EXPECT_TRUE(session.run(std::array{view_of(x, {batch, 2, 2, 2})}, out).ok());
        EXPECT_THAT(std::vector<float>(y.end() - 4, y.end()), ElementsAre(1, 0, 0, 2));
      }
    });
  for (std::thread& caller : callers) caller.join();
}

TEST_P(OnnxEngine, ProfilesOperatorsByTheirOnnxNames) {
  const auto session = compile(tiny_graph(), 1);
  ASSERT_NE(session, nullptr);
  const auto ops = session->profile(std::array{view_of(x_, {1, 2, 2, 2})}, 3);
  ASSERT_TRUE(ops.ok()) << ops.status().message();
  std::string names;
  for (const OpTime& op : *ops) {
    names += op.name + " ";
    EXPECT_GE(op.mean_us, 0);
  }
  EXPECT_THAT(names, HasSubstr("Conv_of_c"));  // alone, or fused with the next: "Conv_of_c+Relu_of_y"
  EXPECT_THAT(names, HasSubstr("Relu_of_y "));
  EXPECT_THAT(names, HasSubstr("NonZero_of_nonzero "));
}

TEST_P(OnnxEngine, BrokenBytesAreOneLineThatBlamesTheModel) {
  const std::string whole = tiny_onnx();
  for (size_t length = 0; length < whole.size(); length += 7) {
    const auto session = engine_->compile(tiny_graph(whole.substr(0, length)), options_for(1));
    ASSERT_FALSE(session.ok()) << "cut at byte " << length;
    EXPECT_THAT(session.status().message(), ::testing::Not(HasSubstr("\n")));
  }
}

TEST_P(OnnxEngine, WhatOurImporterLetsThroughNeverCrashesTheLibrary) {
  const std::string whole = tiny_onnx();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(~flipped[at]);
    const auto graph = formats::parse_onnx(flipped, "flipped.onnx");
    if (!graph.ok()) continue;
    const auto session = engine_->compile(*graph, options_for(1));
    EXPECT_THAT(session.status().message(), ::testing::Not(HasSubstr("\n")));
  }
}

TEST_P(OnnxEngine, AModelMadeInMemoryIsExportedOnTheWay) {
  auto graph = formats::parse_onnx(tiny_onnx(), "tiny.onnx");
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  graph->source = {};
  const auto session = compile(*graph, 2);
  ASSERT_NE(session, nullptr);
  x_.resize(16);
  std::array out = {TensorView(), TensorView()};
  ASSERT_TRUE(session->run(std::array{view_of(x_, {2, 2, 2, 2})}, out).ok());
  EXPECT_THAT(out[0].as<float>(), ElementsAre(1, 0, 0, 2, 0, 0, 0, 0));
}

TEST_P(OnnxEngine, AShapeThatTheModelCannotTakeIsRefused) {
  SessionOptions options = options_for(1);
  options.input_shapes["x"] = Shape{1, 3, 2, 2};
  const auto wrong = engine_->compile(tiny_graph(), options);
  EXPECT_EQ(wrong.status().code(), ErrorCode::kInvalidArgument) << wrong.status().message();
  const auto absent = engine_->compile(tiny_graph(), {});
  EXPECT_EQ(absent.status().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(absent.status().message(), HasSubstr("'x'"));
}

TEST_P(OnnxEngine, WhatItCannotDoIsRefusedWithAReason) {
  SessionOptions options = options_for(1);
  options.precision = Precision::kInt8;
  EXPECT_EQ(engine_->supports(tiny_graph(), options).code(), ErrorCode::kUnsupported);
  EXPECT_THAT(engine_->supports(tiny_graph(), options).message(), HasSubstr("quantized"));
  options.precision = Precision::kBf16x3;
  EXPECT_EQ(engine_->supports(tiny_graph(), options).code(), ErrorCode::kUnsupported);
  options = options_for(1);
  options.device = "tpu:0";
  EXPECT_THAT(engine_->supports(tiny_graph(), options).message(), HasSubstr("'tpu:0'"));
}

TEST_P(OnnxEngine, LeavesTheCallingThreadsAffinityAlone) {
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  const auto session = compile(tiny_graph(), 1);
  ASSERT_NE(session, nullptr);
  std::array out = {TensorView(), TensorView()};
  ASSERT_TRUE(session->run(std::array{view_of(x_, {1, 2, 2, 2})}, out).ok());
  cpu_set_t after;
  ASSERT_EQ(sched_getaffinity(0, sizeof after, &after), 0);
  EXPECT_TRUE(CPU_EQUAL(&before, &after));
}

class OnnxLibrary : public OnnxEngine {};

TEST_P(OnnxLibrary, ASessionWithoutAllCoresRunsOnWhicheverIsFree) {
  if (allowed_cpus() < 2) GTEST_SKIP() << "there is one core";
  SessionOptions options = options_for(1);
  options.threads = 1;
  auto session = engine_->compile(tiny_graph(), options);
  ASSERT_TRUE(session.ok()) << session.status().message();
  cpu_set_t before;
  ASSERT_EQ(sched_getaffinity(0, sizeof before, &before), 0);
  std::atomic<pid_t> runs{0};
  std::atomic<bool> stop{false};
  std::thread runner([&] {
    runs = gettid();
    while (!stop) {
      std::array out = {TensorView(), TensorView()};
      EXPECT_TRUE((*session)->run(std::array{view_of(x_, {1, 2, 2, 2})}, out).ok());
    }
  });
  while (runs == 0) std::this_thread::yield();
  int pinned = 0;
  for (int look = 0; look < 500; ++look) {
    cpu_set_t now;
    if (sched_getaffinity(runs, sizeof now, &now) == 0 && !CPU_EQUAL(&before, &now)) ++pinned;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  stop = true;
  runner.join();
  EXPECT_EQ(pinned, 0);
}

int64_t resident_bytes() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  int64_t pages = 0;
  statm >> pages >> pages;
  return pages * sysconf(_SC_PAGESIZE);
}

TEST_P(OnnxLibrary, SessionsForSeveralBatchesHoldTheWeightsOnce) {
  constexpr int64_t kRows = 1 << 20;
  constexpr int64_t kWeightBytes = kRows * 16 * 4;
  Graph graph{.name = "table"};
  graph.inputs = {{"i", {DType::kI64, Shape{-1, 1}}, {"n", ""}}};
  graph.outputs = {{"y", {DType::kF32, Shape{-1, 1, 16}}, {"n", "", ""}}};
  graph.initializers["table"] = Tensor::zeros(DType::kF32, {kRows, 16}).value();
  graph.nodes = {{.name = "look", .op = "Gather", .inputs = {"table", "i"}, .outputs = {"y"}}};
  graph.source.onnx = std::make_shared<const std::string>(formats::to_onnx(graph).value());
  std::vector<std::unique_ptr<Session>> sessions;
  int64_t after_first = 0;
  for (const int64_t batch : {1, 2, 4, 8}) {
    auto session = engine_->compile(graph, {.threads = 1, .input_shapes = {{"i", Shape{batch, 1}}}});
    ASSERT_TRUE(session.ok()) << session.status().message();
    sessions.push_back(std::move(session).value());
    if (batch == 1) after_first = resident_bytes();
  }
  EXPECT_LT(resident_bytes() - after_first, kWeightBytes);  // three more take less than one copy
}

INSTANTIATE_TEST_SUITE_P(All, OnnxLibrary, ::testing::Values("onnxruntime", "openvino"),
                         [](const auto& engine) { return engine.param; });

TEST_P(OnnxEngine, PrintsNothing) {
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const auto broken = engine_->compile(tiny_graph("not a model"), options_for(1));
  const auto session = compile(tiny_graph(), 1);
  ASSERT_NE(session, nullptr);
  std::array out = {TensorView(), TensorView()};
  ASSERT_TRUE(session->run(std::array{view_of(x_, {1, 2, 2, 2})}, out).ok());
  EXPECT_EQ(::testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

INSTANTIATE_TEST_SUITE_P(All, OnnxEngine, ::testing::Values("onnxruntime", "openvino", "libtorch"),
                         [](const auto& engine) { return engine.param; });

TEST(TensorRtEngine, SaysWhyItIsNotHereWhereThereIsNoGpuProvider) {
  const EngineRegistry registry;
  const auto engine = registry.find("onnxruntime-tensorrt");
  ASSERT_TRUE(engine.ok());
  const Capabilities capabilities = (*engine)->probe();
  if (capabilities.available) GTEST_SKIP() << "a TensorRT provider is here";
  EXPECT_NE(capabilities.reason, "");
}

}  // namespace
}  // namespace ridgeline
