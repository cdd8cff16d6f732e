#include "report/report.h"

#include "base/file.h"
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

std::string winner_line(const Findings& found) {
  if (found.winner == nullptr) return "no row was timed";
  const bench::Cell& best = *found.winner;
  std::string line = fmt::format("{}: {:.1f} images/s at size {}, batch {}", approach_of(best).label(),
                                 *best.fps, size_text(best), best.batch);
  if (best.speedup) line += fmt::format(", {:.2f} x the baseline", *best.speedup);
  return best.noisy ? line + " (NOISY)" : line;
}

}  // namespace

Result<Written> write_report(const bench::Results& results, const std::string& directory, Language language) {
  const Findings findings = find(results);
  const Speaker say(language);
  const Story story{results, findings, say, baseline_label(results.context)};
  const std::string plots = directory + "/plots";
  RETURN_IF_ERROR(make_directories(plots));
  std::vector<Figure> figures;
  for (const Plot& plot : figures_of(story)) {
    ASSIGN_OR_RETURN(std::string svg, draw(plot, plots));
    figures.push_back({plot.stem, plot.title, std::move(svg)});
  }
  Document document;
  write_opening(story, document);
  write_results(story, std::move(figures), document);
  write_discussion(story, document);
  const Written written{directory + "/report.html", directory + "/report.md", winner_line(findings)};
  RETURN_IF_ERROR(
      write_file_atomically(written.html, to_html(document, language == Language::kRussian ? "ru" : "en")));
  RETURN_IF_ERROR(write_file_atomically(written.markdown, to_markdown(document)));
  return written;
}

}  // namespace ridgeline::report
