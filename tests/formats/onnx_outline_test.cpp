#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/rng.h"
#include "formats/onnx.h"
#include "same_graph.h"

namespace ridgeline::formats {
namespace {

namespace fs = std::filesystem;

class OnnxOutline : public testing::Test {
 protected:
  void TearDown() override { fs::remove_all(folder_); }

  std::string save(const Graph& graph) const {
    fs::create_directories(folder_);
    EXPECT_TRUE(save_onnx(graph, file_).ok());
    return file_;
  }

  const std::string folder_ =
      testing::TempDir() + "onnx_outline_" + testing::UnitTest::GetInstance()->current_test_info()->name();
  const std::string file_ = folder_ + "/model.onnx";
};

/// A product by half a MiB of weights, and a small bias.
Graph model() {
  Graph graph{.name = "model"};
  graph.inputs = {{"x", {DType::kF32, Shape{-1, 512}}, {"n", ""}}};
  graph.outputs = {{"y", {DType::kF32, Shape{-1, 256}}, {"n", ""}}};
  Rng rng(5);
  std::vector<float> values(size_t{512} * 256);
  for (float& value : values) value = static_cast<float>(1 + rng.uniform());
  const std::span<const float> all = values;
  graph.initializers.emplace("w", Tensor::from_values(Shape{512, 256}, all).value());
  graph.initializers.emplace("b", Tensor::from_values(Shape{256}, all.first(256)).value());
  graph.nodes = {{.name = "product", .op = "MatMul", .inputs = {"x", "w"}, .outputs = {"p"}},
                 {.name = "sum", .op = "Add", .inputs = {"p", "b"}, .outputs = {"y"}}};
  graph.metadata = {{"license", "Apache-2.0"}};
  return graph;
}

bool is_zero(const Tensor& tensor) {
  return std::ranges::all_of(std::span(tensor.data(), tensor.byte_size()),
                             [](std::byte byte) { return byte == std::byte{0}; });
}

/// Bytes that this process has read from files.
uint64_t bytes_read() {
  std::ifstream io("/proc/self/io");
  std::string key;
  uint64_t bytes = 0;
  io >> key >> bytes;
  EXPECT_EQ(key, "rchar:");
  return bytes;
}

TEST_F(OnnxOutline, IsTheModelWithZerosForItsLargeWeights) {
  const Graph whole = model();
  Result<Graph> outline = load_onnx_outline(save(whole));
  ASSERT_TRUE(outline.ok()) << outline.status().message();
  EXPECT_EQ(outline->source.path, file_);
  Tensor& weights = outline->initializers.at("w");
  ASSERT_EQ(weights.shape(), whole.initializer("w")->shape());
  EXPECT_TRUE(is_zero(weights));
  weights = *whole.initializer("w");
  EXPECT_EQ(difference(whole, *outline), "");
}

TEST_F(OnnxOutline, LeavesTheWeightsInTheFile) {
  const std::string path = save(model());
  const uint64_t before = bytes_read();
  ASSERT_TRUE(load_onnx_outline(path).ok());
  EXPECT_LT(bytes_read() - before, fs::file_size(path) / 10);
}

TEST_F(OnnxOutline, IsReadWhereWeightsLieInAnotherFile) {
  const Graph graph = model();
  fs::create_directories(folder_);
  ASSERT_TRUE(save_onnx(graph, file_, {.max_inline_bytes = 1}).ok());
  const Result<Graph> outline = load_onnx_outline(file_);
  ASSERT_TRUE(outline.ok()) << outline.status().message();
  EXPECT_EQ(difference(graph, *outline), "");
}

TEST_F(OnnxOutline, OfABrokenFileIsRefusedInTheWordsOfTheWhole) {
  const std::string path = save(model());
  const std::string whole = read_file(path).value();
  const auto expect_same_refusal = [&] {
    const Result<Graph> outline = load_onnx_outline(path);
    ASSERT_FALSE(outline.ok());
    EXPECT_EQ(outline.status().message(), load_onnx(path).status().message());
  };
  for (const size_t size : {size_t{0}, size_t{1}, whole.size() / 2, whole.size() - 1}) {
    ASSERT_TRUE(write_file_atomically(path, whole.substr(0, size)).ok());
    expect_same_refusal();
  }
  ASSERT_TRUE(write_file_atomically(path, "no model").ok());
  expect_same_refusal();
  fs::remove(path);
  expect_same_refusal();
  fs::create_directories(path);
  expect_same_refusal();
}

TEST_F(OnnxOutline, OfADamagedFileIsRefusedWhereTheWholeIs) {
  const std::string path = save(model());
  const std::string whole = read_file(path).value();
  Rng rng(17);
  for (int round = 0; round < 200; ++round) {
    std::string damaged = whole;
    for (uint64_t bytes = 1 + rng.below(4); bytes > 0; --bytes)
      damaged[rng.below(round % 2 == 0 ? whole.size() : 4096)] = static_cast<char>(rng.below(256));
    ASSERT_TRUE(write_file_atomically(path, damaged).ok());
    EXPECT_EQ(load_onnx_outline(path).ok(), load_onnx(path).ok()) << "round " << round;
  }
}

}  // namespace
}  // namespace ridgeline::formats
