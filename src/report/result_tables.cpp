#include "report/result_tables.h"

#include <fmt/ranges.h>
#include <map>

#include "report/phrases_results.h"

namespace ridgeline::report {
namespace {

using bench::Cell;
using Row = std::vector<std::string>;

constexpr double kMega = 1e6, kGiga = 1e9;

/// The columns that say which row it is; threads and data only where they differ between rows.
class CaseColumns {
 public:
  explicit CaseColumns(const Story& story)
      : say_(story.say),
        threads_(distinct(story, [](const Cell& cell) { return cell.threads; }).size() > 1),
        data_(distinct(story, [](const Cell& cell) { return cell.data; }).size() > 1) {}

  Row header(std::initializer_list<Phrase> others) const {
    Row row = {say_(phrase::kApproach), say_(phrase::kSize), say_(phrase::kBatch)};
    if (threads_) row.push_back(say_(phrase::kThreadCount));
    if (data_) row.push_back(say_(phrase::kDataKind));
    for (const Phrase& phrase : others) row.push_back(say_(phrase));
    return row;
  }
  Row row(const Cell& cell, std::initializer_list<std::string> others) const {
    Row row = {approach_of(cell).label(), size_text(cell), std::to_string(cell.batch)};
    if (threads_) row.push_back(std::to_string(cell.threads));
    if (data_) row.push_back(cell.data);
    row.insert(row.end(), others);
    return row;
  }

