#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/profile.h"
#include "bench/results.h"
#include "report/language.h"
#include "train/results.h"

namespace ridgeline::report {

/// What a race left in its folder.
struct Race {
  bench::Results results;
  std::map<std::string, bench::Profile> profiles;  ///< by bench::identity_of
  std::vector<train::RunResult> trained;           ///< what was trained to be raced; may be empty
};

/// Reads DIR/results.json, or a results.json named itself, and the profiles beside it.
Result<Race> load_race(const std::string& path);

struct Written {
  std::string html;      ///< path of the page
  std::string markdown;  ///< path of the text
  std::string winner;    ///< one line: the approach of the highest throughput and its figures
};

/// Writes report.html, report.md and plots/*.svg, *.png into `directory`.
Result<Written> write_report(const Race& race, const std::string& directory, Language language);

}  // namespace ridgeline::report
