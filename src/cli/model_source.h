#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "formats/weights.h"
#include "graph/graph.h"
#include "graph/infer.h"

namespace ridgeline::cli {

/// What a source is: "zoo:NAME", a directory (of the Hugging Face hub), or a file told by its name's end.
enum class SourceKind { kZoo, kFolder, kCheckpoint, kOnnx };
SourceKind kind_of(const std::string& source);

/// Reads an ONNX file, a checkpoint (.safetensors, .pth, .pt, .bin) or a Hugging Face folder, or makes
/// "zoo:NAME"; all but ONNX of open height and width where the model allows that.
Result<Graph> load_model(const std::string& source);

/// The same in exactly this shape. kInvalidArgument where an ONNX file is asked for another size or a
/// projection.
Result<Graph> load_model_as(const std::string& source, const formats::GraphOptions& options);

/// Whether a file to write is for weights alone: .safetensors or .pth.
bool names_weights(const std::string& path);
/// Writes the graph's weights and metadata in the format that the name tells.
Status save_weights(const Graph& graph, const std::string& path);

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
