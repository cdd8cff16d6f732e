#include "serve/backends/session_cache.h"

#include <algorithm>

namespace ridgeline::serve {
namespace {

/// Sessions that an instance keeps, all shapes together; those of the shapes in use and of shapes that it was
/// warmed up for are kept in any case.
constexpr size_t kMostSessions = 16;

std::vector<CompiledSize*> fastest(int64_t rows, const std::vector<std::unique_ptr<CompiledSize>>& sizes) {
  std::vector<TimedSize> timed;
  for (const auto& size : sizes) timed.push_back({size->rows, size->seconds});
  std::vector<CompiledSize*> runs;
  for (const int64_t run : fastest_runs(rows, timed))
    runs.push_back(std::ranges::find(sizes, run, [](const auto& size) { return size->rows; })->get());
  return runs;
}

}  // namespace

SessionCache::SessionCache(std::shared_ptr<const EngineModel> model, Place place)
    : model_(std::move(model)), place_(std::move(place)), buckets_(bucket_sizes(model_->config)) {}

Status SessionCache::warm_up(const ItemShapes& shapes) {
  Ladder& ladder = ladder_of(shapes);
  ladder.stays = true;
  for (const int64_t rows : buckets_) RETURN_IF_ERROR(need(ladder, rows));
  return {};
}

Result<std::span<CompiledSize* const>> SessionCache::runs_for(const ItemShapes& shapes, int64_t rows) {
  Ladder& ladder = ladder_of(shapes);
  auto plan = ladder.plans.find(rows);
  if (plan == ladder.plans.end()) {
    if (Status compiled = need(ladder, bucket_for(rows)); !compiled.ok()) {
      if (ladder.sizes.empty()) ladders_.pop_front();
      return compiled;
    }
    plan = ladder.plans.emplace(rows, fastest(rows, ladder.sizes)).first;
    drop_old();
  }
  return std::span<CompiledSize* const>(plan->second);
}

SessionCache::Ladder& SessionCache::ladder_of(const ItemShapes& shapes) {
  const auto found = std::ranges::find(ladders_, shapes, &Ladder::shapes);
  if (found == ladders_.end())
    ladders_.push_front({.shapes = shapes});
  else
    ladders_.splice(ladders_.begin(), ladders_, found);
  return ladders_.front();
}

Status SessionCache::need(Ladder& ladder, int64_t rows) {
  const auto at =
      std::ranges::lower_bound(ladder.sizes, rows, {}, [](const auto& size) { return size->rows; });
  if (at != ladder.sizes.end() && (*at)->rows == rows) return {};
  ASSIGN_OR_RETURN(auto size, compile_size(*model_, place_, ladder.shapes, rows));
  ladder.sizes.insert(at, std::move(size));
  ladder.plans.clear();
  count_memory();
  return {};
}

int64_t SessionCache::bucket_for(int64_t rows) const {
  const auto bucket = std::ranges::lower_bound(buckets_, rows);
  return bucket == buckets_.end() ? buckets_.back() : *bucket;
}

void SessionCache::drop_old() {
  size_t sessions = ladders_.front().sizes.size();
  for (auto ladder = std::next(ladders_.begin()); ladder != ladders_.end();) {
    sessions += ladder->sizes.size();
    if (ladder->stays || sessions <= kMostSessions) {
      ++ladder;
      continue;
    }
    ladder = ladders_.erase(ladder);
  }
  count_memory();
}

void SessionCache::count_memory() {
  memory_ = {};
  for (const Ladder& ladder : ladders_)
    for (const auto& size : ladder.sizes) memory_.merge(size->memory);
}

}  // namespace ridgeline::serve
