#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bench/matrix.h"
#include "graph/graph.h"
#include "tensor/tensor.h"

namespace ridgeline::bench {

/// What every cell of a group is fed.
struct GroupInputs {
  std::vector<Tensor> tensors;          ///< in the graph's order
  std::map<std::string, Shape> shapes;  ///< of each input by name
  int64_t channels = 0;
  std::optional<double> data_ms;  ///< median time to read and preprocess one batch of files; real data only
};

/// The first input is the image, N × C × H × W; it is filled with seeded normal noise, or with the folder's
/// pictures by the model's contract (kInvalidArgument where that contradicts the model). Further inputs get
/// noise or zeros, and the batch where a dimension is open. kUnsupported, naming the input, where the model
/// can't take the group's batch or size.
Result<GroupInputs> make_inputs(const Graph& graph, const GroupKey& group, uint64_t seed);

}  // namespace ridgeline::bench
