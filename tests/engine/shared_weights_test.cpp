// Packed weights: held once by the sessions of an engine, kept in files that are checked before they are
// trusted.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <thread>

#include "base/build_id.h"
#include "base/file.h"
#include "base/rng.h"
#include "engine/native/native_engine.h"
#include "engine/native/plan.h"
#include "graph/zoo/zoo.h"

namespace ridgeline::native {
namespace {

namespace fs = std::filesystem;

Tensor noise(const Shape& shape) {
  Tensor tensor = Tensor::zeros(DType::kF32, shape).value();
  Rng rng(7);
  for (float& element : tensor.as<float>()) element = static_cast<float>(rng.normal());
  return tensor;
}

/// A 3×3 convolution from 64 to 64 channels: its packed weights are worth a file.
Graph convolution() {
  Graph graph;
  graph.inputs = {{"input", {DType::kF32, Shape{-1, 64, -1, -1}}, {}}};
  graph.outputs = {{"out", {DType::kF32, Shape{-1, 64, -1, -1}}, {}}};
  graph.initializers["w"] = noise({64, 64, 3, 3});
  Node node{"conv", "Conv", "", {"input", "w"}, {"out"}, {}};
  node.attributes["pads"] = std::vector<int64_t>{1, 1, 1, 1};
  graph.nodes = {node};
  return graph;
}

Result<Plan> plan_of(const Graph& graph, const Shape& image, SharedWeights& weights) {
  return make_plan(graph, {.input_shapes = {{"input", image}}, .threads = 2, .weights = &weights});
}

/// Where the plan's weights lie that are as large as packed ones of convolution().
std::vector<const std::byte*> places(const Plan& plan) {
  std::vector<const std::byte*> places;
  for (const Tensor& tensor : plan.constants)
    if (tensor.byte_size() >= size_t{64} * 64 * 9 * sizeof(float)) places.push_back(tensor.data());
  return places;
}

std::vector<float> outputs_of(Plan& plan, const Tensor& image) {
  ThreadPool pool(1);
  const std::array in = {image.view()};
  EXPECT_TRUE(plan.run(in, pool).ok());
  const auto values = plan.slots[plan.outputs[0]].as<float>();
  return {values.begin(), values.end()};
}

TEST(SharedWeights, PlansOfOtherBatchesAndSizesHoldTheSameMemory) {
  SharedWeights weights;
  const Graph graph = convolution();
  const Plan one = plan_of(graph, {1, 64, 14, 14}, weights).value();
  const Plan again = plan_of(graph, {1, 64, 14, 14}, weights).value();
  const Plan batch = plan_of(graph, {2, 64, 14, 14}, weights).value();
  const Plan wider = plan_of(graph, {1, 64, 14, 28}, weights).value();
  ASSERT_EQ(places(one).size(), 1U);
  EXPECT_EQ(places(one), places(again));
  for (const Plan* other : {&batch, &wider}) {
    ASSERT_EQ(other->steps[1].kernel, one.steps[1].kernel);
    EXPECT_EQ(places(one), places(*other));
  }
}

TEST(SharedWeights, PlansOfOtherWeightsHoldTheirOwn) {
  SharedWeights weights;
  Graph graph = convolution();
  Plan one = plan_of(graph, {1, 64, 14, 14}, weights).value();
  Tensor changed = noise({64, 64, 3, 3});
  changed.as<float>()[7] += 1;
  graph.initializers["w"] = changed;
  Plan other = plan_of(graph, {1, 64, 14, 14}, weights).value();
  EXPECT_NE(places(one), places(other));
  const Tensor image = noise({1, 64, 14, 14});
  EXPECT_NE(outputs_of(one, image), outputs_of(other, image));
}

/// convolution() and a sum with a constant, which is not packed.
Graph convolution_and_sum() {
  Graph graph = convolution();
  graph.initializers["c"] = noise({1, 64, 1, 14});
  graph.nodes[0].outputs = {"sum"};
  graph.nodes.push_back({"add", "Add", "", {"sum", "c"}, {"out"}, {}});
  return graph;
}

TEST(SharedWeights, SessionsTellThemFromTheirOwnMemory) {
  const std::unique_ptr<Engine> engine = make_native_engine();
  const Graph graph = convolution_and_sum();
  const auto memory = [&](int64_t batch, ThreadingMode mode) {
    const auto session = engine->compile(
        graph, {.threads = 2, .mode = mode, .input_shapes = {{"input", {batch, 64, 14, 14}}}});
    return session.value()->memory();
  };
  for (const ThreadingMode mode : {ThreadingMode::kLatency, ThreadingMode::kThroughput}) {
    const MemoryUse one = memory(1, mode), two = memory(2, mode);
    EXPECT_GT(one.shared_bytes, static_cast<int64_t>(graph.initializers.at("w").byte_size()));
    EXPECT_EQ(one.shared_bytes, one.weights_bytes) << "what was packed and what lies in the graph";
    EXPECT_EQ(two.shared_bytes, one.shared_bytes);
    EXPECT_GT(two.arena_bytes, one.arena_bytes);
  }
}

TEST(SharedWeights, OfAPlanThatIsMadeAloneAreItsOwn) {
  const Plan plan = make_plan(convolution(), {.input_shapes = {{"input", {1, 64, 14, 14}}}}).value();
  EXPECT_EQ(plan.shared_bytes, 0U);
}

TEST(SharedWeights, EndWithTheLastThatHoldsThem) {
  SharedWeights weights;
  const WeightsKey key = key_of("layout", {});
  std::weak_ptr<HeldWeights> watched;
  {
    const auto first = weights.take(key, 1000).value(), second = weights.take(key, 1000).value();
    EXPECT_EQ(first, second);
    watched = first;
  }
  EXPECT_TRUE(watched.expired());
}

TEST(SharedWeights, ArePackedOnceByPlansThatAreMadeAtTheSameTime) {
  SharedWeights weights;
  const std::vector<float> plain(4096, 1);
  std::atomic<int> packed = 0;
  std::vector<std::thread> threads;
  std::array<Tensor, 8> results;
  for (Tensor& result : results)
    threads.emplace_back([&] {
      Packer packer(&weights);
      const TensorView view{
          DType::kF32, {4096}, reinterpret_cast<std::byte*>(const_cast<float*>(plain.data()))};
      result = packer
                   .add({"layout", view, 4096,
                         [&](void* to) {
                           ++packed;
                           *static_cast<char*>(to) = 'x';
                         }})
                   .value();
      packer.finish(2);
      EXPECT_EQ(*reinterpret_cast<const char*>(result.data()), 'x');
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(packed, 1);
  for (const Tensor& result : results) EXPECT_EQ(result.data(), results[0].data());
}

TEST(SharedWeights, LetThePlainOnesGoAsTheyArePacked) {
  Packer packer(nullptr);
  const auto plain = [] {
    auto floats = std::make_shared<std::vector<float>>(16);
    return Tensor::wrap(DType::kF32, {16}, reinterpret_cast<std::byte*>(floats->data()), floats);
  };
  std::array<Tensor, 2> held = {plain(), plain()};
  auto watched = std::make_shared<int>();
  const std::weak_ptr<int> first = watched;
  bool is_gone = false;
  held[0] = Tensor::wrap(DType::kF32, {16}, held[0].data(),
                         std::make_shared<std::pair<Tensor, std::shared_ptr<int>>>(held[0], watched));
  watched.reset();
  ASSERT_TRUE(packer.add({"large", held[0].view(), 4096, [](void*) {}}).ok());
  ASSERT_TRUE(packer.add({"small", held[1].view(), 64, [&](void*) { is_gone = first.expired(); }}).ok());
  packer.hold(held);
  held = {};
  EXPECT_FALSE(first.expired());
  packer.finish(1);
  EXPECT_TRUE(is_gone);
}

TEST(SharedWeights, OfATrialAreNotPacked) {
  const Graph graph = convolution();
  const Plan plan =
      make_plan(graph, {.input_shapes = {{"input", {1, 64, 14, 14}}}, .is_trial = true}).value();
  const auto bytes = reinterpret_cast<const char*>(places(plan).at(0));
  EXPECT_TRUE(std::all_of(bytes, bytes + 64 * 64 * 9, [](char byte) { return byte == 0; }));
}

/// A folder of its own for each test.
class WeightFilesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "weights.XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  WeightFiles files(int64_t most_bytes = 1 << 30) const {
    return WeightFiles(folder_ + "/plans", most_bytes);
  }

  /// In its order, by a new engine.
  std::vector<float> compile_and_run() const {
    SharedWeights weights(files());
    Plan plan = plan_of(convolution(), {1, 64, 14, 14}, weights).value();
    return outputs_of(plan, noise({1, 64, 14, 14}));
  }

  std::vector<fs::path> kept() const {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder_ + "/plans")) paths.push_back(entry.path());
    return paths;
  }

