#include <fmt/ranges.h>

#include "base/json.h"
#include "report/phrases_setup.h"
#include "report/sections.h"

namespace ridgeline::report {
namespace {

using bench::Cell;

constexpr double kGiga = 1e9;

/// What stands under `key` of the context; an empty object when nothing does.
const Json& object_at(const Story& story, const char* key) {
  static const Json kNothing = Json::object();
  const Json& context = story.results.context;
  return context.contains(key) && context[key].is_object() ? context[key] : kNothing;
}

std::string gpu_names(const Story& story) {
  std::vector<std::string> names;
  for (const auto& [device, limits] : object_at(story, "devices").items())
    if (device != "cpu") names.push_back(fmt::format("{} ({})", text_at(limits, "/name"), device));
  return names.empty() ? story.say(phrase::kNoGpu) : fmt::format("{}", fmt::join(names, ", "));
}

std::string quietness(const Story& story) {
  const Json& context = story.results.context;
  const double median = number_at(context, "/noise/spin_p50_us");
  if (median <= 0) return "–";
  return story.say(phrase::kQuietText, number_at(context, "/load_average/0"),
                   number_at(context, "/noise/spin_p99_us") / median, number_at(context, "/noise/steal_pct"));
}

Table machine_table(const Story& story) {
  const auto& say = story.say;
  const Json& context = story.results.context;
  return {
      {say(phrase::kProperty), say(phrase::kValue)},
      {{say(phrase::kCpu), text_at(context, "/cpu/model")},
       {say(phrase::kCores),
        say(phrase::kCoresUsed, number_at(context, "/cpu/cores"), number_at(context, "/cpu/threads"))},
       {say(phrase::kInstructionSets), text_at(context, "/cpu/features")},
       {say(phrase::kMemoryInstalled), say(phrase::kGigabytes, number_at(context, "/memory_mb") / 1e3)},
       {say(phrase::kGpu), gpu_names(story)},
       {say(phrase::kSystem), say(phrase::kSystemText, text_at(context, "/os"), text_at(context, "/kernel"))},
       {say(phrase::kMeasuredAt),
        say(phrase::kMeasuredAtText, text_at(context, "/time"), text_at(context, "/ridgeline"))},
       {say(phrase::kQuiet), quietness(story)}}};
}

Table engine_table(const Story& story) {
  constexpr std::string_view kAbsent = "absent: ";
  const auto& say = story.say;
  Table table{{say(phrase::kEngine), say(phrase::kVersion)}, {}};
  for (const auto& [name, version] : object_at(story, "engines").items()) {
    std::string text = version.is_string() ? version.get<std::string>() : "";
    if (text.starts_with(kAbsent)) text = say(phrase::kAbsent, text.substr(kAbsent.size()));
    table.rows.push_back({name, std::move(text)});
  }
  return table;
}

void write_limits(const Story& story, Document& document) {
  const auto& say = story.say;
  Table table{{say(phrase::kDevice), say(phrase::kPrecision), say(phrase::kPeak), say(phrase::kBandwidth),
               say(phrase::kRidge)},
              {}};
  std::vector<Paragraph> sources;
  for (const auto& [device, limits] : object_at(story, "devices").items()) {
    const double bandwidth = number_at(limits, "/bandwidth");
    const Json peaks = limits.value("peak_flops", Json::object());
    for (const auto& [precision, peak] : peaks.items())
      if (peak.is_number() && bandwidth > 0)
        table.rows.push_back({device, precision, fixed_text(peak.get<double>() / kGiga, 1),
                              fixed_text(bandwidth / kGiga, 1),
                              fixed_text(peak.get<double>() / bandwidth, 1)});
    sources.push_back({say(phrase::kLimitsFrom, device, text_at(limits, "/source"))});
  }
  if (table.rows.empty()) return;
  document.push_back(Heading{3, say(phrase::kLimits)});
  document.push_back(std::move(table));
  for (Paragraph& source : sources) document.push_back(std::move(source));
}

/// Smallest first.
std::vector<std::string> sizes(const Story& story) {
  std::vector<std::string> texts;
  for (const auto& [height, width] :
       distinct(story, [](const Cell& cell) { return std::pair(cell.height, cell.width); })) {
    Cell cell;
    cell.height = height;
    cell.width = width;
    texts.push_back(size_text(cell));
  }
  return texts;
}

Bullets parameters(const Story& story) {
  const auto& say = story.say;
  const Json& context = story.results.context;
  const auto listed = [](const auto& values) { return fmt::format("{}", fmt::join(values, ", ")); };
  Bullets bullets{
      {say(phrase::kSizes, listed(sizes(story))),
       say(phrase::kBatches, listed(distinct(story, [](const Cell& c) { return c.batch; }))),
       say(phrase::kPrecisions, listed(distinct(story, [](const Cell& c) { return c.precision; }))),
       say(phrase::kThreads, listed(distinct(story, [](const Cell& c) { return c.threads; }))),
       say(phrase::kData, listed(distinct(story, [](const Cell& c) { return c.data; }))),
       say(phrase::kRuns, number_at(context, "/config/runs"), number_at(context, "/config/rounds"),
           number_at(context, "/config/warmup")),
       say(phrase::kBaseline, story.baseline, text_at(context, "/reference"))}};
  if (const double harness_us = number_at(context, "/harness_us"); harness_us > 0)
    bullets.items.push_back(say(phrase::kHarness, number_text(harness_us)));
  if (const std::string command = text_at(context, "/command"); !command.empty())
    bullets.items.push_back(say(phrase::kCommand, command));
  return bullets;
}

}  // namespace

void write_methodology(const Story& story, Document& document) {
  const auto& say = story.say;
  document.push_back(Heading{2, say(phrase::kMethodology)});
  document.push_back(Heading{3, say(phrase::kSetup)});
  document.push_back(machine_table(story));
  if (Table engines = engine_table(story); !engines.rows.empty()) {
    document.push_back(Heading{3, say(phrase::kEngines)});
    document.push_back(std::move(engines));
  }
  write_limits(story, document);
  document.push_back(Heading{3, say(phrase::kParameters)});
  document.push_back(parameters(story));
  document.push_back(Heading{3, say(phrase::kMeasuring)});
  document.push_back(
      Bullets{{say(phrase::kHowMean), say(phrase::kHowFps), say(phrase::kHowSpeedup, story.baseline),
               say(phrase::kHowFlops), say(phrase::kHowMemory), say(phrase::kHowNoise)}});
}

}  // namespace ridgeline::report
