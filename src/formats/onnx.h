#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "graph/graph.h"

namespace ridgeline::formats {

/// Versions of ai.onnx that are read (of older ones, the ops that kMinOpset left as they were), and the
/// oldest that is written. In memory a graph speaks kGraphOpset.
inline constexpr int64_t kMinOpset = 7;
inline constexpr int64_t kMaxOpset = 21;
inline constexpr int64_t kGraphOpset = 17;
inline constexpr int64_t kOldestWrittenOpset = 13;

/// Reads an ONNX model; its weights may lie in files beside it, which are mapped, not copied (they must not
/// shrink while the graph lives). Nodes come in topological order and opset-17 form (see normalise.h),
/// Constant nodes as initializers, model-local functions inlined, nameless nodes named. Errors name the file,
/// the node and its op, and the remedy: kNotFound, kInvalidArgument for a broken file, kUnsupported for a
/// valid one that a Graph can't hold.
Result<Graph> load_onnx(const std::string& path);

/// The same for who wants to know the model and not to compute it: large initializers hold zeros and take no
/// memory, as their bytes are not read, and of the source there is the path alone.
Result<Graph> load_onnx_outline(const std::string& path);

/// The same from memory. `name` stands for the file in messages; weights in other files are refused.
Result<Graph> parse_onnx(std::string bytes, const std::string& name);

struct ExportOptions {
  /// kOldestWrittenOpset to kMaxOpset; nodes are written in the form that this opset gives them.
  int64_t opset = kGraphOpset;
  /// Weights go to a file of their own where the model would be larger. Protobuf's own limit is the default.
  int64_t max_inline_bytes = (int64_t{1} << 31) - 1;
};

/// The graph as an ONNX file, valid for onnx.checker. kUnsupported where ONNX lacks a node's op (our fused
/// ones) or the chosen opset lacks the op or one of its attributes; kInvalidArgument where it would pass
/// max_inline_bytes (save_onnx can write it).
Result<std::string> to_onnx(const Graph& graph, const ExportOptions& options = {});

/// Writes to_onnx to `path` atomically; large weights go to `path` + ".data", written first.
Status save_onnx(const Graph& graph, const std::string& path, const ExportOptions& options = {});

}  // namespace ridgeline::formats