  std::string folder_;
};

TEST_F(WeightFilesTest, APlanOfKeptWeightsGivesTheSameBits) {
  SharedWeights none;
  Plan plan = plan_of(convolution(), {1, 64, 14, 14}, none).value();
  const std::vector<float> expected = outputs_of(plan, noise({1, 64, 14, 14}));
  EXPECT_EQ(compile_and_run(), expected);
  ASSERT_EQ(kept().size(), 1U);
  const auto written = fs::last_write_time(kept()[0]);
  EXPECT_EQ(compile_and_run(), expected);
  EXPECT_EQ(kept().size(), 1U);
  EXPECT_GE(fs::last_write_time(kept()[0]), written);
}

TEST_F(WeightFilesTest, AFileThatIsNotWholeAndRightIsReplaced) {
  const std::vector<float> expected = compile_and_run();
  const fs::path path = kept().at(0);
  const std::string right = read_file(path).value();
  std::string flipped = right, foreign = right, magic = right;
  flipped[right.size() / 2] ^= 1;
  foreign[8] ^= 1;
  magic[0] ^= 1;
  for (const std::string& wrong : {std::string(), right.substr(0, 40), right.substr(0, right.size() - 1),
                                   right + "x", flipped, foreign, magic}) {
    ASSERT_TRUE(write_file_atomically(path, wrong).ok());
    EXPECT_EQ(compile_and_run(), expected);
    EXPECT_EQ(read_file(path).value(), right);
  }
}

