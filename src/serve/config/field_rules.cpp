#include "serve/config/field_rules.h"

#include <algorithm>
#include <array>

namespace ridgeline::serve {
namespace {

constexpr Severity kRefused = Severity::kError;
constexpr Severity kWarned = Severity::kWarning;
constexpr std::string_view kOfTensorRt = "belongs to the TensorRT backend, which is not served: remove it";

constexpr std::array kRules = {
    FieldRule{"runtime", kWarned, "has no effect: a backend is chosen by 'backend' alone"},
    FieldRule{"input.is_shape_tensor", kRefused, kOfTensorRt},
    FieldRule{"input.is_non_linear_format_io", kRefused, kOfTensorRt},
    FieldRule{"input.allow_ragged_batch", kWarned,
              "has no effect: requests of one shape are batched together, others beside them"},
    FieldRule{"output.is_shape_tensor", kRefused, kOfTensorRt},
    FieldRule{"output.is_non_linear_format_io", kRefused, kOfTensorRt},
    FieldRule{"batch_input", kRefused,
              "is not made by this server: give the model one shape per request instead of ragged batches"},
    FieldRule{"batch_output", kRefused,
              "is not scattered by this server: give the model one shape per request"},
    FieldRule{"optimization.graph", kWarned, "has no effect: engines optimise as far as they can"},
    FieldRule{"optimization.priority", kWarned, "has no effect: use priority_levels of dynamic_batching"},
    FieldRule{"optimization.cuda", kWarned, "has no effect on the CPU"},
    FieldRule{"optimization.execution_accelerators", kWarned,
              "has no effect: choose the engine by 'backend', for instance backend: \"openvino\""},
    FieldRule{"optimization.input_pinned_memory", kWarned, "has no effect on the CPU"},
    FieldRule{"optimization.output_pinned_memory", kWarned, "has no effect on the CPU"},
    FieldRule{"optimization.gather_kernel_buffer_threshold", kWarned, "has no effect on the CPU"},
    FieldRule{"optimization.eager_batching", kWarned,
              "has no effect: a request's bytes are always copied into its batch while it waits"},
    FieldRule{"instance_group.secondary_devices", kRefused, kOfTensorRt},
    FieldRule{"instance_group.profile", kRefused, kOfTensorRt},
    FieldRule{"cc_model_filenames", kWarned,
              "has no effect: the file is default_model_filename for every device"},
    FieldRule{
        "model_operations", kRefused,
        "would load foreign code into the server, which is not done: use a model without custom operators"},
    FieldRule{"model_repository_agents", kRefused,
              "are not run: put the model into the repository as it is to be served"},
    FieldRule{"ensemble_scheduling.step.model_namespace", kRefused,
              "is not known: a model's name is unique among all repositories"},
};

}  // namespace

std::span<const FieldRule> field_rules() { return kRules; }

const FieldRule* rule_of(std::string_view path) {
  const auto* rule = std::ranges::find(kRules, path, &FieldRule::path);
  return rule == kRules.end() ? nullptr : rule;
}

}  // namespace ridgeline::serve
