#include "serve/core/served_model.h"

namespace ridgeline::serve {

wire::ModelSignature signature_of(const ModelConfig& config) {
  wire::ModelSignature signature{.name = config.name, .max_batch_size = config.max_batch_size};
  for (const InputConfig& input : config.inputs)
    signature.inputs.push_back({.name = input.name,
                                .datatype = input.datatype.value_or(DType::kF32),
                                .dims = Shape(input.dims),
                                .optional = input.optional});
  for (const OutputConfig& output : config.outputs)
    signature.outputs.push_back(
        {.name = output.name, .datatype = output.datatype.value_or(DType::kF32), .dims = Shape(output.dims)});
  return signature;
}

}  // namespace ridgeline::serve
