#pragma once

#include <algorithm>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "bench/profile.h"
#include "bench/results.h"
#include "report/document.h"
#include "report/findings.h"
#include "report/language.h"
#include "train/results.h"

namespace ridgeline::report {

/// A timed row and where its time goes; both null when no row was profiled.
struct ProfiledRow {
  const bench::Cell* cell = nullptr;
  const bench::Profile* profile = nullptr;
};

/// The roof that a row runs under, as the race knew it; nothing when it did not.
struct RowRoof {
  double flops_per_s = 0;
  double bytes_per_s = 0;

  double attainable_flops_per_s(double intensity) const {
    return std::min(flops_per_s, intensity * bytes_per_s);
  }
};

/// What every section is written from. References outlive the sections.
struct Story {
  const bench::Results& results;
  const Findings& findings;
  ProfiledRow profiled;
  const Speaker& say;
  std::string baseline;  ///< label of the approach that speed-ups are against
  std::span<const train::RunResult> trained;
};

/// Each appends its chapter. The figures come drawn, in the order in which they are shown.
void write_opening(const Story& story, Document& document);  ///< title, highlights, introduction
void write_methodology(const Story& story, Document& document);
void write_results(const Story& story, std::vector<Figure> figures, Document& document);
void write_discussion(const Story& story, Document& document);  ///< the assignment's questions, conclusion

std::optional<RowRoof> roof_of(const Story& story, const bench::Cell& cell);

/// Three to five significant digits, "–" where absent: 7103, 220.0, 44.47, 0.318.
std::string number_text(const std::optional<double>& value);
/// With so many decimals.
std::string fixed_text(const std::optional<double>& value, int decimals);
/// "1.21–1.35", one number when both ends print alike.
std::string range_text(const Range& range);
/// The distinct values of a member over all rows, in order.
template <typename Get>
auto distinct(const Story& story, Get get) {
  std::set<decltype(get(std::declval<const bench::Cell&>()))> values;
  for (const bench::Cell& cell : story.results.cells) values.insert(get(cell));
  return values;
}

/// "224", "224x320" when not square.
std::string size_text(const bench::Cell& cell);

}  // namespace ridgeline::report
