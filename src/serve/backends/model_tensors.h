#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "engine/engine.h"
#include "serve/config/model_config.h"

/// Between tensors as clients see them, by a configuration's dims, and as a model takes and gives them.
namespace ridgeline::serve {

/// Bytes that a tensor's memory starts on a multiple of, as Tensor's own does.
inline constexpr size_t kTensorAlignment = 64;

/// The dims that the model itself has: `reshape` where the tensor is configured with one.
std::vector<int64_t> dims_of_model(const TensorConfig& tensor);

/// A client's dims of an input, all known and without the batch axis, as the model takes them: sizes that
/// `dims` leaves open stand where `reshape` leaves them open.
Shape as_model_sees(const TensorConfig& tensor, std::span<const int64_t> dims);
/// And a model's dims of an output as clients see them.
Shape as_client_sees(const TensorConfig& tensor, std::span<const int64_t> dims);

/// A tensor's dims without the batch axis, where there is one.
std::span<const int64_t> item_dims(const Shape& shape, bool batched);
/// A shape with `rows` before it where the model has a batch axis.
Shape with_rows(const Shape& dims, int64_t rows, bool batched);

/// Which of a session's inputs each configured one is, and the same of outputs; of a session's outputs some
/// may not be configured.
struct TensorOrder {
  std::vector<size_t> input_of;   ///< by the session's index: the configuration's
  std::vector<size_t> output_of;  ///< by the configuration's index: the session's
};

/// kInvalidArgument where an output of a run for `rows` rows does not have the datatype, the rows or the dims
/// that are configured. In words that go on from a name of the model, as all of these errors.
Status check_output(const ModelConfig& config, const OutputConfig& output, const ValueInfo& value,
                    int64_t rows);

/// kInvalidArgument where a session compiled for `rows` rows
/// does not have what the configuration says: a name, a datatype, dims, or rows on the first axis.
Result<TensorOrder> order_tensors(const ModelConfig& config, const Signature& signature, int64_t rows);

}  // namespace ridgeline::serve
