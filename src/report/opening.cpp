#include <fmt/ranges.h>
#include <set>

#include "report/phrases_setup.h"
#include "report/sections.h"

namespace ridgeline::report {
namespace {

using bench::Cell;

/// The distinct values of a member over the rows, in order.
template <typename Get>
auto distinct(const Story& story, Get get) {
  std::set<decltype(get(std::declval<const Cell&>()))> values;
  for (const Cell& cell : story.results.cells) values.insert(get(cell));
  return values;
}

std::string model_names(const Story& story) {
  return fmt::format("{}", fmt::join(distinct(story, [](const Cell& cell) { return cell.model; }), ", "));
}

Highlights highlights(const Story& story) {
  const Findings& found = story.findings;
  Highlights block;
  if (found.winner == nullptr) return block;
  const auto& say = story.say;
  block.items.push_back({say(phrase::kImagesPerSecond, *found.winner->fps),
                         say(phrase::kBestThroughput, approach_of(*found.winner).label())});
  if (found.winner->speedup)
    block.items.push_back(
        {fmt::format("{:.2f} ×", *found.winner->speedup), say(phrase::kBestSpeedup, story.baseline)});
  if (found.lowest_latency != nullptr && found.lowest_latency->p99_ms)
    block.items.push_back(
        {say(phrase::kMilliseconds, *found.lowest_latency->p99_ms),
         say(phrase::kBestLatency, found.lowest_latency->batch, approach_of(*found.lowest_latency).label())});
  if (found.best_used != nullptr)
    block.items.push_back({fmt::format("{:.1f} %", *found.best_used->measured_peak_pct),
                           say(phrase::kBestUse, approach_of(*found.best_used).label())});
  return block;
}

std::string scalar_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

/// Scalars of the context and of its objects, one row each, "cpu.model" for nested ones.
void add_properties(const Json& object, const std::string& prefix, Table& table) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object())
      add_properties(value, prefix + key + '.', table);
    else if (!value.is_null() && !value.is_array())
      table.rows.push_back({prefix + key, scalar_text(value)});
  }
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

void write_methodology(const Story& story, Document& document) {
  const auto& say = story.say;
  document.push_back(Heading{2, say(phrase::kMethodology)});
  document.push_back(Heading{3, say(phrase::kSetup)});
  Table properties{{say(phrase::kProperty), say(phrase::kValue)}, {}};
  add_properties(story.results.context, "", properties);
  document.push_back(properties);
  document.push_back(Heading{3, say(phrase::kParameters)});
  const auto listed = [](const auto& values) { return fmt::format("{}", fmt::join(values, ", ")); };
  document.push_back(
      Bullets{{say(phrase::kSizes, listed(distinct(story, size_text))),
               say(phrase::kBatches, listed(distinct(story, [](const Cell& c) { return c.batch; }))),
               say(phrase::kPrecisions, listed(distinct(story, [](const Cell& c) { return c.precision; }))),
               say(phrase::kThreads, listed(distinct(story, [](const Cell& c) { return c.threads; }))),
               say(phrase::kData, listed(distinct(story, [](const Cell& c) { return c.data; })))}});
  document.push_back(Heading{3, say(phrase::kMeasuring)});
  document.push_back(
      Bullets{{say(phrase::kHowMean), say(phrase::kHowFps), say(phrase::kHowSpeedup, story.baseline),
               say(phrase::kHowFlops), say(phrase::kHowMemory), say(phrase::kHowNoise)}});
}

}  // namespace

std::string number_text(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : "–";
}

std::string range_text(const Range& range, int decimals) {
  const std::string low = number_text(range.low, decimals);
  const std::string high = number_text(range.high, decimals);
  return low == high ? low : low + "–" + high;
}

std::string size_text(const Cell& cell) {
  return cell.height == cell.width ? std::to_string(cell.height)
                                   : fmt::format("{}x{}", cell.height, cell.width);
}

void write_opening(const Story& story, Document& document) {
  document.push_back(Heading{1, story.say(phrase::kTitle, model_names(story))});
  if (const Highlights block = highlights(story); !block.items.empty()) document.push_back(block);
  write_introduction(story, document);
  write_methodology(story, document);
}

}  // namespace ridgeline::report
