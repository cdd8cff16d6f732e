#include <fmt/core.h>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "bench/compare.h"
#include "bench/profile.h"
#include "bench/race.h"
#include "cli/verbs.h"

namespace ridgeline::cli {

Action configure_merge(CLI::App& app, const Environment& /*environment*/) {
  struct Flags {
    std::vector<std::string> parts;
    std::string out;
  };
  auto flags = std::make_shared<Flags>();
  app.add_option("parts", flags->parts, "folders that ridgeline bench --shard I/N wrote")->required();
  app.add_option("-o,--out", flags->out, "folder for the whole race's results")->required();
  const CLI::Option* json = add_json_flag(app);
  return [flags, json]() -> Result<int> {
    std::vector<bench::Results> parts;
    for (const std::string& path : flags->parts) {
      ASSIGN_OR_RETURN(bench::Results part, bench::load_results(path));
      parts.push_back(std::move(part));
    }
    ASSIGN_OR_RETURN(const bench::Results merged, bench::merge_results(parts));
    RETURN_IF_ERROR(make_directories(flags->out));
    for (const std::string& path : flags->parts) RETURN_IF_ERROR(bench::copy_profiles(path, flags->out));
    RETURN_IF_ERROR(bench::write_results(merged, flags->out));
    const std::string file = flags->out + "/results.json";
    if (json->count() > 0)
      fmt::print("{}\n", bench::to_json(merged).dump());
    else
      fmt::print("{}: {} cells of {} parts\n", file, merged.cells.size(), parts.size());
    return 0;
  };
}

}  // namespace ridgeline::cli
