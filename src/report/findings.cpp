#include "report/findings.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace ridgeline::report {
namespace {

using bench::Cell;
using Cells = std::vector<const Cell*>;

bool faster(const Cell* a, const Cell* b) { return a->fps.value_or(0) > b->fps.value_or(0); }

const Cell* fastest(const Cells& cells) {
  const auto best = std::min_element(cells.begin(), cells.end(), faster);
  return best == cells.end() ? nullptr : *best;
}

template <typename Keep>
Cells only(const Cells& cells, Keep keep) {
  Cells kept;
  std::copy_if(cells.begin(), cells.end(), std::back_inserter(kept), keep);
  return kept;
}

Saturation saturation_at(const Cells& cells, int64_t size) {
  constexpr double kFlat = 0.95;
  std::map<int64_t, double> fps_by_batch;
  for (const Cell* cell : cells)
    if (cell->height == size) fps_by_batch[cell->batch] = std::max(fps_by_batch[cell->batch], *cell->fps);
  Saturation saturation{.size = size};
  if (fps_by_batch.size() < 2) return saturation;
  const auto by_fps = [](const auto& a, const auto& b) { return a.second < b.second; };
  const double best = std::max_element(fps_by_batch.begin(), fps_by_batch.end(), by_fps)->second;
  const auto enough = [&](const auto& entry) { return entry.second >= kFlat * best; };
  saturation.batch = std::find_if(fps_by_batch.begin(), fps_by_batch.end(), enough)->first;
  saturation.at_largest = saturation.batch == fps_by_batch.rbegin()->first;
  return saturation;
}

ApproachSummary summarise(const Approach& approach, const Cells& cells) {
  ApproachSummary summary{.approach = approach, .best = fastest(cells)};
  std::optional<Range> fps;
  std::set<int64_t> sizes;
  for (const Cell* cell : cells) {
    widen(fps, *cell->fps);
    if (cell->speedup) widen(summary.speedup, *cell->speedup);
    if (const auto share = peak_share(*cell))
      summary.best_peak_pct = std::max(summary.best_peak_pct.value_or(0), *share);
    sizes.insert(cell->height);
  }
  summary.fps = *fps;
  for (const int64_t size : sizes) summary.saturation.push_back(saturation_at(cells, size));
  return summary;
}

const Cell* lowest_latency(const Cells& cells) {
  const auto key = [](const Cell* cell) { return std::pair(cell->batch, cell->p99_ms.value_or(1e300)); };
  const auto best =
      std::min_element(cells.begin(), cells.end(), [&](auto* a, auto* b) { return key(a) < key(b); });
  return best == cells.end() ? nullptr : *best;
}

const Cell* best_used(const Cells& cells) {
  const auto less = [](const Cell* a, const Cell* b) {
    return peak_share(*a).value_or(0) < peak_share(*b).value_or(0);
  };
  const auto best = std::max_element(cells.begin(), cells.end(), less);
  return best == cells.end() || !peak_share(**best) ? nullptr : *best;
}

bool intervals_are_apart(const Cell& a, const Cell& b) {
  if (!a.speedup_low || !b.speedup_low || !a.speedup_high || !b.speedup_high) return false;
  return *a.speedup_low > *b.speedup_high || *b.speedup_low > *a.speedup_high;
}

/// The fastest row; where that one is noisy, a quiet row of its group that it cannot be told from.
const Cell* winner_of(const Cells& cells) {
  const Cell* best = fastest(cells);
  if (best == nullptr || !best->noisy) return best;
  const Cell* quiet = fastest(only(cells, [&](const Cell* cell) {
    return !cell->noisy && like_with_like(*cell, *best) && !intervals_are_apart(*cell, *best);
  }));
  return quiet != nullptr ? quiet : best;
}

}  // namespace

std::string Approach::label() const {
  const std::string name = engine + ' ' + precision;
  return device == "cpu" || device.empty() ? name : name + ' ' + device;
}

Approach approach_of(const Cell& cell) { return {cell.engine, cell.precision, cell.device}; }

void widen(std::optional<Range>& range, double value) {
  if (!range) range = Range{value, value};
  range->low = std::min(range->low, value);
  range->high = std::max(range->high, value);
}

bool like_with_like(const Cell& a, const Cell& b) {
  const auto group = [](const Cell& cell) {
    return std::tie(cell.model, cell.height, cell.width, cell.batch, cell.device, cell.threads, cell.data);
  };
  return group(a) == group(b);
}

std::optional<double> peak_share(const Cell& cell) {
  return cell.measured_peak_pct ? cell.measured_peak_pct : cell.published_peak_pct;
}

std::optional<int> loaders_needed(const Cell& cell) {
  if (!cell.data_ms || !cell.mean_ms || *cell.data_ms <= 0) return std::nullopt;
  return static_cast<int>(std::ceil(*cell.data_ms / *cell.mean_ms));
}

Findings find(const bench::Results& results) {
  Findings findings;
  std::map<Approach, Cells> by_approach;
  for (const Cell& cell : results.cells) {
    if (cell.status != bench::CellStatus::kOk) findings.not_ok.push_back(&cell);
    if (cell.status != bench::CellStatus::kOk || cell.engine == "null" || !cell.fps) continue;
    findings.ok.push_back(&cell);
    by_approach[approach_of(cell)].push_back(&cell);
  }
  for (const auto& [approach, cells] : by_approach) findings.approaches.push_back(summarise(approach, cells));
  std::sort(findings.approaches.begin(), findings.approaches.end(),
            [](const auto& a, const auto& b) { return a.fps.high > b.fps.high; });
  findings.winner = winner_of(findings.ok);
  if (findings.winner == nullptr) return findings;
  const auto rival = [&](const Cell* cell) {
    return like_with_like(*cell, *findings.winner) && approach_of(*cell) != approach_of(*findings.winner);
  };
  findings.runner_up = fastest(only(findings.ok, rival));
  findings.clear =
      findings.runner_up == nullptr || intervals_are_apart(*findings.winner, *findings.runner_up);
  findings.lowest_latency = lowest_latency(findings.ok);
  findings.best_used = best_used(findings.ok);
  return findings;
}

}  // namespace ridgeline::report
