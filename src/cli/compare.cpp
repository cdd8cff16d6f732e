#include "bench/compare.h"

#include <fmt/core.h>
#include <memory>
#include <string>

#include "cli/verbs.h"

namespace ridgeline::cli {
namespace {

constexpr double kPercent = 100;

Json to_json(const bench::Comparison& comparison) {
  Json changes = Json::array();
  for (const bench::Change& change : comparison.changes)
    changes.push_back({{"cell", bench::identity_of(change.after)},
                       {"verdict", name_of(change.verdict)},
                       {"before", name_of(change.before.status)},
                       {"after", name_of(change.after.status)},
                       {"speed", change.speed.value},
                       {"speed_low", change.speed.low},
                       {"speed_high", change.speed.high}});
  return {{"regressed", comparison.regressed()},
          {"changes", std::move(changes)},
          {"unmatched", comparison.unmatched}};
}

void print(const bench::Comparison& comparison) {
  for (const bench::Change& change : comparison.changes) {
    const std::string cell = bench::identity_of(change.after);
    if (change.verdict == bench::Verdict::kLost || change.verdict == bench::Verdict::kGained)
      fmt::print("{:<7} {}: {} before, {} now\n", name_of(change.verdict), cell,
                 name_of(change.before.status), name_of(change.after.status));
    else
      fmt::print("{:<7} {}: {:+.1f} % [{:+.1f}, {:+.1f}]\n", name_of(change.verdict), cell,
                 kPercent * (change.speed.value - 1), kPercent * (change.speed.low - 1),
                 kPercent * (change.speed.high - 1));
  }
  for (const std::string& cell : comparison.unmatched) fmt::print("single  {}: in one run only\n", cell);
}

}  // namespace

Action configure_compare(CLI::App& app, const Environment& /*environment*/) {
  struct Flags {
    std::string before, after;
    double threshold_pct = 2;
  };
  auto flags = std::make_shared<Flags>();
  app.add_option("before", flags->before, "results of the earlier race: a folder or its results.json")
      ->required();
  app.add_option("after", flags->after, "results of the later race")->required();
  app.add_option("--threshold", flags->threshold_pct, "smallest change in speed that counts, percent")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  const CLI::Option* json = add_json_flag(app);
  return [flags, json]() -> Result<int> {
    ASSIGN_OR_RETURN(const bench::Results before, bench::load_results(flags->before));
    ASSIGN_OR_RETURN(const bench::Results after, bench::load_results(flags->after));
    ASSIGN_OR_RETURN(const bench::Comparison comparison,
                     bench::compare_results(before, after, flags->threshold_pct / kPercent));
    if (json->count() > 0)
      fmt::print("{}\n", to_json(comparison).dump());
    else
      print(comparison);
    return comparison.regressed() ? 1 : 0;
  };
}

}  // namespace ridgeline::cli
