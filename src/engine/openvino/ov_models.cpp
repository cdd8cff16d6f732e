#include "engine/openvino/ov_models.h"

#include <algorithm>
#include <openvino/op/batch_norm.hpp>

#include "engine/plugin/input_shape.h"

namespace ridgeline::ov_engine {
namespace {

Result<std::map<ov::Output<ov::Node>, ov::PartialShape>> shapes_to_compile(const ov::Model& model,
                                                                           const SessionOptions& options) {
  std::map<ov::Output<ov::Node>, ov::PartialShape> shapes;
  for (const auto& parameter : model.get_parameters()) {
    const ov::Output<ov::Node> input = parameter->output(0);
    ValueInfo info;
    info.name = input.get_any_name();
    info.type.shape = shape_from(input.get_partial_shape());
    ASSIGN_OR_RETURN(const Shape shape, plugin::shape_to_compile(info, options));
    shapes[input] = ov::PartialShape(std::vector<ov::Dimension>(shape.begin(), shape.end()));
  }
  return shapes;
}

/// OpenVINO folds norms into weights while it compiles: each session then has weights of its own, and those
/// that were read would be one copy more.
bool keeps_weights(const ov::Model& model) {
  return std::ranges::none_of(model.get_ops(), [](const auto& op) {
    return ov::is_type<ov::op::v0::BatchNormInference>(op) || ov::is_type<ov::op::v5::BatchNormInference>(op);
  });
}

}  // namespace

std::shared_ptr<const ov::Model> Models::original_of(const plugin::Model& model) {
  std::erase_if(known_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const ov::Model>& known = known_[{model.bytes.data(), model.path}];
  std::shared_ptr<const ov::Model> original = known.lock();
  if (!original) {
    original = model.has_external_data ? core_->read_model(model.path)
                                       : core_->read_model(std::string(model.bytes), ov::Tensor());
    known = original;
  }
  return original;
}

Result<ReadModel> Models::read(const plugin::Model& model, const SessionOptions& options) {
  return guarded(ErrorCode::kInvalidArgument, [&]() -> Result<ReadModel> {
    ReadModel read;
    {
      const std::lock_guard lock(mutex_);
      read.original = original_of(model);
      read.model = read.original->clone();
    }
    ASSIGN_OR_RETURN(const auto shapes, shapes_to_compile(*read.model, options));
    read.model->reshape(shapes);
    if (!keeps_weights(*read.model)) read.original.reset();
    return read;
  });
}

}  // namespace ridgeline::ov_engine
