#include "formats/hugging_face.h"

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/text.h"
#include "graph/zoo/zoo.h"

namespace ridgeline::formats {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxClasses = size_t{1} << 20;

/// A field of config.json that decides what the model computes, and the only value that the zoo's models
/// have.
struct Fixed {
  const char* field;
  Json value;
  bool when_absent;  ///< is the library's default the same?
};

Status check_fixed(const Json& config, const std::vector<Fixed>& fields) {
  for (const Fixed& fixed : fields) {
    const auto found = config.find(fixed.field);
    const bool same = found == config.end() ? fixed.when_absent : *found == fixed.value;
    if (!same)
      return unsupported("\"{}\" is {}, but the zoo's models have {}: export it to ONNX where it was trained",
                         fixed.field, found == config.end() ? "missing" : found->dump(), fixed.value.dump());
  }
  return {};
}

/// Defaults of transformers' ResNetConfig.
Status check_transformers(const Json& config) {
  RETURN_IF_ERROR(check_fixed(config, {{"model_type", "resnet", false}}));
  const std::string layers = text_at(config, "/layer_type");
  const bool basic = layers == "basic";
  if (!basic && !layers.empty() && layers != "bottleneck")
    return unsupported("\"layer_type\" is '{}', but the zoo's models have basic or bottleneck layers",
                       layers);
  const Json widths = basic ? Json{64, 128, 256, 512} : Json{256, 512, 1024, 2048};
  RETURN_IF_ERROR(check_fixed(config, {{"num_channels", 3, true},
                                       {"embedding_size", 64, true},
                                       {"hidden_sizes", widths, !basic},
                                       {"hidden_act", "relu", true},
                                       {"downsample_in_first_stage", false, true}}));
  // The stride of a stage stands in its first 1x1 convolution then, not in the 3x3 one as torchvision has it.
  return basic ? Status() : check_fixed(config, {{"downsample_in_bottleneck", false, true}});
}

/// Outputs by their number, all of them named.
Result<std::vector<std::string>> classes_of_labels(const Json& labels) {
  if (!labels.is_object() || labels.size() > kMaxClasses)
    return invalid_argument("\"id2label\" is no object of names");
  std::vector<std::string> classes(labels.size());
  std::vector<bool> named(labels.size());
  for (const auto& [key, name] : labels.items()) {
    size_t index = classes.size();
    std::from_chars(key.data(), key.data() + key.size(), index);
    if (index >= classes.size() || named[index] || !name.is_string())
      return invalid_argument("\"id2label\" does not name the outputs 0 to {}, each once: '{}' is wrong",
                              labels.size() - 1, key);
    classes[index] = name.get<std::string>();
    named[index] = true;
  }
  return classes;
}

Result<std::vector<std::string>> classes_of_list(const Json& names) {
  if (!names.is_array() ||
      !std::all_of(names.begin(), names.end(), [](const Json& name) { return name.is_string(); }))
    return invalid_argument("\"label_names\" is no list of names");
  return names.get<std::vector<std::string>>();
}

/// The zoo's name of a timm architecture. Only those of plain names and "tv_…" are torchvision's: others
/// share its tensors but pool, blur or activate otherwise.
Result<std::string> model_of_timm(const Json& config) {
  std::string name = text_at(config, "/architecture");
  if (name.starts_with("tv_")) name.erase(0, 3);
  const std::vector<std::string> known = zoo::names();
  if (!name.starts_with("resnet") || std::find(known.begin(), known.end(), name) == known.end())
    return unsupported(
        "\"architecture\" is '{}', which the zoo has not; of timm it has resnet18, resnet34 and resnet50",
        name);
  RETURN_IF_ERROR(check_fixed(config, {{"global_pool", "avg", true}}));
  const auto arguments = config.find("model_args");
  if (arguments == config.end()) return name;
  RETURN_IF_ERROR(check_fixed(*arguments, {{"in_chans", 3, true}, {"global_pool", "avg", true}}));
  for (const auto& [argument, value] : arguments->items())
    if (argument != "in_chans" && argument != "global_pool" && argument != "num_classes" &&
        !argument.starts_with("drop"))
      return unsupported("\"model_args\" has \"{}\": a changed architecture can't be told from its weights",
                         argument);
  return name;
}

Result<StateDict> weights_in(const fs::path& folder) {
  for (const char* name : {"model.safetensors", "pytorch_model.bin"})
    if (fs::exists(folder / name)) return load_state_dict((folder / name).string());
  return not_found(
      "{}: neither model.safetensors nor pytorch_model.bin is there; weights in several files or for other "
      "libraries are not read",
      folder.string());
}

Status read_timm(const Json& config, HuggingFaceModel& model) {
  ASSIGN_OR_RETURN(model.weights.metadata[kModelKey], model_of_timm(config));
  if (const auto names = config.find("label_names"); names != config.end()) {
    ASSIGN_OR_RETURN(model.classes, classes_of_list(*names));
  }
  if (const auto recipe = config.find("pretrained_cfg"); recipe != config.end())
    model.timm_preprocessing = *recipe;
  return {};
}

Status read_transformers(const Json& config, HuggingFaceModel& model) {
  RETURN_IF_ERROR(check_transformers(config));
  if (const auto labels = config.find("id2label"); labels != config.end()) {
    ASSIGN_OR_RETURN(model.classes, classes_of_labels(*labels));
  }
  for (auto& [name, tensor] : model.weights.tensors) name = torchvision_name(name);
  return {};
}

/// Torchvision counts from 1 where transformers counts from 0.
int number_after(std::string_view digits) {
  const std::string_view few = digits.substr(0, 4);
  int number = 0;
  std::from_chars(few.data(), few.data() + few.size(), number);
  return number + 1;
}

}  // namespace

