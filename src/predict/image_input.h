#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "graph/graph.h"
#include "vision/contract.h"

namespace ridgeline::predict {

/// How a model takes pictures: the contract that it carries, held against its first input.
struct ImageInput {
  std::string name;  ///< of the model's input
  vision::Contract contract;
  bool assumed = false;     ///< the model carries no contract: this is torchvision's recipe for its size
  int64_t fixed_batch = 0;  ///< the only batch that the model takes; 0 where that is open

  Shape shape(int64_t batch) const { return contract.preprocessing.batch_shape(batch); }
};

/// The contract in the graph's metadata; without one torchvision's evaluation recipe for the size that the
/// model fixes or was trained at, else for 224. kUnsupported where the model's inputs are not one FP32 image
/// (N × 3 × H × W, or N × H × W × 3 in a contract of that layout); kInvalidArgument where the contract is
/// broken or contradicts the model's input or number of outputs. `model` names the model in messages.
Result<ImageInput> image_input_of(const Graph& graph, std::string_view model);

/// How to make a square of `size` pixels for the model: by its contract, the resize in proportion where the
/// size is another than the contract's; without one by torchvision's recipe. Errors as above.
Result<vision::Preprocessing> preprocessing_at(const Graph& graph, std::string_view model, int64_t size);

/// kInvalidArgument where a contract names classes, and not as many as an image has outputs.
Status check_classes(const vision::Contract& contract, int64_t outputs, std::string_view model);

/// The line that a user should see once where a model's contract is assumed.
std::string assumption_of(const ImageInput& input, std::string_view model);

}  // namespace ridgeline::predict
