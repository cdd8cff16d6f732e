#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cost/op_work.h"

namespace ridgeline::cost {

/// What remains of the traffic when a convolution or product and the elementwise operators after it
/// (BatchNormalization, activation, bias, residual Add) run as one: for each node of `graph` the bytes that
/// it still moves. Values inside a group stay in registers, and what two members read is read once; a
/// BatchNormalization leaves a bias per channel. `ideal` holds the nodes' own traffic in the graph's order.
std::vector<double> fused_bytes(const Graph& graph, const ValueTypes& types,
                                const std::vector<double>& ideal);

/// What each of these sets of nodes moves when it runs as one, whatever is in it: a value from outside is
/// read once, one that others read is written once.
std::vector<double> bytes_together(const Graph& graph, const ValueTypes& types,
                                   std::span<const std::vector<size_t>> sets);

/// For each node the index of the first node of its group, which is its own outside of groups. A group has
/// one anchor, and only its last value is seen outside.
std::vector<size_t> fusion_groups(const Graph& graph, const ValueTypes& types);

}  // namespace ridgeline::cost
