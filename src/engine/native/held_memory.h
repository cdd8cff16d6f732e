#pragma once

#include <map>

#include "engine/engine.h"
#include "engine/native/plan.h"

namespace ridgeline::native {

/// What plans hold; weights that they share count once.
class HeldMemory {
 public:
  void add(const Plan& plan);
  /// All of the graph's, which its sessions share.
  void add_weights(const Graph& graph);
  void add_arena(int64_t bytes) { arena_bytes_ += bytes; }
  MemoryUse use() const;

 private:
  std::map<const std::byte*, size_t> weights_;
  int64_t own_bytes_ = 0;  ///< of the weights, those that are one plan's alone
  int64_t arena_bytes_ = 0;
};

}  // namespace ridgeline::native
