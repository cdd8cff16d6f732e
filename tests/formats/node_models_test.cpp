#include <filesystem>
#include <gtest/gtest.h>

#include "formats/onnx.h"
#include "graph/infer.h"
#include "same_graph.h"

namespace ridgeline::formats {
namespace {

/// The node tests of ONNX that the Debian package libonnx-testdata holds.
constexpr const char* kNodeModels = "/usr/share/libonnx-testdata/data/node";

class NodeModels : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::is_directory(kNodeModels))
      GTEST_SKIP() << kNodeModels << " is missing: install libonnx-testdata";
    for (const auto& entry : std::filesystem::directory_iterator(kNodeModels))
      paths_.push_back((entry.path() / "model.onnx").string());
  }
  std::vector<std::string> paths_;
};

TEST_F(NodeModels, EachIsReadOrRefusedByOp) {
  size_t read = 0;
  for (const std::string& path : paths_) {
    const Result<Graph> graph = load_onnx(path);
    if (graph.ok()) {
      ++read;
      continue;
    }
    EXPECT_EQ(graph.status().code(), ErrorCode::kUnsupported) << graph.status().message();
    EXPECT_NE(graph.status().message().find("op "), std::string::npos) << graph.status().message();
  }
  EXPECT_EQ(paths_.size(), 932U);
  EXPECT_GE(read, 899U);
}

TEST_F(NodeModels, WhatIsReadComesBackTheSameWhenWritten) {
  for (const std::string& path : paths_) {
    const Result<Graph> graph = load_onnx(path);
    if (!graph.ok()) continue;
    const Result<std::string> bytes = to_onnx(*graph);
    ASSERT_TRUE(bytes.ok()) << path << ": " << bytes.status().message();
    const Result<Graph> again = parse_onnx(*bytes, "again.onnx");
    ASSERT_TRUE(again.ok()) << path << ": " << again.status().message();
    EXPECT_EQ(difference(*graph, *again), "") << path;
  }
}

TEST_F(NodeModels, EveryOpsetThatIsWrittenHoldsTheSameOrIsRefusedByNode) {
  size_t written = 0;
  for (const std::string& path : paths_) {
    const Result<Graph> graph = load_onnx(path);
    if (!graph.ok()) continue;
    for (int64_t opset = kOldestWrittenOpset; opset <= kMaxOpset; ++opset) {
      const Result<std::string> bytes = to_onnx(*graph, {.opset = opset});
      if (!bytes.ok()) {
        EXPECT_EQ(bytes.status().code(), ErrorCode::kUnsupported) << bytes.status().message();
        EXPECT_LT(opset, kGraphOpset) << path << ": " << bytes.status().message();
        continue;
      }
      ++written;
      const Result<Graph> again = parse_onnx(*bytes, "again.onnx");
      ASSERT_TRUE(again.ok()) << path << " at " << opset << ": " << again.status().message();
      EXPECT_EQ(difference(*graph, *again), "") << path << " at " << opset;
    }
  }
  EXPECT_GE(written, 7100U);
}

bool agree(const ValueType& said, const ValueType& inferred) {
  if (said.dtype != inferred.dtype) return false;
  if (!said.shape || !inferred.shape) return true;
  return std::equal(said.shape->begin(), said.shape->end(), inferred.shape->begin(), inferred.shape->end(),
                    [](int64_t a, int64_t b) { return a == b || a < 0 || b < 0; });
}

TEST_F(NodeModels, InferredOutputsAreThoseThatTheFileNames) {
  size_t inferred = 0;
  for (const std::string& path : paths_) {
    const Result<Graph> graph = load_onnx(path);
    if (!graph.ok()) continue;
    const Result<TypeMap> types = infer_types(*graph);
    if (!types.ok()) {
      EXPECT_EQ(types.status().code(), ErrorCode::kUnsupported) << path << ": " << types.status().message();
      continue;
    }
    ++inferred;
    for (const ValueInfo& output : graph->outputs)
      EXPECT_TRUE(agree(output.type, types->at(output.name))) << path << ": " << output.name;
  }
  EXPECT_GE(inferred, 786U);
}

}  // namespace
}  // namespace ridgeline::formats
