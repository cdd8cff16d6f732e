#include "serve/backends/image_recipe.h"

#include <array>
#include <filesystem>

#include "base/json.h"
#include "formats/onnx.h"
#include "serve/config/defaults.h"
#include "serve/config/model_interface.h"
#include "serve/config/parse.h"
#include "serve/config/tensor_rules.h"
#include "serve/repository/folder.h"
#include "serve/repository/model_folder.h"
#include "serve/repository/versions.h"
#include "vision/contract.h"
#include "wire/datatype.h"

namespace ridgeline::serve {
namespace {

using vision::Contract;
using vision::Preprocessing;

constexpr std::array kNumbers = {"resize", "crop"};
constexpr std::array kLists = {"mean", "std"};
constexpr std::array kNames = {"interpolation", "color_order", "layout"};

/// The newest version's file of a model beside this one.
Result<std::string> file_of(const std::string& model, const std::string& model_path) {
  RETURN_IF_ERROR(check_model_name(model));
  const std::filesystem::path root = std::filesystem::path(model_path).parent_path();
  const std::string folder = (root / model).string();
  std::vector<Finding> findings;
  const std::vector<int64_t> versions = versions_in(folder, findings);
  if (versions.empty()) return not_found("{}: there is no such model", folder);
  const std::string version = fmt::format("{}/{}", folder, versions.back());
  ModelConfig config = load_config(folder + "/config.pbtxt").config.value_or(ModelConfig{});
  complete_names(config, model, entries_in(version));
  return fmt::format("{}/{}", version, config.default_model_filename);
}

Result<Preprocessing> contract_of(const std::string& model, const std::string& model_path) {
  ASSIGN_OR_RETURN(const std::string file, file_of(model, model_path));
  ASSIGN_OR_RETURN(const Graph graph, formats::load_onnx_outline(file));
  ASSIGN_OR_RETURN(const std::optional<Contract> contract,
                   vision::contract_from_metadata(graph.metadata, file));
  if (contract) return contract->preprocessing;
  return invalid_argument("{}: carries no preprocessing contract: say resize, crop, mean and std instead",
                          file);
}

/// The side of the square that the output is configured as; 224 where it is not.
int configured_size(const ModelConfig& config) {
  constexpr int kUsual = 224;
  constexpr int64_t kMost = 1 << 14;
  if (config.outputs.empty() || config.outputs.front().dims.size() != 3) return kUsual;
  const int64_t side = config.outputs.front().dims[1];  // of 3 × side × side and of side × side × 3
  return side >= 1 && side <= kMost ? static_cast<int>(side) : kUsual;
}

/// A parameter's text as it would stand in the contract.
Json as_json(const std::string& text) {
  const Result<Json> json = parse_json(text, "");
  return json.ok() ? *json : Json(text);
}

Result<Preprocessing> with_parameters(const Preprocessing& base, const ModelConfig& config) {
  std::map<std::string, std::string> metadata = vision::to_metadata({.preprocessing = base, .classes = {}});
  std::string& text = metadata[std::string(vision::kPreprocessingKey)];
  ASSIGN_OR_RETURN(Json fields, parse_json(text, vision::kPreprocessingKey));
  const auto say = [&](const char* key, const auto& form) {
    const auto found = config.parameters.find(key);
    if (found != config.parameters.end()) fields[key] = form(found->second);
  };
  for (const char* key : kNumbers) say(key, as_json);
  for (const char* key : kLists) say(key, [](const std::string& list) { return as_json("[" + list + "]"); });
  for (const char* key : kNames) say(key, [](const std::string& name) { return Json(name); });
  text = fields.dump(-1, ' ', false, Json::error_handler_t::replace);
  ASSIGN_OR_RETURN(const std::optional<Contract> contract,
                   vision::contract_from_metadata(metadata, "parameters"));
  return contract->preprocessing;
}

std::vector<int64_t> output_dims(const Preprocessing& how) {
  const Shape batch = how.batch_shape(1);
  return {batch.begin() + 1, batch.end()};
}

bool is_pixels(const InputConfig& input) {
  return input.datatype == DType::kU8 && input.dims.size() == 3 && input.dims[2] == 3;
}

}  // namespace

Result<Preprocessing> preprocessing_of(const ModelConfig& config, const std::string& model_path) {
  const auto model = config.parameters.find("model");
  if (model != config.parameters.end()) {
    Result<Preprocessing> base = contract_of(model->second, model_path);
    if (!base.ok()) return std::move(base).status().with_context("parameter 'model'");
    return with_parameters(*base, config);
  }
  Preprocessing base = Preprocessing::for_size(configured_size(config));
  ASSIGN_OR_RETURN(const Preprocessing how, with_parameters(base, config));
  if (how.crop == base.crop || config.parameters.contains("resize")) return how;
  base = Preprocessing::for_size(how.crop);
  return with_parameters(base, config);
}

void complete_image(ModelConfig& config, const Preprocessing& how) {
  if (config.inputs.empty() && config.outputs.empty() && config.max_batch_size == 0)
    config.max_batch_size = kDefaultMaxBatchSize;
  if (config.inputs.empty()) config.inputs.emplace_back().name = "IMAGE";
  if (config.outputs.empty()) config.outputs.emplace_back().name = "PIXELS";
  InputConfig& input = config.inputs.front();
  if (!input.datatype) input.datatype = input.dims.size() == 3 ? DType::kU8 : DType::kString;
  if (input.dims.empty() && input.datatype == DType::kString) input.dims = {1};
  if (input.dims.empty() && input.datatype == DType::kU8) input.dims = {kAnySize, kAnySize, 3};
  OutputConfig& output = config.outputs.front();
  if (!output.datatype) output.datatype = DType::kF32;
  if (output.dims.empty()) output.dims = output_dims(how);
}

Status check_image(const ModelConfig& config, const Preprocessing& how) {
  if (config.inputs.size() != 1 || config.outputs.size() != 1)
    return invalid_argument("backend 'image' has one input and one output, not {} and {}",
                            config.inputs.size(), config.outputs.size());
  const InputConfig& input = config.inputs.front();
  const bool file = input.datatype == DType::kString && input.dims == std::vector<int64_t>{1};
  if ((!file && !is_pixels(input)) || input.reshape)
    return invalid_argument(
        "backend 'image' takes files, TYPE_STRING [1], or pixels, TYPE_UINT8 [-1,-1,3]; "
        "input '{}' is {} {}",
        input.name, wire::config_type_name(input.datatype.value_or(DType::kF32)), dims_text(input.dims));
  const OutputConfig& output = config.outputs.front();
  const std::vector<int64_t> made = output_dims(how);
  if (output.datatype == DType::kF32 && output.dims == made && !output.reshape) return {};
  return invalid_argument(
      "backend 'image' makes TYPE_FP32 {} by its recipe; output '{}' is {} {}: set dims, "
      "or the parameter crop",
      dims_text(made), output.name, wire::config_type_name(output.datatype.value_or(DType::kF32)),
      dims_text(output.dims));
}

}  // namespace ridgeline::serve
