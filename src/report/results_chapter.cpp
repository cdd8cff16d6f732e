#include <fmt/ranges.h>

#include "report/phrases_results.h"
#include "report/sections.h"

namespace ridgeline::report {
namespace {

using bench::Cell;

std::string approach_text(const Cell& cell) {
  return approach_of(cell).label() + (cell.noisy ? " **NOISY**" : "");
}

std::string interval_text(const Cell& cell) {
  if (!cell.speedup_low || !cell.speedup_high) return "–";
  return fmt::format("{:.2f}–{:.2f}", *cell.speedup_low, *cell.speedup_high);
}

Table main_table(const Story& story) {
  const auto& say = story.say;
  Table table{
      {say(phrase::kApproach), say(phrase::kSize), say(phrase::kBatch), say(phrase::kMeanMs),
       say(phrase::kStdMs), say(phrase::kP99Ms), "FPS", say(phrase::kMsPerImage), say(phrase::kSpeedup),
       say(phrase::kInterval), "TFLOPS", say(phrase::kPeakShare), say(phrase::kMemoryMb)},
      {}};
  for (const Cell* cell : story.findings.ok)
    table.rows.push_back({approach_text(*cell), size_text(*cell), std::to_string(cell->batch),
                          number_text(cell->mean_ms, 2), number_text(cell->std_ms, 2),
                          number_text(cell->p99_ms, 2), number_text(cell->fps, 1),
                          number_text(cell->ms_per_image, 2), number_text(cell->speedup, 2),
                          interval_text(*cell), number_text(cell->tflops, 3),
                          number_text(cell->measured_peak_pct, 1), number_text(cell->cpu_memory_mb, 0)});
  return table;
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

Table comparative_table(const Story& story) {
  const auto& say = story.say;
  Table table{{say(phrase::kApproach), say(phrase::kFpsRange), say(phrase::kSpeedupRange),
               say(phrase::kPeakShare), say(phrase::kSaturation)},
              {}};
  for (const ApproachSummary& summary : story.findings.approaches)
    table.rows.push_back({summary.approach.label(), range_text(summary.fps, 1),
                          summary.speedup ? range_text(*summary.speedup, 2) : "–",
                          number_text(summary.best_peak_pct, 1), saturation_text(story, summary)});
  return table;
}

Table accuracy_table(const Story& story) {
  const auto& say = story.say;
  Table table{{say(phrase::kApproach), say(phrase::kSize), say(phrase::kBatch), say(phrase::kMaxAbsDiff),
               say(phrase::kCosine), say(phrase::kTop1)},
              {}};
  for (const Cell* cell : story.findings.ok) {
    if (!cell->max_abs_diff) continue;
    table.rows.push_back({approach_of(*cell).label(), size_text(*cell), std::to_string(cell->batch),
                          fmt::format("{:.2g}", *cell->max_abs_diff), number_text(cell->cosine, 6),
                          cell->top1_agreement ? fmt::format("{:.0f} %", 100 * *cell->top1_agreement) : "–"});
  }
  return table;
}

Table start_up_table(const Story& story) {
  const auto& say = story.say;
  Table table{{say(phrase::kApproach), say(phrase::kSize), say(phrase::kBatch), say(phrase::kLoadMs),
               say(phrase::kCompileMs), say(phrase::kFirstMs)},
              {}};
  for (const Cell* cell : story.findings.ok)
    table.rows.push_back({approach_of(*cell).label(), size_text(*cell), std::to_string(cell->batch),
                          number_text(cell->load_ms, 1), number_text(cell->compile_ms, 1),
                          number_text(cell->first_ms, 2)});
  return table;
}

Table not_timed_table(const Story& story) {
  const auto& say = story.say;
  Table table{{say(phrase::kApproach), say(phrase::kSize), say(phrase::kBatch), say(phrase::kStatus),
               say(phrase::kReason)},
              {}};
  for (const Cell* cell : story.findings.not_ok)
    table.rows.push_back({approach_of(*cell).label(), size_text(*cell), std::to_string(cell->batch),
                          std::string(name_of(cell->status)), cell->reason});
  return table;
}

void add_section(const std::string& heading, Table table, Document& document) {
  if (table.rows.empty()) return;
  document.push_back(Heading{3, heading});
  document.push_back(std::move(table));
}

}  // namespace

void write_results(const Story& story, std::vector<Figure> figures, Document& document) {
  const auto& say = story.say;
  document.push_back(Heading{2, say(phrase::kResults)});
  add_section(say(phrase::kMainTable), main_table(story), document);
  if (!figures.empty()) document.push_back(Heading{3, say(phrase::kPlots)});
  for (Figure& figure : figures) document.push_back(std::move(figure));
  add_section(say(phrase::kComparative), comparative_table(story), document);
  add_section(say(phrase::kAccuracy), accuracy_table(story), document);
  add_section(say(phrase::kStartUp), start_up_table(story), document);
  add_section(say(phrase::kNotTimed), not_timed_table(story), document);
}

}  // namespace ridgeline::report
