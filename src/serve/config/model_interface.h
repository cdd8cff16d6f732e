#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"
#include "serve/config/finding.h"
#include "serve/config/model_config.h"
#include "vision/preprocess.h"

namespace ridgeline::serve {

/// An input or output as a model's file declares it, the batch axis included.
struct TensorInterface {
  std::string name;
  DType datatype = DType::kF32;
  std::optional<std::vector<int64_t>> dims;  ///< -1 for any size; none where not even the rank is told
};

/// What a model's file tells of itself.
struct ModelInterface {
  std::string file;
  std::vector<TensorInterface> inputs;
  std::vector<TensorInterface> outputs;
  std::vector<std::string> classes;  ///< names of its outputs' values, where the file has the contract
  std::optional<vision::Preprocessing> preprocessing;  ///< the same
};

/// kInvalidArgument where the preprocessing contract in the graph's metadata is broken.
Result<ModelInterface> interface_of(const Graph& graph, const std::string& file);

/// Fills in what the configuration leaves out, as Triton's ONNX backend does: inputs and outputs, and the
/// datatype or dims of one that is only named; where neither list was given and every tensor's first axis may
/// have any size, that axis is the batch, of kDefaultMaxBatchSize at most, with dynamic batching.
void complete_from_model(ModelConfig& config, const ModelInterface& model);
inline constexpr int32_t kDefaultMaxBatchSize = 4;

/// Holds a configuration against the model that it is of: names, datatypes, dims and the batch axis. Each
/// difference is an error with both sides.
void check_against_model(const ModelConfig& config, const ModelInterface& model, Findings& findings);

}  // namespace ridgeline::serve