TEST_F(WeightFilesTest, AFolderThatCannotBeMadeCostsNothingElse) {
  const std::vector<float> expected = compile_and_run();
  fs::remove_all(folder_ + "/plans");
  std::ofstream(folder_ + "/plans") << "a file";
  EXPECT_EQ(compile_and_run(), expected);
}

TEST_F(WeightFilesTest, FilesThatWereNotUsedLatelyMakeRoom) {
  const Tensor packed = Tensor::zeros(DType::kU8, {1000}).value();
  const std::array keys = {key_of("a", {}), key_of("b", {}), key_of("c", {})};
  for (const WeightsKey& key : keys) files().keep(key, packed);
  const auto now = fs::file_time_type::clock::now();
  fs::last_write_time(files().path_of(keys[0]), now - std::chrono::hours(3));
  fs::last_write_time(files().path_of(keys[1]), now - std::chrono::hours(2));
  fs::last_write_time(files().path_of(keys[2]), now - std::chrono::hours(1));
  EXPECT_TRUE(files().find(keys[0], 1000).has_value());  // used just now
  files(2 * 1064).remove_old();
  EXPECT_TRUE(files().find(keys[0], 1000).has_value());
  EXPECT_FALSE(files().find(keys[1], 1000).has_value());
  EXPECT_TRUE(files().find(keys[2], 1000).has_value());
  EXPECT_FALSE(files().find(keys[2], 999).has_value());
}

TEST_F(WeightFilesTest, AnEngineKeepsThemWhereItIsTold) {
  const Graph graph = convolution();
  const SessionOptions options{.input_shapes = {{"input", {1, 64, 14, 14}}}};
  ASSERT_TRUE(make_native_engine()->compile(graph, options).ok());
  ASSERT_TRUE(make_native_engine({folder_ + "/plans"})->supports(graph, options).ok());
  EXPECT_FALSE(fs::exists(folder_ + "/plans"));
  ASSERT_TRUE(make_native_engine({folder_ + "/plans"})->compile(graph, options).ok());
  EXPECT_EQ(kept().size(), 1U);
}

TEST(WeightsKey, FollowsTheLayoutAndTheWeights) {
  const std::array<std::byte, 2> a{std::byte{1}, std::byte{2}}, b{std::byte{1}, std::byte{3}};
  EXPECT_EQ(key_of("x", a), key_of("x", a));
  EXPECT_NE(key_of("x", a), key_of("x", b));
  EXPECT_NE(key_of("x", a), key_of("y", a));
}

TEST(BuildId, IsThere) { EXPECT_GE(build_id().size(), 8U); }

}  // namespace
}  // namespace ridgeline::native
