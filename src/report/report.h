#pragma once

#include <string>

#include "base/status.h"
#include "bench/results.h"
#include "report/language.h"

namespace ridgeline::report {

struct Written {
  std::string html;      ///< path of the page
  std::string markdown;  ///< path of the text
  std::string winner;    ///< one line: the approach of the highest throughput and its figures
};

/// Writes report.html, report.md and plots/*.svg, *.png into `directory`.
Result<Written> write_report(const bench::Results& results, const std::string& directory, Language language);

}  // namespace ridgeline::report
