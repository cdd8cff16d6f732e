#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "graph/infer.h"

namespace ridgeline::cli {

/// How a file is told apart: by its name's end.
enum class SourceKind { kZoo, kCheckpoint, kOnnx };
SourceKind kind_of(const std::string& source);

/// Reads an ONNX file or a checkpoint (.safetensors, .pth, .pt, .bin), or makes "zoo:NAME"; the latter two of
/// open height and width where the model allows that.
Result<Graph> load_model(const std::string& source);

struct ImageCase {
  int64_t batch, height, width;
};

/// Shapes of every input for a batch of images: the first input of rank 4 (N, C, H, W), or without one of
/// rank 3 (C, H, W), takes all of the case, the others the batch where their first dimension is open.
/// kUnsupported, naming the input, where the model fixes another size.
Result<InputShapes> image_shapes(const Graph& graph, const ImageCase& image);

/// `asked`, or without it the size that the model fixes, else 224.
Result<std::vector<int64_t>> sizes_of(const Graph& graph, const std::vector<int64_t>& asked);

}  // namespace ridgeline::cli
