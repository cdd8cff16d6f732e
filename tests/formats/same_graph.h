#pragma once

#include <cstring>
#include <string>

#include "graph/graph.h"

namespace ridgeline::formats {

inline bool same(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (a.dtype() == DType::kString) {
    const auto left = a.as<std::string>();
    const auto right = b.as<std::string>();
    return std::equal(left.begin(), left.end(), right.begin(), right.end());
  }
  return a.byte_size() == 0 || std::memcmp(a.data(), b.data(), a.byte_size()) == 0;
}

/// What differs between two graphs, their sources apart; "" when nothing does.
std::string difference(const Graph& a, const Graph& b);

}  // namespace ridgeline::formats
