#include "serve/config/ensemble_check.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <map>
#include <set>

#include "base/spelling.h"
#include "serve/config/tensor_rules.h"
#include "wire/datatype.h"

namespace ridgeline::serve {
namespace {

/// A tensor between steps, as its first appearance has it.
struct Joint {
  const TensorConfig* tensor = nullptr;  ///< of the ensemble or of a step's model
  bool batched = false;
  std::string of;  ///< "output 'logits' of model 'resnet'"
  bool made = false;
  bool used = false;
};

std::string text_of(const TensorConfig& tensor, bool batched) {
  return fmt::format("{} {}", tensor.datatype ? wire::config_type_name(*tensor.datatype) : "TYPE_INVALID",
                     dims_text(full_dims(tensor.dims, batched)));
}

template <typename Tensor>
const Tensor* tensor_named(const std::vector<Tensor>& tensors, std::string_view name) {
  const auto found = std::ranges::find(tensors, name, &Tensor::name);
  return found == tensors.end() ? nullptr : &*found;
}

template <typename Tensor>
std::string names_of(const std::vector<Tensor>& tensors) {
  std::vector<std::string_view> names;
  for (const Tensor& tensor : tensors) names.push_back(tensor.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

class Check {
 public:
  Check(const ModelConfig& ensemble, const ConfigLookup& models, Findings& findings)
      : ensemble_(&ensemble),
        steps_(&std::get<Ensemble>(ensemble.scheduling).steps),
        models_(&models),
        findings_(&findings) {}

  void run() {
    if (steps_->empty())
      findings_->error("ensemble_scheduling", "must specify 'step': an ensemble without steps does nothing");
    for (const InputConfig& input : ensemble_->inputs)
      join({&input, batched(), fmt::format("input '{}' of the ensemble", input.name), true}, "input");
    for (size_t i = 0; i < steps_->size(); ++i) check_step(i);
    for (size_t i = 0; i < ensemble_->outputs.size(); ++i) {
      const OutputConfig& output = ensemble_->outputs[i];
      join({&output, batched(), fmt::format("output '{}' of the ensemble", output.name), false, true},
           fmt::format("output[{}]", i));
    }
    if (findings_->has_error()) return;
    check_flow();
    check_uses();
  }

 private:
  bool batched() const { return ensemble_->max_batch_size > 0; }

  static std::string step_path(size_t i) { return fmt::format("ensemble_scheduling.step[{}]", i); }

  void check_step(size_t i) {
    const EnsembleStep& step = (*steps_)[i];
    const std::string path = step_path(i);
    if (step.model.empty()) return findings_->error(path, "must specify 'model_name'");
    if (step.input_map.empty()) findings_->error(path, "must specify 'input_map'");
    if (step.output_map.empty()) findings_->error(path, "must specify 'output_map'");
    const ModelConfig* model = (*models_)(step.model);
    if (model == nullptr) return;  // the repository says what is wrong with it
    if (model->max_batch_size != 0 && model->max_batch_size < ensemble_->max_batch_size)
      findings_->error("max_batch_size",
                       fmt::format("the ensemble allows maximum batch size {}, but it contains model '{}' "
                                   "which only allows {}: lower it",
                                   ensemble_->max_batch_size, step.model, model->max_batch_size));
    check_inputs(step, *model, path + ".input_map");
    check_outputs(step, *model, path + ".output_map");
  }

  void check_inputs(const EnsembleStep& step, const ModelConfig& model, const std::string& path) {
    for (const auto& [name, joint] : step.input_map) {
      const std::string entry = fmt::format("{}[{}]", path, name);
      const InputConfig* input = tensor_named(model.inputs, name);
      if (input == nullptr)
        findings_->error(entry, fmt::format("model '{}' has no input '{}': it has {}", step.model, name,
                                            names_of(model.inputs)));
      else
        join({input, model.max_batch_size > 0, fmt::format("input '{}' of model '{}'", name, step.model),
              false, true},
             entry, joint);
    }
    for (const InputConfig& input : model.inputs)
      if (!input.optional && !step.input_map.contains(input.name))
        findings_->error(path, fmt::format("input '{}' of model '{}' is not mapped to any ensemble tensor",
                                           input.name, step.model));
  }

  void check_outputs(const EnsembleStep& step, const ModelConfig& model, const std::string& path) {
    for (const auto& [name, joint] : step.output_map) {
      const std::string entry = fmt::format("{}[{}]", path, name);
      const OutputConfig* output = tensor_named(model.outputs, name);
      if (output == nullptr)
        findings_->error(entry, fmt::format("model '{}' has no output '{}': it has {}", step.model, name,
                                            names_of(model.outputs)));
      else
        join({output, model.max_batch_size > 0, fmt::format("output '{}' of model '{}'", name, step.model),
              true},
             entry, joint);
    }
  }

  /// Two tensors of one name must fit: sizes of -1 are settled when a request comes, and a model without a
  /// batch axis may spell out what others leave to it.
  void join(Joint end, const std::string& path, const std::string& name) {
    const auto [at, first] = joints_.try_emplace(name, end);
    if (first) return;
    Joint& joint = at->second;
    if (end.made && joint.made)
      findings_->error(path, fmt::format("ensemble tensor '{}' can appear in an output map only once", name));
    joint.made |= end.made;
    joint.used |= end.used;
    const bool fits =
        dims_agree(joint.tensor->dims, end.tensor->dims) ||
        dims_agree(full_dims(joint.tensor->dims, joint.batched), full_dims(end.tensor->dims, end.batched));
    if (joint.tensor->datatype == end.tensor->datatype && fits) return;
    findings_->mismatch(path, fmt::format("ensemble tensor '{}' is not the same where it meets", name),
                        fmt::format("{}: {}", joint.of, text_of(*joint.tensor, joint.batched)),
                        fmt::format("{}: {}", end.of, text_of(*end.tensor, end.batched)));
  }
  void join(Joint end, const std::string& path) {
    const std::string name = end.tensor->name;
    join(std::move(end), path, name);
  }

  /// Runs the steps in thought: one whose tensors are all there makes its own.
  void check_flow() {
    std::set<std::string> there;
    for (const InputConfig& input : ensemble_->inputs) there.insert(input.name);
    std::vector<size_t> waiting(steps_->size());
    for (size_t i = 0; i < waiting.size(); ++i) waiting[i] = i;
    const auto runs = [&](size_t i) {
      const EnsembleStep& step = (*steps_)[i];
      const auto is_there = [&](const auto& entry) { return there.contains(entry.second); };
      if (!std::ranges::all_of(step.input_map, is_there)) return false;
      for (const auto& [name, joint] : step.output_map) there.insert(joint);
      return true;
    };
    while (std::erase_if(waiting, runs) > 0) {
    }
    for (const size_t i : waiting) report_stuck(i, there);
  }

  void report_stuck(size_t i, const std::set<std::string>& there) {
    for (const auto& [name, joint] : (*steps_)[i].input_map) {
      if (there.contains(joint)) continue;
      const std::string path = fmt::format("{}.input_map[{}]", step_path(i), name);
      if (joints_.contains(joint) && joints_.at(joint).made)
        findings_->error(path, fmt::format("ensemble tensor '{}' depends on itself or comes after it: the "
                                           "steps form a cycle",
                                           joint));
      else
        findings_->error(path, fmt::format("ensemble tensor '{}' is not connected: no step and no input of "
                                           "the ensemble makes it",
                                           joint));
    }
  }

  void check_uses() {
    for (size_t i = 0; i < ensemble_->outputs.size(); ++i)
      if (!joints_.at(ensemble_->outputs[i].name).made)
        findings_->error(
            fmt::format("output[{}]", i),
            fmt::format("output '{}' is not written: no step makes it", ensemble_->outputs[i].name));
    for (size_t i = 0; i < ensemble_->inputs.size(); ++i)
      if (!joints_.at(ensemble_->inputs[i].name).used)
        findings_->error(fmt::format("input[{}]", i),
                         fmt::format("ensemble input '{}' is not used", ensemble_->inputs[i].name));
    for (size_t i = 0; i < steps_->size(); ++i)
      for (const auto& [name, joint] : (*steps_)[i].output_map)
        if (joints_.contains(joint) && !joints_.at(joint).used)
          findings_->error(fmt::format("{}.output_map[{}]", step_path(i), name),
                           fmt::format("ensemble tensor '{}' is unused: drop it from the map", joint));
  }

  const ModelConfig* ensemble_;
  const std::vector<EnsembleStep>* steps_;
  const ConfigLookup* models_;
  Findings* findings_;
  std::map<std::string, Joint> joints_;
};

}  // namespace

void check_ensemble(const ModelConfig& ensemble, const ConfigLookup& models, Findings& findings) {
  Check(ensemble, models, findings).run();
}

}  // namespace ridgeline::serve
