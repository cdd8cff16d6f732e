#include <algorithm>
#include <fmt/ranges.h>

#include "base/spelling.h"
#include "serve/config/model_interface.h"
#include "serve/config/tensor_rules.h"
#include "wire/datatype.h"

namespace ridgeline::serve {
namespace {

/// One side of a diff: "input 'x' TYPE_FP32 [-1,3,224,224]".
std::string line_of(std::string_view kind, const TensorInterface& tensor) {
  return fmt::format("{} '{}' {} {}", kind, tensor.name, wire::config_type_name(tensor.datatype),
                     tensor.dims ? dims_text(*tensor.dims) : "[…]");
}

/// What the model itself sees of a configured tensor: reshaped, and with the batch axis.
TensorInterface seen_by_model(const TensorConfig& tensor, bool batched) {
  return {tensor.name, tensor.datatype.value_or(DType::kF32),
          full_dims(tensor.reshape.value_or(tensor.dims), batched)};
}

class Comparison {
 public:
  Comparison(const ModelConfig& config, const ModelInterface& model, Findings& findings)
      : model_(&model), batched_(config.max_batch_size > 0), findings_(&findings) {}

  template <typename Tensor>
  void compare(std::string_view kind, const std::vector<Tensor>& configured,
               const std::vector<TensorInterface>& modelled) {
    for (size_t i = 0; i < configured.size(); ++i) {
      const std::string path = fmt::format("{}[{}]", kind, i);
      const auto found = std::ranges::find(modelled, configured[i].name, &TensorInterface::name);
      if (found == modelled.end())
        report_unknown(kind, path, seen_by_model(configured[i], batched_), modelled);
      else
        compare_one(kind, path, seen_by_model(configured[i], batched_), *found);
    }
  }

  /// A model cannot run without one of its inputs; an output may be left out.
  void require_all(const std::vector<InputConfig>& configured) {
    for (const TensorInterface& input : model_->inputs)
      if (std::ranges::find(configured, input.name, &InputConfig::name) == configured.end())
        findings_->mismatch(
            "input", fmt::format("input '{}' of {} is not configured: add it", input.name, model_->file), "",
            line_of("input", input));
  }

 private:
  void report_unknown(std::string_view kind, const std::string& path, const TensorInterface& tensor,
                      const std::vector<TensorInterface>& modelled) {
    std::vector<std::string_view> names;
    for (const TensorInterface& known : modelled) names.push_back(known.name);
    std::string_view near = nearest_name(tensor.name, names);
    if (near.empty() && names.size() == 1) near = names.front();
    const auto meant = std::ranges::find(modelled, near, &TensorInterface::name);
    findings_->mismatch(path + ".name",
                        fmt::format("{} '{}' is not in {}, whose {}s are {}", kind, tensor.name, model_->file,
                                    kind, fmt::join(names, ", ")),
                        line_of(kind, tensor), meant == modelled.end() ? "" : line_of(kind, *meant));
  }

  void compare_one(std::string_view kind, const std::string& path, const TensorInterface& tensor,
                   const TensorInterface& modelled) {
    const auto differ = [&](std::string_view field, std::string message) {
      findings_->mismatch(fmt::format("{}.{}", path, field), std::move(message), line_of(kind, tensor),
                          line_of(kind, modelled));
    };
    if (tensor.datatype != modelled.datatype)
      differ("data_type", fmt::format("data_type of {} '{}' is not that of {}: set {}", kind, tensor.name,
                                      model_->file, wire::config_type_name(modelled.datatype)));
    if (!modelled.dims || dims_agree(*tensor.dims, *modelled.dims)) {
      if (batched_ && modelled.dims && !modelled.dims->empty() && modelled.dims->front() != kAnySize)
        differ("dims",
               fmt::format("max_batch_size > 0, but the first axis of {} '{}' is fixed to {} in {}: set "
                           "max_batch_size: 0, or export the model with a dynamic batch",
                           kind, tensor.name, modelled.dims->front(), model_->file));
      return;
    }
    differ("dims",
           fmt::format("dims of {} '{}'{} do not fit {}", kind, tensor.name,
                       batched_ ? ", with the batch axis that max_batch_size > 0 adds," : "", model_->file));
  }

  const ModelInterface* model_;
  bool batched_;
  Findings* findings_;
};

}  // namespace

void check_against_model(const ModelConfig& config, const ModelInterface& model, Findings& findings) {
  Comparison comparison(config, model, findings);
  comparison.compare("input", config.inputs, model.inputs);
  comparison.require_all(config.inputs);
  comparison.compare("output", config.outputs, model.outputs);
}

}  // namespace ridgeline::serve