std::string torchvision_name(const std::string& name) {
  const std::vector<std::string_view> parts = split(name, '.');
  const auto starts = [&](std::initializer_list<std::string_view> words) {
    return parts.size() > words.size() && std::equal(words.begin(), words.end(), parts.begin());
  };
  const std::string_view leaf = parts.back();
  if (starts({"classifier", "1"}) && parts.size() == 3) return fmt::format("fc.{}", leaf);
  const bool is_conv = parts.size() > 2 && parts[parts.size() - 2] == "convolution";
  const char* layer = is_conv ? "conv" : "bn";
  if (starts({"resnet", "embedder", "embedder"}) && parts.size() == 5)
    return fmt::format("{}1.{}", layer, leaf);
  if (!starts({"resnet", "encoder", "stages"}) || parts.size() < 9 || parts[4] != "layers") return name;
  const std::string block = fmt::format("layer{}.{}", number_after(parts[3]), parts[5]);
  if (parts[6] == "shortcut") return fmt::format("{}.downsample.{}.{}", block, is_conv ? 0 : 1, leaf);
  return fmt::format("{}.{}{}.{}", block, layer, number_after(parts[7]), leaf);
}

Result<HuggingFaceModel> load_hugging_face(const std::string& folder) {
  const fs::path root(folder);
  const std::string config_path = (root / "config.json").string();
  if (!fs::exists(config_path))
    return invalid_argument(
        "{}: is a directory without config.json: name a folder of the Hugging Face hub, or the model's file "
        "itself",
        folder);
  ASSIGN_OR_RETURN(const Json config, read_json(config_path));
  if (!config.is_object()) return invalid_argument("{}: is not a JSON object", config_path);
  HuggingFaceModel model;
  ASSIGN_OR_RETURN(model.weights, weights_in(root));
  const bool is_timm = config.contains("architecture");
  RETURN_IF_ERROR(
      (is_timm ? read_timm(config, model) : read_transformers(config, model)).with_context(config_path));
  const std::string preprocessor = (root / "preprocessor_config.json").string();
  if (!is_timm && fs::exists(preprocessor)) {
    ASSIGN_OR_RETURN(model.transformers_preprocessing, read_json(preprocessor));
  }
  return model;
}

}  // namespace ridgeline::formats
