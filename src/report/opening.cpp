#include <fmt/ranges.h>

#include "report/phrases_setup.h"
#include "report/sections.h"

namespace ridgeline::report {
namespace {

using bench::Cell;

std::string model_names(const Story& story) {
  return fmt::format("{}", fmt::join(distinct(story, [](const Cell& cell) { return cell.model; }), ", "));
}

Highlights highlights(const Story& story) {
  const Findings& found = story.findings;
  Highlights block;
  if (found.winner == nullptr) return block;
  const auto& say = story.say;
  const auto add = [&](std::string value, const Phrase& label, const Cell& cell) {
    block.items.push_back(
        {std::move(value), say(label, approach_of(cell).label(), size_text(cell), cell.batch)});
  };
  add(say(phrase::kImagesPerSecond, number_text(found.winner->fps)), phrase::kBestThroughput, *found.winner);
  if (found.winner->speedup)
    block.items.push_back(
        {number_text(found.winner->speedup) + " ×", say(phrase::kBestSpeedup, story.baseline)});
  if (found.lowest_latency != nullptr && found.lowest_latency->p99_ms)
    add(say(phrase::kMilliseconds, number_text(found.lowest_latency->p99_ms)), phrase::kBestLatency,
        *found.lowest_latency);
  if (found.best_used != nullptr)
    add(fixed_text(peak_share(*found.best_used), 1) + " %", phrase::kBestUse, *found.best_used);
  return block;
}

void write_introduction(const Story& story, Document& document) {
  const auto& say = story.say;
  std::vector<std::string> labels;
  for (const ApproachSummary& summary : story.findings.approaches) labels.push_back(summary.approach.label());
  document.push_back(Heading{2, say(phrase::kIntroduction)});
  document.push_back(Paragraph{say(phrase::kTask, model_names(story))});
  if (!labels.empty())
    document.push_back(Paragraph{say(phrase::kApproaches, fmt::format("{}", fmt::join(labels, ", ")))});
  document.push_back(Paragraph{say(phrase::kExpected)});
}

}  // namespace

void write_opening(const Story& story, Document& document) {
  document.push_back(Heading{1, story.say(phrase::kTitle, model_names(story))});
  if (const Highlights block = highlights(story); !block.items.empty()) document.push_back(block);
  write_introduction(story, document);
}

}  // namespace ridgeline::report
