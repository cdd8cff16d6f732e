#pragma once

#include <list>
#include <map>
#include <memory>
#include <vector>

#include "serve/backends/batch_plan.h"
#include "serve/backends/engine_model.h"

namespace ridgeline::serve {

/// An instance's sessions: by the shapes of one request's inputs, and for each of those by rows. Sizes that
/// nobody has asked for yet are compiled when somebody does, and shapes that were not asked for lately are
/// dropped: each session holds values of its own, and with some engines weights. One thread at a time.
class SessionCache {
 public:
  SessionCache(std::shared_ptr<const EngineModel> model, Place place);

  /// Compiles every bucket of these shapes, which stay.
  Status warm_up(const ItemShapes& shapes);

  /// What to run for a batch of `rows` rows, in this order (see fastest_runs): valid until the next call.
  Result<std::span<CompiledSize* const>> runs_for(const ItemShapes& shapes, int64_t rows);

  /// Of all sessions.
  const ModelMemory& memory() const { return memory_; }

 private:
  /// The sessions of some shapes, ascending by rows.
  struct Ladder {
    ItemShapes shapes;
    bool stays = false;
    std::vector<std::unique_ptr<CompiledSize>> sizes{};
    std::map<int64_t, std::vector<CompiledSize*>> plans{};  ///< by rows
  };

  Ladder& ladder_of(const ItemShapes& shapes);
  /// The size is compiled afterwards.
  Status need(Ladder& ladder, int64_t rows);
  /// Of the buckets the smallest that holds `rows` rows.
  int64_t bucket_for(int64_t rows) const;
  void drop_old();
  void count_memory();

  std::shared_ptr<const EngineModel> model_;
  Place place_;
  std::vector<int64_t> buckets_;
  std::list<Ladder> ladders_;  ///< the one used last in front
  ModelMemory memory_;
};

}  // namespace ridgeline::serve
