#include "base/version.h"

#include <fmt/core.h>

#include "base/json.h"
#include "cli/verbs.h"

namespace ridgeline::cli {

Action configure_version(CLI::App& app, const Environment& /*environment*/) {
  const CLI::Option* json = add_json_flag(app);
  return [json]() -> Result<int> {
    if (json->count() > 0)
      fmt::print("{}\n", Json{{"name", "ridgeline"}, {"version", kVersion}}.dump());
    else
      fmt::print("ridgeline {}\n", kVersion);
    return 0;
  };
}

}  // namespace ridgeline::cli
