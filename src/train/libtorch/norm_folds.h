#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <string>

#include "graph/graph.h"

namespace ridgeline::train {

/// Nodes that run as one: a BatchNormalization, the Add of a residual, a Relu.
struct NormFold {
  size_t norm = 0;
  std::string residual;  ///< the Add's other input; empty: no Add
  bool relu = false;
};

/// The BatchNormalizations whose statistics move, and what is folded into them.
struct NormFolds {
  std::map<size_t, NormFold> by_last;  ///< by the node that makes the result: the norm where it is alone
  std::set<size_t> inner;              ///< the other nodes of folds: they do not run by themselves
};

/// What is folded has one reader. Statistics whose names are in `frozen` do not move.
NormFolds norm_folds(const Graph& graph, std::span<const std::string> frozen);

bool is_batch_norm(const Node& node);

}  // namespace ridgeline::train
