#pragma once

#include <filesystem>
#include <gtest/gtest.h>
#include <map>
#include <string>

#include "base/file.h"
#include "formats/onnx.h"
#include "support/temporary_folder.h"
#include "vision/contract.h"

namespace ridgeline::serve {

/// A model repository in the making.
class RepositoryFiles {
 public:
  std::string root() const { return folder_ / "models"; }

  /// `path` within the repository, its folders made.
  std::string write(const std::string& path, const std::string& content = "") const {
    const std::string file = root() + "/" + path;
    EXPECT_TRUE(make_directories(std::filesystem::path(file).parent_path().string()).ok());
    EXPECT_TRUE(write_file_atomically(file, content).ok());
    return file;
  }
  void make(const std::string& path) const { EXPECT_TRUE(make_directories(root() + "/" + path).ok()); }

 private:
  TemporaryFolder folder_;
};

/// An ONNX file with one Relu from x to y, both of that shape; -1 is a free axis.
inline std::string relu_onnx(const std::vector<int64_t>& dims, const std::vector<std::string>& classes = {}) {
  Graph graph{.name = "relu"};
  std::vector<std::string> names(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) names[i] = dims[i] < 0 ? "d" + std::to_string(i) : "";
  graph.inputs = {{"x", {DType::kF32, Shape(dims)}, names}};
  graph.outputs = {{"y", {DType::kF32, Shape(dims)}, names}};
  graph.nodes = {{.name = "relu", .op = "Relu", .inputs = {"x"}, .outputs = {"y"}}};
  if (!classes.empty()) graph.metadata = vision::to_metadata({.preprocessing = {}, .classes = classes});
  const Result<std::string> bytes = formats::to_onnx(graph);
  EXPECT_TRUE(bytes.ok()) << bytes.status().message();
  return bytes.ok() ? *bytes : "";
}

}  // namespace ridgeline::serve
