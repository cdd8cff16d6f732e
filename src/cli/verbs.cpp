#include "cli/verbs.h"

#include <array>

namespace ridgeline::cli {

Action configure_analyze(CLI::App& app, const Environment& environment);
Action configure_data(CLI::App& app, const Environment& environment);
Action configure_report(CLI::App& app, const Environment& environment);
Action configure_version(CLI::App& app, const Environment& environment);

const CLI::Option* add_json_flag(CLI::App& app) {
  return app.add_flag("--json")->description(
      "print one JSON document on standard output and nothing else there");
}

std::span<const Verb> verbs() {
  static constexpr std::array kVerbs = {
      Verb{"analyze", "FLOPs, bytes, intensity and the roofline, layer by layer", configure_analyze},
      Verb{"data", "make and inspect folders of images", configure_data},
      Verb{"report", "turn a race's results into HTML, Markdown and plots", configure_report},
      Verb{"version", "print the version of this build", configure_version},
  };
  return kVerbs;
}

}  // namespace ridgeline::cli