 private:
  const Speaker& say_;
  bool threads_, data_;
};

/// Drops a column that no row has anything for.
void drop_if_empty(Table& table, size_t column) {
  const auto is_empty = [&](const Row& row) { return row[column].empty() || row[column] == "–"; };
  if (!std::ranges::all_of(table.rows, is_empty)) return;
  table.header.erase(table.header.begin() + static_cast<std::ptrdiff_t>(column));
  for (Row& row : table.rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(column));
}

/// Group by group as they were raced, the fastest first in each.
std::vector<const Cell*> by_group(const Findings& found) {
  std::vector<const Cell*> sorted;
  for (const Cell* first : found.ok) {
    if (std::ranges::find(sorted, first) != sorted.end()) continue;
    const auto begin = static_cast<std::ptrdiff_t>(sorted.size());
    for (const Cell* cell : found.ok)
      if (like_with_like(*cell, *first)) sorted.push_back(cell);
    std::stable_sort(sorted.begin() + begin, sorted.end(),
                     [](const Cell* a, const Cell* b) { return *a->fps > *b->fps; });
  }
  return sorted;
}

std::string interval_text(const Cell& cell) {
  if (!cell.speedup_low || !cell.speedup_high) return "–";
  return fixed_text(cell.speedup_low, 2) + "–" + fixed_text(cell.speedup_high, 2);
}

std::string note_of(const Cell& cell) {
  std::string note = cell.noisy ? "NOISY" : "";
  if (!cell.reason.empty()) note += (note.empty() ? "" : "; ") + cell.reason;
  return note;
}

std::string bound_text(const Story& story, const Cell& cell) {
  if (cell.bound.empty()) return "–";
  return story.say(cell.bound == "memory" ? phrase::kBoundMemory : phrase::kBoundCompute);
}

std::string saturation_text(const Story& story, const ApproachSummary& summary) {
  std::vector<std::string> parts;
  for (const Saturation& at : summary.saturation) {
    if (!at.batch) continue;
    const std::string batch = std::to_string(*at.batch);
    parts.push_back(
        fmt::format("{}: {}", at.size, at.at_largest ? story.say(phrase::kBeyond, batch) : batch));
  }
  return parts.empty() ? "–" : fmt::format("{}", fmt::join(parts, ", "));
}

/// From the smallest to the largest over an approach's rows.
std::optional<Range> range_of(const Story& story, const Approach& approach,
                              std::optional<double> Cell::* member) {
  std::optional<Range> range;
  for (const Cell* cell : story.findings.ok)
    if (approach_of(*cell) == approach && cell->*member) widen(range, *(cell->*member));
  return range;
}

/// "layer1.0.conv1 (+2)" for a line that names three nodes.
std::string line_name(const Story& story, const std::string& names) {
  const auto others = std::ranges::count(names, '+');
  const std::string first = names.substr(0, names.find('+'));
  return others == 0 ? first : story.say(phrase::kFusedMore, first, others);
}

Row layer_row(const Story& story, const bench::ProfiledOp& op, const std::optional<RowRoof>& roof) {
  const double seconds = op.time.mean_us * 1e-6;
  std::optional<double> flops_per_s, intensity, share;
  if (op.cost && op.cost->flops > 0 && op.cost->bytes > 0 && seconds > 0) {
    flops_per_s = op.cost->flops / seconds;
    intensity = op.cost->flops / op.cost->bytes;
    if (roof) share = 100 * *flops_per_s / roof->attainable_flops_per_s(*intensity);
    *flops_per_s /= kGiga;
  }
  return {line_name(story, op.time.name),
          op.time.op,
          op.time.kernel,
          number_text(op.time.mean_us / 1e3),
          fixed_text(100 * op.time.mean_us / story.profiled.profile->total_us(), 1),
          number_text(flops_per_s),
          number_text(intensity),
          fixed_text(share, 1)};
}

}  // namespace

Table main_table(const Story& story) {
  const CaseColumns cases(story);
  Table table{cases.header({phrase::kMeanMs, phrase::kStdMs, phrase::kP50Ms, phrase::kP90Ms, phrase::kP99Ms,
                            phrase::kFpsRange, phrase::kMsPerImage, phrase::kSpeedup, phrase::kInterval,
                            phrase::kCpuMemoryMb, phrase::kGpuMemoryMb, phrase::kNote}),
              {}};
  const Cell* previous = nullptr;
  for (const Cell* cell : by_group(story.findings)) {
    const bool first = previous == nullptr || !like_with_like(*cell, *previous);
    previous = cell;
    Row row = cases.row(
        *cell, {number_text(cell->mean_ms), number_text(cell->std_ms), number_text(cell->p50_ms),
                number_text(cell->p90_ms), number_text(cell->p99_ms), number_text(cell->fps),
                number_text(cell->ms_per_image), fixed_text(cell->speedup, 2), interval_text(*cell),
                fixed_text(cell->cpu_memory_mb, 0), fixed_text(cell->gpu_memory_mb, 0), note_of(*cell)});
    if (first) row.front() = "**" + row.front() + "**";
    table.rows.push_back(std::move(row));
  }
  drop_if_empty(table, table.header.size() - 1);
  drop_if_empty(table, static_cast<size_t>(std::ranges::find(table.header, story.say(phrase::kGpuMemoryMb)) -
                                           table.header.begin()));
  return table;
}

Table comparative_table(const Story& story) {
  const auto& say = story.say;
  Table table{{say(phrase::kApproach), say(phrase::kFpsRange), say(phrase::kMsPerImage),
               say(phrase::kSpeedupRange), say(phrase::kBestPeakShare), say(phrase::kSaturation)},
              {}};
  for (const ApproachSummary& summary : story.findings.approaches)
    table.rows.push_back({summary.approach.label(), range_text(summary.fps),
                          range_text({1e3 / summary.fps.high, 1e3 / summary.fps.low}),
                          summary.speedup ? range_text(*summary.speedup) : "–",
                          fixed_text(summary.best_peak_pct, 1), saturation_text(story, summary)});
  return table;
}

Table use_table(const Story& story) {
  constexpr double kGoalPercent = 95;
  const CaseColumns cases(story);
  Table table{cases.header({{"GFLOP", "GFLOP"},
                            {"MB", "МБ"},
                            phrase::kIntensity,
                            phrase::kBound,
                            {"TFLOPS", "TFLOPS"},
                            phrase::kMeasuredShare,
                            phrase::kPublishedShare,
                            phrase::kHeadroom}),
              {}};
  for (const Cell* cell : by_group(story.findings)) {
    if (!cell->flops || !cell->bytes || !cell->tflops) continue;
    const std::optional<double> share = peak_share(*cell);
    table.rows.push_back(cases.row(
        *cell, {number_text(*cell->flops / kGiga), number_text(*cell->bytes / kMega),
                number_text(*cell->flops / *cell->bytes), bound_text(story, *cell), number_text(cell->tflops),
                fixed_text(cell->measured_peak_pct, 1), fixed_text(cell->published_peak_pct, 1),
                share && *share > 0 ? fixed_text(std::max(1.0, kGoalPercent / *share), 1) + " ×" : "–"}));
  }
  drop_if_empty(table, table.header.size() - 2);
  drop_if_empty(table,
                static_cast<size_t>(std::ranges::find(table.header, story.say(phrase::kMeasuredShare)) -
                                    table.header.begin()));
  return table;
}

Table layer_table(const Story& story) {
  constexpr size_t kLines = 12;
  const auto& say = story.say;
  Table table{{say(phrase::kLayer), say(phrase::kOperator), say(phrase::kKernel), say(phrase::kTimeMs),
               say(phrase::kTimeShare), say(phrase::kGflopsAxis), say(phrase::kIntensity),
               say(phrase::kAttainableShare)},
              {}};
  if (story.profiled.cell == nullptr) return table;
  const double total_us = story.profiled.profile->total_us();
  std::vector<bench::ProfiledOp> ops = story.profiled.profile->ops;
  std::ranges::stable_sort(ops, std::ranges::greater(), [](const auto& op) { return op.time.mean_us; });
  const std::optional<RowRoof> roof = roof_of(story, *story.profiled.cell);
  double rest_us = total_us;
  for (const bench::ProfiledOp& op : ops) {
    if (table.rows.size() == kLines) break;
    table.rows.push_back(layer_row(story, op, roof));
    rest_us -= op.time.mean_us;
  }
  if (ops.size() > kLines)
    table.rows.push_back({say(phrase::kOtherLines, ops.size() - kLines), "", "", number_text(rest_us / 1e3),
                          fixed_text(100 * rest_us / total_us, 1), "–", "–", "–"});
  drop_if_empty(table, 2);
  return table;
}

Table loading_table(const Story& story) {
  const auto& say = story.say;
  Table table{
      {say(phrase::kSize), say(phrase::kBatch), say(phrase::kDataMs), say(phrase::kDataMsPerImage),
       say(phrase::kDataFps), say(phrase::kApproach), say(phrase::kFastestFps), say(phrase::kLoadersNeeded)},
      {}};
  const Cell* previous = nullptr;
  for (const Cell* cell : by_group(story.findings)) {
    const bool first = previous == nullptr || !like_with_like(*cell, *previous);
    previous = cell;
    if (!first || !loaders_needed(*cell)) continue;
    const double loaded_per_s = 1e3 * static_cast<double>(cell->batch) / *cell->data_ms;
    table.rows.push_back({size_text(*cell), std::to_string(cell->batch), number_text(cell->data_ms),
                          number_text(1e3 / loaded_per_s), number_text(loaded_per_s),
                          approach_of(*cell).label(), number_text(cell->fps),
                          std::to_string(*loaders_needed(*cell))});
  }
  return table;
}

Table accuracy_table(const Story& story) {
  const auto& say = story.say;
  Table table{{say(phrase::kApproach), say(phrase::kRows), say(phrase::kMaxAbsDiff), say(phrase::kCosine),
               say(phrase::kTop1)},
              {}};
  for (const ApproachSummary& summary : story.findings.approaches) {
    const auto diff = range_of(story, summary.approach, &Cell::max_abs_diff);
    if (!diff) continue;
    const auto cosine = range_of(story, summary.approach, &Cell::cosine);
    const auto top1 = range_of(story, summary.approach, &Cell::top1_agreement);
    const auto rows = std::ranges::count(story.findings.ok, summary.approach,
                                         [](const Cell* cell) { return approach_of(*cell); });
    table.rows.push_back({summary.approach.label(), std::to_string(rows), fmt::format("{:.2g}", diff->high),
                          cosine ? fixed_text(cosine->low, 6) : "–",
                          top1 ? fixed_text(100 * top1->low, 1) + " %" : "–"});
  }
  return table;
}

Table start_up_table(const Story& story) {
  const auto& say = story.say;
  Table table{{say(phrase::kApproach), say(phrase::kLoadMs), say(phrase::kCompileMs), say(phrase::kFirstMs)},
              {}};
  for (const ApproachSummary& summary : story.findings.approaches) {
    const auto text = [&](std::optional<double> Cell::* member) {
      const auto range = range_of(story, summary.approach, member);
      return range ? range_text(*range) : "–";
    };
    table.rows.push_back(
        {summary.approach.label(), text(&Cell::load_ms), text(&Cell::compile_ms), text(&Cell::first_ms)});
  }
  return table;
}

Table not_timed_table(const Story& story) {
  const auto& say = story.say;
  Table table{{say(phrase::kApproach), say(phrase::kCases), say(phrase::kStatus), say(phrase::kReason)}, {}};
  using Key = std::tuple<Approach, bench::CellStatus, std::string>;
  std::vector<std::pair<Key, std::vector<std::pair<std::string, std::string>>>> lines;
  for (const Cell* cell : story.findings.not_ok) {
    const Key key{approach_of(*cell), cell->status, cell->reason};
    auto line = std::ranges::find(lines, key, [](const auto& entry) { return entry.first; });
    if (line == lines.end()) line = lines.insert(lines.end(), {key, {}});
    auto& sizes = line->second;
    if (sizes.empty() || sizes.back().first != size_text(*cell))
      sizes.emplace_back(size_text(*cell), std::to_string(cell->batch));
    else
      sizes.back().second += ", " + std::to_string(cell->batch);
  }
  for (const auto& [key, sizes] : lines) {
    std::vector<std::string> cases;
    for (const auto& [size, batches] : sizes) cases.push_back(size + ": " + batches);
    table.rows.push_back({std::get<0>(key).label(), fmt::format("{}", fmt::join(cases, "; ")),
                          std::string(name_of(std::get<1>(key))), std::get<2>(key)});
  }
  return table;
}

}  // namespace ridgeline::report
