#include "engine/native/held_memory.h"

namespace ridgeline::native {
namespace {

int64_t bytes_of(const std::map<const std::byte*, size_t>& weights) {
  int64_t bytes = 0;
  for (const auto& [data, size] : weights) bytes += static_cast<int64_t>(size);
  return bytes;
}

}  // namespace

void HeldMemory::add(const Plan& plan) {
  std::map<const std::byte*, size_t> weights;  // layers may share them
  for (const Tensor& tensor : plan.constants) weights[tensor.data()] = tensor.byte_size();
  own_bytes_ += bytes_of(weights) - static_cast<int64_t>(plan.shared_bytes);
  weights_.merge(weights);
  add_arena(static_cast<int64_t>(plan.arena.byte_size()));
}

void HeldMemory::add_weights(const Graph& graph) {
  for (const auto& [name, tensor] : graph.initializers) weights_[tensor.data()] = tensor.byte_size();
}

MemoryUse HeldMemory::use() const {
  const int64_t bytes = bytes_of(weights_);
  return {.weights_bytes = bytes, .shared_bytes = bytes - own_bytes_, .arena_bytes = arena_bytes_};
}

}  // namespace ridgeline::native
