#pragma once

#include <string>

#include "base/status.h"
#include "graph/graph.h"

namespace ridgeline::serve {

/// A model's file as engines are given it.
struct ModelFile {
  Graph graph;        ///< where it could not be read, with the file's bytes alone
  Status graph_read;  ///< why not, of a file that engines may still read
};

/// ONNX is read into a graph. OpenVINO's IR, TorchScript, and ONNX with what a Graph cannot hold are left to
/// the engines.
Result<ModelFile> read_model_file(const std::string& path);

}  // namespace ridgeline::serve
