#include <algorithm>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/rng.h"
#include "formats/onnx.h"
#include "graph/zoo/zoo.h"
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

  const std::string folder_ = testing::TempDir() + "onnx_outline";
  const std::string file_ = folder_ + "/model.onnx";
};

Graph zoo_model(const std::string& name) {
  Graph graph = zoo::make(name, {}).value();
  graph.metadata["license"] = "Apache-2.0";
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
  for (const char* name : {"lenet", "resnet18"}) {
    const std::string path = save(zoo_model(name));
    const Result<Graph> whole = load_onnx(path);
    Result<Graph> outline = load_onnx_outline(path);
    ASSERT_TRUE(whole.ok() && outline.ok()) << outline.status().message();
    int64_t left_out = 0;
    for (auto& [key, tensor] : outline->initializers) {
      const Tensor& full = *whole->initializer(key);
      ASSERT_EQ(tensor.shape(), full.shape());
      if (same(tensor, full)) continue;
      EXPECT_TRUE(is_zero(tensor)) << key;
      EXPECT_GT(tensor.byte_size(), 1U << 16) << key;
      tensor = full;
      ++left_out;
    }
    EXPECT_GT(left_out, 0);
    EXPECT_EQ(difference(*whole, *outline), "");
    EXPECT_EQ(outline->source.path, path);
  }
}

TEST_F(OnnxOutline, LeavesTheWeightsInTheFile) {
  const std::string path = save(zoo_model("resnet18"));
  const uint64_t before = bytes_read();
  ASSERT_TRUE(load_onnx_outline(path).ok());
  EXPECT_LT(bytes_read() - before, fs::file_size(path) / 10);
}

TEST_F(OnnxOutline, IsReadWhereWeightsLieInAnotherFile) {
  const Graph graph = zoo_model("lenet");
  fs::create_directories(folder_);
  ASSERT_TRUE(save_onnx(graph, file_, {.max_inline_bytes = 1}).ok());
  const Result<Graph> outline = load_onnx_outline(file_);
  ASSERT_TRUE(outline.ok()) << outline.status().message();
  EXPECT_EQ(difference(graph, *outline), "");
}

TEST_F(OnnxOutline, OfABrokenFileIsRefusedInTheWordsOfTheWhole) {
  const std::string path = save(zoo_model("lenet"));
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
  const std::string path = save(zoo_model("lenet"));
  const std::string whole = read_file(path).value();
  Rng rng(17);
  for (int round = 0; round < 300; ++round) {
    std::string damaged = whole;
    for (uint64_t bytes = 1 + rng.below(4); bytes > 0; --bytes)
      damaged[rng.below(round % 2 == 0 ? whole.size() : 4096)] = static_cast<char>(rng.below(256));
    ASSERT_TRUE(write_file_atomically(path, damaged).ok());
    EXPECT_EQ(load_onnx_outline(path).ok(), load_onnx(path).ok()) << "round " << round;
  }
}

}  // namespace
}  // namespace ridgeline::formats
