#include <algorithm>

#include "report/phrases_results.h"
#include "report/result_tables.h"

namespace ridgeline::report {
namespace {

using bench::Cell;

/// The timed row of that square size whose `value` is highest; null where the race has none.
template <typename Value>
const Cell* best_at(const Story& story, int size, Value value) {
  const Cell* best = nullptr;
  for (const Cell* cell : story.findings.ok)
    if (cell->height == size && cell->width == size && (best == nullptr || value(*cell) > value(*best)))
      best = cell;
  return best;
}

std::string with_row(const std::string& value, const Cell& cell, const Speaker& say) {
  return fmt::format("{} ({}, {} {})", value, approach_of(cell).label(), say(phrase::kBatchAxis), cell.batch);
}

}  // namespace

Table trained_table(const Story& story) {
  const auto& say = story.say;
  Table table{{say(phrase::kTrainedModel), say(phrase::kSize), say(phrase::kTestTop1), say(phrase::kTestTop5),
               say(phrase::kBestEpoch), say(phrase::kLowestLatency), say(phrase::kHighestFps)},
              {}};
  for (const train::RunResult& run : story.trained) {
    const train::EpochRow* epoch = run.best();
    if (epoch == nullptr) continue;
    const Cell* quickest = best_at(story, run.image_size, [](const Cell& cell) { return -*cell.mean_ms; });
    const Cell* busiest = best_at(story, run.image_size, [](const Cell& cell) { return *cell.fps; });
    table.rows.push_back({run.model, std::to_string(run.image_size), fixed_text(epoch->eval_top1, 1),
                          fixed_text(epoch->eval_top5, 1), std::to_string(epoch->epoch),
                          quickest ? with_row(number_text(quickest->mean_ms), *quickest, say) : "–",
                          busiest ? with_row(number_text(busiest->fps), *busiest, say) : "–"});
  }
  return table;
}

}  // namespace ridgeline::report
