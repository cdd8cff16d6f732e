#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fmt/core.h>
#include <memory>
#include <string>
#include <vector>

#include "base/yaml.h"
#include "bench/race.h"
#include "cli/model_source.h"
#include "cli/race_limits.h"
#include "cli/race_progress.h"
#include "cli/verbs.h"

namespace ridgeline::cli {
namespace {

struct FlagText {
  const char* key;
  const char* help;
};

constexpr FlagText kFlags[] = {
    {"engines", "engines with commas, or all"},
    {"precisions", "fp32,fp16,bf16,bf16x3,int8, or all that each engine has"},
    {"sizes", "image sizes: 224,256 or 224x320"},
    {"batches", "batch sizes: 1,8,16"},
    {"devices", "cpu,cuda:0"},
    {"threads", "thread counts; 0: as many as this process may use"},
    {"data", "synthetic, or a folder of JPEG and PNG files"},
    {"baseline", "what speed-ups are against (default libtorch:fp32)"},
    {"runs", "timed calls per cell (default 100)"},
    {"warmup", "untimed calls before (default 3)"},
    {"rounds", "alternating rounds that the runs are spread over (default 20)"},
    {"timeout", "seconds that a worker may take to answer (default 300)"},
    {"memory-limit", "MB of resident memory that a worker may use"},
    {"max-time", "seconds for the whole race: drops rounds, then cells"},
    {"seed", "of inputs, order and intervals (default 1)"},
    {"out", "folder for results, journal and profiles (default results)"},
    {"shard", "I/N: only every N-th comparison group, from the I-th; see merge"},
};

/// analyze names one device with --device, and so may a race.
std::string names_of(const FlagText& flag) {
  const std::string name = std::string("--") + flag.key;
  return name == "--devices" ? name + ",--device" : name;
}

struct Flags {
  std::string model;
  std::string config;
  bool resume = false;
  std::vector<std::pair<std::string, std::string>> given =
      std::vector<std::pair<std::string, std::string>>(std::size(kFlags));
};

Result<bench::RaceConfig> read_config(const Flags& flags) {
  bench::RaceConfig config;
  if (!flags.config.empty()) {
    ASSIGN_OR_RETURN(const Json settings, read_yaml(flags.config));
    RETURN_IF_ERROR(apply_settings(settings, flags.config, config));
  }
  Json settings = Json::object();
  for (const auto& [key, value] : flags.given) {
    if (value.empty()) continue;
    std::string name = key;
    std::replace(name.begin(), name.end(), '-', '_');
    settings[name] = value;
  }
  if (flags.resume) settings["resume"] = true;
  if (!flags.model.empty()) settings["model"] = flags.model;
  RETURN_IF_ERROR(apply_settings(settings, "command line", config));
  if (config.model.empty())
    return invalid_argument("no model: name an ONNX file, or set 'model' in the configuration");
  return config;
}

std::string row_text(const bench::Cell& cell) {
  std::string line = fmt::format(
      "{:<28} {:>9} b{:<3} t{:<2} {:<12}", cell.engine + ":" + cell.precision + " " + cell.device,
      fmt::format("{}x{}", cell.height, cell.width), cell.batch, cell.threads, name_of(cell.status));
  if (!cell.mean_ms) return line + cell.reason.substr(0, cell.reason.find('\n'));
  line += fmt::format("{:9.2f} ms {:9.1f} images/s", *cell.mean_ms, *cell.fps);
  if (cell.speedup) line += fmt::format(" {:6.2f}x", *cell.speedup);
  return line + (cell.noisy ? " NOISY" : "");
}

Result<int> run_bench(const Flags& flags, const CancelToken& cancel, bool json) {
  ASSIGN_OR_RETURN(const bench::RaceConfig config, read_config(flags));
  ASSIGN_OR_RETURN(const RaceLimits limits, RaceLimits::find(config, cancel));
  RaceProgress progress;
  std::error_code error;
  const std::string program = std::filesystem::read_symlink("/proc/self/exe", error).string();
  const bench::RaceTools tools{
      .read_model = load_model,
      .launch = {.command = {program, "worker"},
                 .timeout_s = config.timeout_s,
                 .memory_limit_bytes = config.memory_limit_mb << 20,
                 .cancel = cancel},
      .cost = [&limits](const Graph& graph, const InputShapes& shapes,
                        const bench::Cell& cell) { return limits.cost_of(graph, shapes, cell); },
      .op_costs = [&limits](
                      const Graph& graph, const InputShapes& shapes, const bench::Cell& cell,
                      std::span<const OpTime> ops) { return limits.op_costs(graph, shapes, cell, ops); },
      .peaks = [&limits](const bench::Cell& cell) { return limits.peaks_of(cell); },
      .devices = limits.describe(),
      .observer = progress};
  ASSIGN_OR_RETURN(const bench::Results results, bench::run_race(config, tools));
  if (json)
    fmt::print("{}\n", bench::to_json(results).dump(-1, ' ', false, Json::error_handler_t::replace));
  else
    for (const bench::Cell& cell : results.cells) fmt::print("{}\n", row_text(cell));
  const bool any_timed = std::any_of(results.cells.begin(), results.cells.end(),
                                     [](const bench::Cell& cell) { return cell.mean_ms.has_value(); });
  return any_timed && !cancel.requested() ? 0 : 1;
}

}  // namespace

Action configure_bench(CLI::App& app, const Environment& environment) {
  auto flags = std::make_shared<Flags>();
  app.add_option("model", flags->model, "an ONNX file, or zoo:NAME");
  app.add_option("--config", flags->config,
                 "YAML file with the flags' names as keys ('_' for '-'); flags come first");
  for (size_t i = 0; i < std::size(kFlags); ++i) {
    flags->given[i].first = kFlags[i].key;
    app.add_option(names_of(kFlags[i]), flags->given[i].second, kFlags[i].help);
  }
  app.add_flag("--resume", flags->resume,
               "go on with the journal in --out: finished groups are not repeated");
  const CLI::Option* json = add_json_flag(app);
  return [flags, json, cancel = environment.cancel]() -> Result<int> {
    return run_bench(*flags, cancel, json->count() > 0);
  };
}

}  // namespace ridgeline::cli
