#include "serve/core/served_model.h"

#include "serve/core/submit.h"
#include "serve/scheduling/queue_policy.h"

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

void ServedVersion::infer(Call call) {
  Traffic& traffic = *facts.traffic;
  // Counted before the flag is read, so that a drain sees this request or this request sees the drain.
  traffic.in_flight.fetch_add(1);
  if (traffic.accepting.load())
    submit(shared_from_this(), std::move(call));
  else
    turn_away(*call.client, server_stopping(call.request.id));
  traffic.in_flight.fetch_sub(1);
}

}  // namespace ridgeline::serve
