// Sessions whose shapes come with the calls, against a session compiled for each shape.

#include <array>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>

#include "base/rng.h"
#include "engine/native/native_engine.h"

namespace ridgeline {
namespace {

using ::testing::HasSubstr;
using Floats = std::vector<float>;

Tensor noise(const Shape& shape, uint64_t seed) {
  Tensor tensor = Tensor::zeros(DType::kF32, shape).value();
  Rng rng(seed);
  for (float& element : tensor.as<float>()) element = static_cast<float>(rng.normal());
  return tensor;
}

/// Two convolutions of an image of any size and their sum.
Graph open_graph() {
  Graph graph;
  graph.inputs = {{"input", {DType::kF32, Shape{-1, 3, -1, -1}}, {}}};
  graph.outputs = {{"sum", {DType::kF32, std::nullopt}, {}}, {"mean", {DType::kF32, std::nullopt}, {}}};
  graph.initializers = {{"w", noise({32, 3, 3, 3}, 1)}, {"v", noise({32, 32, 3, 3}, 2)}};
  const auto add = [&](const std::string& op, std::vector<std::string> inputs, const std::string& output) {
    graph.nodes.push_back({.name = output, .op = op, .inputs = std::move(inputs), .outputs = {output}});
  };
  add("Conv", {"input", "w"}, "first");
  graph.nodes.back().attributes["pads"] = std::vector<int64_t>(4, 1);
  add("Relu", {"first"}, "relu");
  add("Conv", {"relu", "v"}, "second");
  graph.nodes.back().attributes["pads"] = std::vector<int64_t>(4, 1);
  add("Add", {"second", "relu"}, "sum");
  add("GlobalAveragePool", {"sum"}, "mean");
  return graph;
}

std::unique_ptr<Session> open_session(const Engine& engine, ThreadingMode mode, Precision precision) {
  return engine.compile(open_graph(), {.precision = precision, .threads = 2, .mode = mode}).value();
}

Result<std::vector<Floats>> run(Session& session, const Tensor& image) {
  const std::array in = {image.view()};
  std::vector<TensorView> out(2);
  RETURN_IF_ERROR(session.run(in, out));
  std::vector<Floats> all;
  for (const TensorView& view : out) all.emplace_back(view.as<float>().begin(), view.as<float>().end());
  return all;
}

struct Mode {
  ThreadingMode threading;
  Precision precision;
};
constexpr std::array kModes = {Mode{ThreadingMode::kLatency, Precision::kFp32},
                               Mode{ThreadingMode::kThroughput, Precision::kFp32},
                               Mode{ThreadingMode::kLatency, Precision::kBf16x3}};

TEST(OpenSession, GivesForEachShapeWhatASessionForItGives) {
  for (const Mode& mode : kModes) {
    const auto engine = make_native_engine();
    const auto session = open_session(*engine, mode.threading, mode.precision);
    std::map<std::vector<int64_t>, std::vector<Floats>> expected;
    Rng rng(11);
    for (int call = 0; call < 150; ++call) {
      const auto side = [&] { return 5 + 3 * static_cast<int64_t>(rng.below(4)); };
      const Shape shape{1 + static_cast<int64_t>(rng.below(3)), 3, side(), side()};
      const Tensor image = noise(shape, static_cast<uint64_t>(shape[2]));
      if (!expected.contains(shape.dims())) {
        const SessionOptions fixed{.precision = mode.precision,
                                   .threads = 2,
                                   .mode = mode.threading,
                                   .input_shapes = {{"input", shape}}};
        expected[shape.dims()] =
            run(*make_native_engine()->compile(open_graph(), fixed).value(), image).value();
      }
      const auto given = run(*session, image);
      ASSERT_TRUE(given.ok()) << given.status().message();
      ASSERT_EQ(*given, expected[shape.dims()]) << shape.to_string();
    }
  }
}

TEST(OpenSession, TellsWhatIsOpen) {
  const auto engine = make_native_engine();
  const auto session = open_session(*engine, ThreadingMode::kLatency, Precision::kFp32);
  EXPECT_EQ(*session->signature().inputs[0].type.shape, (Shape{-1, 3, -1, -1}));
  EXPECT_EQ(*session->signature().outputs[1].type.shape, (Shape{-1, 32, 1, 1}));
  EXPECT_TRUE(engine->supports(open_graph(), {}).ok());
}

TEST(OpenSession, HoldsWeightsOnceAndPlansOfTheLastShapesAlone) {
  const auto engine = make_native_engine();
  const auto session = open_session(*engine, ThreadingMode::kLatency, Precision::kFp32);
  const int64_t plain = session->memory().weights_bytes;
  EXPECT_EQ(session->memory().arena_bytes, 0);
  ASSERT_TRUE(run(*session, noise({1, 3, 40, 40}, 3)).ok());
  const MemoryUse one = session->memory();
  EXPECT_GT(one.weights_bytes, plain);
  for (int64_t side = 41; side < 80; ++side) ASSERT_TRUE(run(*session, noise({1, 3, side, 40}, 3)).ok());
  const MemoryUse many = session->memory();
  EXPECT_EQ(many.weights_bytes, one.weights_bytes);
  EXPECT_EQ(many.shared_bytes, one.shared_bytes);
  EXPECT_GT(many.arena_bytes, 4 * one.arena_bytes);
  EXPECT_LT(many.arena_bytes, 20 * one.arena_bytes);
}

TEST(OpenSession, RefusesWhatTheModelDoesNotTakeAndGoesOn) {
  const auto engine = make_native_engine();
  const auto session = open_session(*engine, ThreadingMode::kLatency, Precision::kFp32);
  const auto before = run(*session, noise({1, 3, 9, 9}, 4)).value();
  EXPECT_THAT(run(*session, noise({1, 4, 9, 9}, 4)).status().message(),
              HasSubstr("input 'input' is f32 1x4x9x9"));
  EXPECT_THAT(run(*session, noise({3, 9, 9}, 4)).status().message(), HasSubstr("3x9x9"));
  EXPECT_EQ(run(*session, noise({1, 3, 9, 9}, 4)).value(), before);
}

TEST(OpenSession, KeepsWhatItNeedsOfItsEngine) {
  auto engine = make_native_engine();
  const auto session = open_session(*engine, ThreadingMode::kLatency, Precision::kFp32);
  engine.reset();
  EXPECT_TRUE(run(*session, noise({2, 3, 9, 7}, 5)).ok());
}

TEST(OpenSession, IsProfiledAtTheShapeThatItIsGiven) {
  const auto engine = make_native_engine();
  const auto session = open_session(*engine, ThreadingMode::kLatency, Precision::kFp32);
  const Tensor image = noise({1, 3, 9, 9}, 6);
  const std::array in = {image.view()};
  EXPECT_FALSE(session->profile(in, 2).value().empty());
}

}  // namespace
}  // namespace ridgeline
