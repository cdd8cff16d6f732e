#pragma once

#include <fmt/format.h>
#include <vector>

#include "base/rng.h"
#include "formats/state_dict.h"
#include "same_graph.h"

namespace ridgeline::formats {

/// Up to 12 tensors of drawn types and shapes (scalars and empty ones among them) with drawn bytes, and texts
/// in any script.
inline StateDict random_weights(Rng& rng) {
  StateDict weights;
  const size_t count = rng.below(13);
  for (size_t index = 0; index < count; ++index) {
    Shape shape;
    for (size_t rank = rng.below(5); rank > 0; --rank)
      shape.dims().push_back(static_cast<int64_t>(rng.below(7)));
    const auto dtype = static_cast<DType>(rng.below(static_cast<uint64_t>(DType::kString)));
    Tensor tensor = Tensor::zeros(dtype, shape).value();
    const uint64_t values = dtype == DType::kBool ? 2 : 256;
    for (std::byte& byte : std::span(tensor.data(), tensor.byte_size()))
      byte = static_cast<std::byte>(rng.below(values));
    weights.tensors.emplace_back(fmt::format("layer{}.\"ключ\".{}", index, rng.below(100)),
                                 std::move(tensor));
  }
  for (size_t index = rng.below(4); index > 0; --index)
    weights.metadata[fmt::format("key {}", index)] = "{\"a\": [1, \"漢字\"]}\n";
  return weights;
}

/// What differs between the two, "" when nothing does.
inline std::string difference(const StateDict& a, const StateDict& b) {
  if (a.metadata != b.metadata) return "metadata";
  if (a.tensors.size() != b.tensors.size()) return "number of tensors";
  for (size_t index = 0; index < a.tensors.size(); ++index) {
    const auto& [name, tensor] = a.tensors[index];
    const auto& [other_name, other] = b.tensors[index];
    if (name != other_name) return name + " and " + other_name;
    if (!same(tensor, other)) return name;
  }
  return "";
}

}  // namespace ridgeline::formats
