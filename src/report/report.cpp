#include "report/report.h"

#include <algorithm>

#include "base/file.h"
#include "bench/compare.h"
#include "report/figures.h"
#include "report/sections.h"

namespace ridgeline::report {
namespace {

/// "libtorch:fp32" as the race writes it, in the form of Approach::label().
std::string baseline_label(const Json& context) {
  std::string label = context.value("baseline", std::string("libtorch:fp32"));
  std::replace(label.begin(), label.end(), ':', ' ');
  return label;
}

/// The winner with its profile, or the fastest row that has one.
ProfiledRow profiled_row(const Race& race, const Findings& found) {
  std::vector<const bench::Cell*> candidates = found.ok;
  std::ranges::stable_sort(candidates, [&](const bench::Cell* a, const bench::Cell* b) {
    return std::pair(b == found.winner, *b->fps) < std::pair(a == found.winner, *a->fps);
  });
  for (const bench::Cell* cell : candidates)
    if (const auto profile = race.profiles.find(bench::identity_of(*cell)); profile != race.profiles.end())
      return {cell, &profile->second};
  return {};
}

std::string winner_line(const Findings& found) {
  if (found.winner == nullptr) return "no row was timed";
  const bench::Cell& best = *found.winner;
  std::string line = fmt::format("{}: {:.1f} images/s at size {}, batch {}", approach_of(best).label(),
                                 *best.fps, size_text(best), best.batch);
  if (best.speedup) line += fmt::format(", {:.2f} x the baseline", *best.speedup);
  return best.noisy ? line + " (NOISY)" : line;
}

}  // namespace

Result<Race> load_race(const std::string& path) {
  Race race;
  ASSIGN_OR_RETURN(race.results, bench::load_results(path));
  ASSIGN_OR_RETURN(race.profiles, bench::load_profiles(bench::race_folder(path), race.results.cells));
  return race;
}

Result<Written> write_report(const Race& race, const std::string& directory, Language language) {
  const Findings findings = find(race.results);
  const Speaker say(language);
  const Story story{
      race.results, findings, profiled_row(race, findings), say, baseline_label(race.results.context),
      race.trained};
  const std::string plots = directory + "/plots";
  RETURN_IF_ERROR(make_directories(plots));
  std::vector<Figure> figures;
  for (const Plot& plot : figures_of(story)) {
    ASSIGN_OR_RETURN(std::string svg, draw(plot, plots));
    figures.push_back({plot.stem, plot.caption, std::move(svg)});
  }
  Document document;
  write_opening(story, document);
  write_methodology(story, document);
  write_results(story, std::move(figures), document);
  write_discussion(story, document);
  number_headings(document);
  const Written written{directory + "/report.html", directory + "/report.md", winner_line(findings)};
  RETURN_IF_ERROR(
      write_file_atomically(written.html, to_html(document, language == Language::kRussian ? "ru" : "en")));
  RETURN_IF_ERROR(write_file_atomically(written.markdown, to_markdown(document)));
  return written;
}

}  // namespace ridgeline::report
