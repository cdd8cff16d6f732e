#include <fmt/ranges.h>

#include "base/json.h"
#include "report/phrases_results.h"
#include "report/result_tables.h"

namespace ridgeline::report {
namespace {

void add_section(const std::string& heading, Table table, Document& document, const std::string& note = "") {
  if (table.rows.empty()) return;
  document.push_back(Heading{3, heading});
  if (!note.empty()) document.push_back(Paragraph{note});
  document.push_back(std::move(table));
}

std::string layers_note(const Story& story) {
  if (story.profiled.cell == nullptr) return "";
  const bench::Cell& cell = *story.profiled.cell;
  return story.say(phrase::kLayersNote, approach_of(cell).label(), size_text(cell), cell.batch,
                   number_text(story.profiled.profile->total_us() / 1e3), story.profiled.profile->ops.size());
}

}  // namespace

void write_results(const Story& story, std::vector<Figure> figures, Document& document) {
  const auto& say = story.say;
  document.push_back(Heading{2, say(phrase::kResults)});
  add_section(say(phrase::kTrained), trained_table(story), document, say(phrase::kTrainedNote));
  add_section(say(phrase::kMainTable), main_table(story), document, say(phrase::kMainNote));
  if (!figures.empty()) document.push_back(Heading{3, say(phrase::kPlots)});
  for (Figure& figure : figures) document.push_back(std::move(figure));
  add_section(say(phrase::kComparative), comparative_table(story), document);
  add_section(say(phrase::kUse), use_table(story), document, say(phrase::kUseNote));
  add_section(say(phrase::kLayers), layer_table(story), document, layers_note(story));
  add_section(say(phrase::kLoading), loading_table(story), document, say(phrase::kLoadingNote));
  add_section(say(phrase::kAccuracy), accuracy_table(story), document,
              say(phrase::kAccuracyNote, text_at(story.results.context, "/reference")));
  add_section(say(phrase::kStartUp), start_up_table(story), document);
  add_section(say(phrase::kNotTimed), not_timed_table(story), document);
}

}  // namespace ridgeline::report
