#include "report/report.h"

#include <fmt/core.h>
#include <memory>
#include <string>

#include "cli/verbs.h"

namespace ridgeline::cli {

Action configure_report(CLI::App& app, const Environment& /*environment*/) {
  struct Flags {
    std::string results;
    std::string training;
    std::string out;
    std::string language = "en";
  };
  auto flags = std::make_shared<Flags>();
  app.add_option("results", flags->results, "folder that ridgeline bench wrote, or its results.json")
      ->required();
  app.add_option("--training", flags->training,
                 "folder that ridgeline train wrote, or its train.json: adds the table of accuracy by size");
  app.add_option("--out", flags->out, "folder for the report (default: beside the results)");
  app.add_option("--lang", flags->language, "language of the report")
      ->check(CLI::IsMember({"en", "ru"}))
      ->capture_default_str();
  const CLI::Option* json = add_json_flag(app);
  return [flags, json]() -> Result<int> {
    ASSIGN_OR_RETURN(report::Race race, report::load_race(flags->results));
    if (!flags->training.empty()) {
      ASSIGN_OR_RETURN(race.trained, train::load_runs(flags->training));
    }
    const std::string out = flags->out.empty() ? bench::race_folder(flags->results) : flags->out;
    const auto language = flags->language == "ru" ? report::Language::kRussian : report::Language::kEnglish;
    ASSIGN_OR_RETURN(const report::Written written, report::write_report(race, out, language));
    if (json->count() > 0)
      fmt::print(
          "{}\n",
          Json{{"html", written.html}, {"markdown", written.markdown}, {"winner", written.winner}}.dump());
    else
      fmt::print("{}\n{}\nwinner: {}\n", written.html, written.markdown, written.winner);
    return 0;
  };
}

}  // namespace ridgeline::cli
