#include "serve/python/auto_complete.h"

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "wire/datatype.h"

namespace ridgeline::serve {
namespace {

constexpr std::string_view kMethod = "auto_complete_config";

Status apply_tensor(const Json& document, TensorConfig& tensor) {
  const std::string type = text_at(document, "/data_type");
  tensor.datatype = wire::dtype_from_config_type(type);
  if (!tensor.datatype)
    return invalid_argument("auto_complete_config: tensor '{}' has the unknown data_type '{}'", tensor.name,
                            type);
  const auto dims = document.find("dims");
  const auto is_dim = [](const Json& dim) { return dim.is_number_integer(); };
  if (dims == document.end() || !dims->is_array() || !std::ranges::all_of(*dims, is_dim))
    return invalid_argument("auto_complete_config: tensor '{}' needs dims, a list of integers", tensor.name);
  tensor.dims = dims->get<std::vector<int64_t>>();
  return {};
}

/// Changes what is there, adds what is not.
template <typename Tensor>
Status apply_tensors(const Json& document, const char* side, std::vector<Tensor>& tensors) {
  const auto listed = document.find(side);
  if (listed == document.end() || !listed->is_array()) return {};
  for (const Json& each : *listed) {
    const std::string name = each.is_object() ? text_at(each, "/name") : "";
    if (name.empty()) return invalid_argument("auto_complete_config: an {} has no name", side);
    auto found = std::ranges::find(tensors, name, &Tensor::name);
    if (found == tensors.end()) {
      tensors.emplace_back();
      found = std::prev(tensors.end());
      found->name = name;
    }
    RETURN_IF_ERROR(apply_tensor(each, *found));
    if constexpr (requires { found->optional; }) {
      const auto optional = each.find("optional");
      if (optional != each.end() && optional->is_boolean()) found->optional = optional->template get<bool>();
    }
  }
  return {};
}

}  // namespace

bool may_auto_complete(const std::string& version_path, std::string_view model_code) {
  if (model_code.find(kMethod) != std::string_view::npos) return true;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(version_path, error)) {
    if (entry.path().extension() != ".py") continue;
    const Result<std::string> code = read_file(entry.path().string());
    if (code.ok() && code->find(kMethod) != std::string::npos) return true;
  }
  return false;
}

Status apply_completed(std::string_view completed, ModelConfig& config) {
  ASSIGN_OR_RETURN(const Json document, parse_json(completed, "what auto_complete_config gave back"));
  if (!document.is_object()) return invalid_argument("auto_complete_config: the configuration is no object");
  const auto batch = document.find("max_batch_size");
  if (batch != document.end() && batch->is_number_integer()) config.max_batch_size = batch->get<int32_t>();
  RETURN_IF_ERROR(apply_tensors(document, "input", config.inputs));
  RETURN_IF_ERROR(apply_tensors(document, "output", config.outputs));
  const bool unscheduled = std::holds_alternative<std::monostate>(config.scheduling);
  if (unscheduled && document.contains("dynamic_batching")) config.scheduling = DynamicBatching{};
  const auto policy = document.find("model_transaction_policy");
  if (policy != document.end() && policy->is_object() && policy->contains("decoupled"))
    config.decoupled = (*policy)["decoupled"] == true;
  return {};
}

}  // namespace ridgeline::serve
