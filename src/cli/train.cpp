#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/yaml.h"
#include "cli/compose.h"
#include "cli/progress_bar.h"
#include "cli/training_data.h"
#include "cli/verbs.h"
#include "report/training_curves.h"
#include "train/run.h"

namespace ridgeline::cli {
namespace {

struct Flags {
  std::vector<std::string> overrides;
  std::string config_folder;
  bool prints_config = false;
  bool resume = false;
};

/// Shows a run on standard error, of the first process only.
class TrainProgress : public train::TrainObserver {
 public:
  explicit TrainProgress(bool speaks) : speaks_(speaks) {}

  void remark(const std::string& line) override {
    if (speaks_) bar_.print_line(line);
  }

  void step_done(const train::StepView& view) override {
    if (!speaks_) return;
    bar_.advance(view.share, fmt::format("epoch {}, loss {:.3f}, acc1 {:.1f} %, {:.1f} img/s", view.epoch,
                                         view.loss, view.top1, view.img_per_s));
  }

  void epoch_done(const train::EpochRow& row, bool is_best) override {
    remark(
        fmt::format("epoch {}: loss {:.3f}, evaluated {:.3f}, acc1 {:.2f} %, acc5 {:.2f} %, {:.1f} img/s{}",
                    row.epoch, row.train_loss, row.eval_loss, row.eval_top1, row.eval_top5, row.img_per_s,
                    is_best ? ", the best so far" : ""));
  }

 private:
  bool speaks_;
  ProgressBar bar_;
};

/// Runs of a sweep that would write the same files get folders of their own.
void part_files(std::vector<train::TrainConfig>& configs, const std::vector<ComposedRun>& runs) {
  std::set<std::string> tags;
  for (const train::TrainConfig& config : configs) tags.insert(config.out + '/' + config.tag());
  if (tags.size() == configs.size()) return;
  for (size_t i = 0; i < configs.size(); ++i) {
    std::string folder = runs[i].name;
    std::replace(folder.begin(), folder.end(), '/', '_');
    configs[i].out += '/' + folder;
  }
}

Json to_json(const std::vector<train::RunResult>& runs) {
  Json list = Json::array();
  for (const train::RunResult& run : runs) list.push_back(train::to_json(run));
  return {{"runs", std::move(list)}};
}

/// OUT/train.json keeps what other runs left there, and has each weights file once.
Status write_results(const std::string& folder, const std::vector<train::RunResult>& fresh) {
  const std::string path = folder + "/train.json";
  std::vector<train::RunResult> runs;
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    ASSIGN_OR_RETURN(runs, train::load_runs(path));
  }
  std::erase_if(runs, [&](const train::RunResult& old) {
    return std::ranges::any_of(
        fresh, [&](const train::RunResult& run) { return run.best_weights == old.best_weights; });
  });
  runs.insert(runs.end(), fresh.begin(), fresh.end());
  return write_file_atomically(path, to_json(runs).dump(2) + "\n");
}

void print_table(const std::vector<train::RunResult>& results) {
  fmt::print("{:<12} {:>5} {:>8} {:>8} {:>8} {:>6}  {}\n", "model", "size", "acc1 %", "acc5 %", "img/s",
             "epoch", "weights");
  for (const train::RunResult& run : results) {
    const train::EpochRow* best = run.best();
    if (best == nullptr) continue;
    fmt::print("{:<12} {:>5} {:>8.2f} {:>8.2f} {:>8.1f} {:>6}  {}\n", run.model, run.image_size,
               best->eval_top1, best->eval_top5, best->img_per_s, run.best_epoch, run.best_weights);
  }
}

int print_configs(const std::vector<ComposedRun>& runs, bool as_json) {
  Json configs = Json::array();
  for (const ComposedRun& run : runs) configs.push_back(run.config);
  if (as_json) {
    fmt::print("{}\n", (configs.size() == 1 ? configs[0] : configs).dump());
    return 0;
  }
  for (size_t i = 0; i < runs.size(); ++i) fmt::print("{}{}", i > 0 ? "---\n" : "", to_yaml(runs[i].config));
  return 0;
}

class TrainVerb {
 public:
  TrainVerb(const Flags& flags, bool json, CancelToken cancel)
      : flags_(flags), json_(json), cancel_(std::move(cancel)) {}

  Result<int> run() {
    RETURN_IF_ERROR(compose_runs());
    if (flags_.prints_config) return print_configs(runs_, json_);
    ASSIGN_OR_RETURN(const auto rendezvous, train::rendezvous_from_environment());
    speaks_ = !rendezvous || rendezvous->rank == 0;
    Status status;
    for (size_t i = 0; i < configs_.size() && status.ok(); ++i) {
      status = train_one(configs_[i], runs_[i].config);
      if (configs_.size() > 1) status = std::move(status).with_context(runs_[i].name);
    }
    if (speaks_ && !results_.empty()) {
      RETURN_IF_ERROR(write_results(base_out_, results_));
      if (!json_) print_table(results_);
    }
    RETURN_IF_ERROR(std::move(status));
    if (speaks_ && json_) fmt::print("{}\n", to_json(results_).dump());
    return 0;
  }

 private:
  Status compose_runs() {
    ComposeRequest request{.primary = "train", .folders = {}, .overrides = flags_.overrides};
    if (flags_.resume) request.overrides.emplace_back("resume=true");
    ASSIGN_OR_RETURN(request.folders, config_folders(flags_.config_folder));
    ASSIGN_OR_RETURN(runs_, compose(request));
    if (flags_.prints_config) return {};
    for (const ComposedRun& run : runs_) {
      ASSIGN_OR_RETURN(configs_.emplace_back(), train::config_from_json(run.config));
    }
    base_out_ = configs_.front().out;
    part_files(configs_, runs_);
    return {};
  }

  Status train_one(const train::TrainConfig& config, const Json& json) {
    TrainProgress progress(speaks_);
    if (configs_.size() > 1)
      progress.remark(fmt::format("{} at {}×{}", config.model, config.image_size, config.image_size));
    ASSIGN_OR_RETURN(const vision::DataFolder data, open_training_data(json["data"], config.seed, cancel_));
    ASSIGN_OR_RETURN(train::RunResult result, train::run_training(config, data, progress, cancel_));
    if (speaks_) {
      const Status drawn = report::draw_training_curves(result, train::RunFiles(config).folder);
      if (!drawn.ok()) progress.remark("no curves: " + drawn.message());
    }
    results_.push_back(std::move(result));
    return {};
  }

  const Flags& flags_;
  bool json_;
  CancelToken cancel_;
  bool speaks_ = true;
  std::string base_out_;
  std::vector<ComposedRun> runs_;
  std::vector<train::TrainConfig> configs_;
  std::vector<train::RunResult> results_;
};

}  // namespace

Action configure_train(CLI::App& app, const Environment& environment) {
  auto flags = std::make_shared<Flags>();
  app.add_option("overrides", flags->overrides,
                 "+data=NAME and +model=NAME, then key=value; key=a,b trains once for each value")
      ->required();
  app.add_flag("--cfg", flags->prints_config, "print the configuration that this makes, and train nothing");
  app.add_flag("--resume", flags->resume, "go on with the last state in `out`, as resume=true does");
  app.add_option("--config-dir", flags->config_folder,
                 "folder of configurations that comes before all others");
  const CLI::Option* json = add_json_flag(app);
  return [flags, json, cancel = environment.cancel]() -> Result<int> {
    return TrainVerb(*flags, json->count() > 0, cancel).run();
  };
}

}  // namespace ridgeline::cli
