#pragma once

#include <map>
#include <string>

#include "bench/results.h"
#include "report/document.h"
#include "report/findings.h"
#include "report/language.h"

namespace ridgeline::report {

/// What every section is written from. References outlive the sections.
struct Story {
  const bench::Results& results;
  const Findings& findings;
  const Speaker& say;
  std::string baseline;  ///< label of the approach that speed-ups are against
};

/// Each appends its chapter. The figures come drawn, in the order in which they are shown.
void write_opening(const Story& story, Document& document);  ///< title, highlights, introduction, methodology
void write_results(const Story& story, std::vector<Figure> figures, Document& document);
void write_discussion(const Story& story, Document& document);  ///< the assignment's questions, conclusion

/// "±" free number texts: "–" where absent.
std::string number_text(const std::optional<double>& value, int decimals);
/// "1.21–1.35", one number when both ends print alike.
std::string range_text(const Range& range, int decimals);
/// "224", "224x320" when not square.
std::string size_text(const bench::Cell& cell);

}  // namespace ridgeline::report
