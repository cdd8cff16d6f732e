#include "train/results.h"

#include <array>
#include <filesystem>
#include <fmt/format.h>

namespace ridgeline::train {
namespace {

struct Column {
  std::string_view name;
  double EpochRow::* field;
};
constexpr std::array kColumns = {
    Column{"train_loss", &EpochRow::train_loss},
    Column{"eval_loss", &EpochRow::eval_loss},
    Column{"eval_top1", &EpochRow::eval_top1},
    Column{"eval_top5", &EpochRow::eval_top5},
    Column{"lr", &EpochRow::lr},
    Column{"train_top1", &EpochRow::train_top1},
    Column{"img_per_s", &EpochRow::img_per_s},
    Column{"seconds", &EpochRow::seconds},
};

Result<RunResult> run_from_json(const Json& json, const std::string& path) {
  RunResult run;
  try {
    run.model = json.at("model");
    run.image_size = json.at("image_size");
    run.precision = json.at("precision");
    run.classes = json.at("classes").get<std::vector<std::string>>();
    run.best_epoch = json.at("best_epoch");
    run.best_weights = json.at("weights");
    run.stopped_early = json.at("stopped_early");
    for (const Json& epoch : json.at("epochs")) {
      ASSIGN_OR_RETURN(EpochRow row, epoch_row_from_json(epoch, path));
      run.epochs.push_back(row);
    }
  } catch (const Json::exception& error) {
    return invalid_argument("{}: not what ridgeline train writes: {}", path, error.what());
  }
  if (run.best_epoch < 0 || run.best_epoch > std::ssize(run.epochs))
    return invalid_argument("{}: best_epoch {} is none of its {} epochs", path, run.best_epoch,
                            run.epochs.size());
  return run;
}

}  // namespace

const EpochRow* RunResult::best() const {
  return best_epoch == 0 ? nullptr : &epochs[static_cast<size_t>(best_epoch - 1)];
}

Json to_json(const EpochRow& row) {
  Json json = {{"epoch", row.epoch}};
  for (const Column& column : kColumns) json[column.name] = row.*column.field;
  return json;
}

Result<EpochRow> epoch_row_from_json(const Json& json, std::string_view what) {
  EpochRow row;
  if (!json.is_object() || !json.contains("epoch") || !json["epoch"].is_number_integer())
    return invalid_argument("{}: an epoch's row has no number", what);
  row.epoch = json["epoch"];
  for (const Column& column : kColumns) {
    if (!json.contains(column.name) || !json[column.name].is_number())
      return invalid_argument("{}: epoch {} has no {}", what, row.epoch, column.name);
    row.*column.field = json[column.name];
  }
  return row;
}

Json to_json(const RunResult& result) {
  Json epochs = Json::array();
  for (const EpochRow& row : result.epochs) epochs.push_back(to_json(row));
  Json json = {{"model", result.model},
               {"image_size", result.image_size},
               {"precision", result.precision},
               {"classes", result.classes},
               {"best_epoch", result.best_epoch},
               {"weights", result.best_weights},
               {"stopped_early", result.stopped_early}};
  if (const EpochRow* best = result.best()) {
    json["top1"] = best->eval_top1;
    json["top5"] = best->eval_top5;
    json["eval_loss"] = best->eval_loss;
    json["img_per_s"] = best->img_per_s;
  }
  json["epochs"] = std::move(epochs);
  return json;
}

Result<std::vector<RunResult>> load_runs(const std::string& path) {
  const bool is_folder = std::filesystem::is_directory(path);
  const std::string file = is_folder ? path + "/train.json" : path;
  ASSIGN_OR_RETURN(const Json json, read_json(file));
  if (!json.is_object() || !json.contains("runs") || !json["runs"].is_array())
    return invalid_argument("{}: has no list of runs: name the train.json that ridgeline train wrote", file);
  std::vector<RunResult> runs;
  for (const Json& run : json["runs"]) {
    ASSIGN_OR_RETURN(runs.emplace_back(), run_from_json(run, file));
  }
  return runs;
}

std::string summary_csv(const std::vector<EpochRow>& epochs) {
  std::string text = "epoch";
  for (const Column& column : kColumns) text += fmt::format(",{}", column.name);
  text += '\n';
  for (const EpochRow& row : epochs) {
    text += fmt::format("{}", row.epoch);
    for (const Column& column : kColumns) text += fmt::format(",{:.6g}", row.*column.field);
    text += '\n';
  }
  return text;
}

}  // namespace ridgeline::train
