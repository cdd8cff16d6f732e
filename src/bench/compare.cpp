#include "bench/compare.h"

#include <algorithm>
#include <array>
#include <map>

namespace ridgeline::bench {
namespace {

std::string baseline_of(const Results& results) { return results.context.value("baseline", std::string()); }

Ratio speedup_of(const Cell& cell) { return {*cell.speedup, *cell.speedup_low, *cell.speedup_high}; }

bool has_speedup(const Cell& cell) { return cell.speedup && cell.speedup_low && cell.speedup_high; }

Change judge(const Cell& before, const Cell& after, double threshold) {
  Change change{before, after, {}, Verdict::kSame};
  const bool was = before.status == CellStatus::kOk, is = after.status == CellStatus::kOk;
  if (was && !is && after.status != CellStatus::kSkipped) change.verdict = Verdict::kLost;
  if (!was && is) change.verdict = Verdict::kGained;
  if (!was || !is || !has_speedup(before) || !has_speedup(after)) return change;
  change.speed = change_between(speedup_of(before), speedup_of(after));
  if (!change.speed.significant()) return change;
  if (change.speed.value > 1 + threshold) change.verdict = Verdict::kFaster;
  if (change.speed.value < 1 - threshold) change.verdict = Verdict::kSlower;
  return change;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 5> kNames = {"same", "faster", "slower", "lost", "gained"};
  return kNames[static_cast<size_t>(verdict)];
}

bool Comparison::regressed() const {
  return std::any_of(changes.begin(), changes.end(),
                     [](const Change& change) { return change.regression(); });
}

std::string identity_of(const Cell& cell) {
  return fmt::format("{} {}:{} {} {}x{} batch {}, {} threads, {}", cell.model, cell.engine, cell.precision,
                     cell.device, cell.height, cell.width, cell.batch, cell.threads, cell.data);
}

Result<Comparison> compare_results(const Results& before, const Results& after, double threshold) {
  const std::string baseline = baseline_of(before);
  if (baseline != baseline_of(after))
    return invalid_argument("the runs were measured against different baselines, {} and {}: not comparable",
                            baseline, baseline_of(after));
  std::map<std::string, const Cell*> left;
  for (const Cell& cell : after.cells) left[identity_of(cell)] = &cell;
  Comparison comparison;
  size_t matched = 0;
  for (const Cell& cell : before.cells) {
    const auto partner = left.find(identity_of(cell));
    if (partner == left.end()) {
      comparison.unmatched.push_back(identity_of(cell));
      continue;
    }
    ++matched;
    Change change = judge(cell, *partner->second, threshold);
    const bool is_baseline = cell.engine + ":" + cell.precision == baseline;
    if (!is_baseline || change.verdict != Verdict::kSame) comparison.changes.push_back(std::move(change));
    left.erase(partner);
  }
  if (matched == 0) return invalid_argument("the runs have no cell in common");
  for (const auto& [identity, cell] : left) comparison.unmatched.push_back(identity);
  return comparison;
}

Result<Results> merge_results(std::span<const Results> parts) {
  if (parts.empty()) return invalid_argument("nothing to merge");
  Results merged{parts.front().context, {}};
  std::map<std::string, size_t> position;
  Json contexts = Json::array();
  for (const Results& part : parts) {
    contexts.push_back(part.context);
    if (baseline_of(part) != baseline_of(parts.front()))
      return invalid_argument("parts were measured against different baselines, {} and {}",
                              baseline_of(parts.front()), baseline_of(part));
    for (const Cell& cell : part.cells) {
      const auto [found, added] = position.try_emplace(identity_of(cell), merged.cells.size());
      if (added) {
        merged.cells.push_back(cell);
        continue;
      }
      Cell& held = merged.cells[found->second];
      if (held.status == CellStatus::kOk && cell.status == CellStatus::kOk)
        return invalid_argument("{} was measured in two parts; leave one out", found->first);
      if (cell.status == CellStatus::kOk) held = cell;
    }
  }
  merged.context["merged_from"] = std::move(contexts);
  return merged;
}

}  // namespace ridgeline::bench
