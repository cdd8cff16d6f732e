#include "train/config.h"

#include <fmt/ranges.h>
#include <limits>
#include <map>

namespace ridgeline::train {
namespace {

constexpr double kMost = std::numeric_limits<double>::max();

/// Takes values out of a document; the first that is missing or wrong is kept as the error.
class Fields {
 public:
  explicit Fields(const Json& json) : json_(json) {}

  const Status& error() const { return error_; }

  template <typename T>
  void read(const std::string& key, T& into) {
    const auto at = pointer(key);
    if (!json_.contains(at)) return fail("{} is not set{}", key, remedy(key));
    try {
      into = json_.at(at).get<T>();
    } catch (const nlohmann::json::exception&) {
      fail("{} is {}, which is not of its type", key, json_.at(at).dump());
    }
  }

  template <typename T>
  void read_between(const std::string& key, double low, double high, T& into) {
    double value = low;
    read(key, value);
    if (!(value >= low && value <= high)) {
      return high == kMost ? fail("{} is {}: it must be {} or more", key, value, low)
                           : fail("{} is {}: it must be {} to {}", key, value, low, high);
    }
    into = static_cast<T>(value);
  }

  template <typename T>
  void read_choice(const std::string& key, const std::map<std::string, T>& choices, T& into) {
    std::string name;
    read(key, name);
    const auto found = choices.find(name);
    if (found != choices.end()) {
      into = found->second;
      return;
    }
    std::vector<std::string> names;
    for (const auto& [choice, value] : choices) names.push_back(choice);
    fail("{} is '{}': it must be one of {}", key, name, fmt::join(names, ", "));
  }

  template <typename... Args>
  void fail(fmt::format_string<Args...> format, Args&&... args) {
    if (error_.ok()) error_ = invalid_argument(format, std::forward<Args>(args)...);
  }

 private:
  static Json::json_pointer pointer(const std::string& key) {
    std::string path = "/" + key;
    for (char& c : path) c = c == '.' ? '/' : c;
    return Json::json_pointer(path);
  }

  static std::string remedy(const std::string& key) {
    const std::string group = key.substr(0, key.find('.'));
    const bool is_named = group == "data" || group == "model";
    return is_named ? fmt::format(": name one with +{}=NAME", group) : "";
  }

  const Json& json_;
  Status error_;
};

void read_optimizer(Fields& fields, TrainConfig& config) {
  OptimizerOptions& optimizer = config.learner.optimizer;
  fields.read_choice<OptimizerKind>(
      "optimizer.name", {{"sgd", OptimizerKind::kSgd}, {"adamw", OptimizerKind::kAdamW}}, optimizer.kind);
  fields.read_between("optimizer.lr", 0, kMost, config.schedule.base);
  fields.read_between("optimizer.weight_decay", 0, kMost, optimizer.weight_decay);
  if (optimizer.kind == OptimizerKind::kAdamW) return;
  fields.read_between("optimizer.momentum", 0, 1, optimizer.momentum);
  fields.read("optimizer.nesterov", optimizer.nesterov);
  if (optimizer.nesterov && optimizer.momentum == 0)
    fields.fail("optimizer.nesterov is true: it needs a momentum above 0");
}

void read_schedule(Fields& fields, TrainConfig& config) {
  Schedule& schedule = config.schedule;
  fields.read_choice<ScheduleKind>("scheduler.name",
                                   {{"constant", ScheduleKind::kConstant},
                                    {"cosine", ScheduleKind::kCosine},
                                    {"step", ScheduleKind::kStep}},
                                   schedule.kind);
  fields.read_between("scheduler.warmup_epochs", 0, kMost, schedule.warmup_epochs);
  if (schedule.kind != ScheduleKind::kStep) return;
  fields.read_between("scheduler.step_size", 1, 1e6, schedule.step_epochs);
  fields.read_between("scheduler.gamma", 0, 1, schedule.gamma);
}

void read_learner(Fields& fields, LearnerOptions& learner) {
  fields.read_choice<Precision>("precision", {{"fp32", Precision::kFp32}, {"bf16", Precision::kBf16}},
                                learner.precision);
  fields.read_choice<ConvolutionKind>(
      "convolution", {{"fast", ConvolutionKind::kFast}, {"direct", ConvolutionKind::kDirect}},
      learner.convolution);
  fields.read("device", learner.device);
  if (learner.device == "cuda") learner.device = "cuda:0";
  fields.read_between("threads", 0, 4096, learner.threads);
  fields.read_between("clip_grad_norm", 0, kMost, learner.clip_grad_norm);
  fields.read_between("ema.decay", 0, 1, learner.ema_decay);
}

void read_augmentation(Fields& fields, TrainConfig& config) {
  std::vector<double> scale, ratio;
  fields.read("augment.scale", scale);
  fields.read("augment.ratio", ratio);
  if (scale.empty()) return;  // resize and centre crop
  vision::Augmentation how;
  if (scale.size() != 2 || ratio.size() != 2)
    return fields.fail("augment.scale and augment.ratio are pairs [from, to]");
  how.scale = {scale[0], scale[1]};
  how.ratio = {ratio[0], ratio[1]};
  fields.read_between("augment.flip", 0, 1, how.flip);
  fields.read_between("augment.brightness", 0, kMost, how.jitter.brightness);
  fields.read_between("augment.contrast", 0, kMost, how.jitter.contrast);
  fields.read_between("augment.saturation", 0, kMost, how.jitter.saturation);
  fields.read_between("augment.hue", 0, 0.5, how.jitter.hue);
  fields.read("augment.trivial_augment", how.trivial_augment);
  fields.read_between("augment.random_erase", 0, 1, how.erase);
  fields.read_between("augment.mixup_alpha", 0, kMost, how.mixup_alpha);
  fields.read_between("augment.cutmix_alpha", 0, kMost, how.cutmix_alpha);
  config.augmentation = how;
}

}  // namespace

std::string TrainConfig::tag() const { return fmt::format("{}_{}", model, image_size); }

Result<TrainConfig> config_from_json(const Json& json) {
  Fields fields(json);
  TrainConfig config;
  fields.read("model.name", config.model);
  fields.read_between("data.cache_mb", 0, 1e9, config.cache_mb);
  fields.read_between("image_size", 32, 4096, config.image_size);
  fields.read_between("epochs", 1, 1e6, config.epochs);
  fields.read_between("batch_size", 1, 1e6, config.batch_size);
  fields.read_between("seed", 0, 9e15, config.seed);
  read_learner(fields, config.learner);
  read_optimizer(fields, config);
  read_schedule(fields, config);
  read_augmentation(fields, config);
  fields.read_between("label_smoothing", 0, 1, config.label_smoothing);
  fields.read_between("early_stop.patience", 0, 1e6, config.patience);
  fields.read("freeze", config.freeze);
  fields.read("weights", config.weights);
  fields.read("resume", config.resume);
  fields.read("out", config.out);
  if (fields.error().ok() && config.out.empty()) fields.fail("out is empty: name a folder");
  RETURN_IF_ERROR(Status(fields.error()));
  return config;
}

}  // namespace ridgeline::train
