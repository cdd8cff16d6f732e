#pragma once

#include "base/status.h"
#include "wire/infer.h"
#include "wire/signature.h"

namespace ridgeline::wire {

/// Holds a request to what its model takes: names, count, datatypes, ranks, dimensions, batch size and bytes
/// of its inputs, names of its outputs. The first thing wrong is a kInvalidArgument in Triton's words. Data
/// in shared memory are held by the size that the request gives.
Status check_against(const ModelSignature& signature, const InferRequest& request);

/// Elements of a request's shape: kInvalidArgument, naming the input, for a negative dimension and for a
/// count past 2^63.
Result<int64_t> element_count_of(std::string_view input, const Shape& shape);

}  // namespace ridgeline::wire
