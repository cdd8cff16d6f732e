#include <algorithm>

#include "formats/normalise_rules.h"
#include "tensor/half.h"

namespace ridgeline::formats {
namespace {

/// What names of helper values begin with.
std::string base_of(const Node& node) { return node.outputs.empty() ? node.op : node.outputs[0]; }

/// Inputs past the last one that was there are "".
void set_input(Node& node, size_t index, std::string value) {
  if (node.inputs.size() <= index) node.inputs.resize(index + 1);
  node.inputs[index] = std::move(value);
}

/// A scalar constant of the element type that the node's first input has.
Result<std::string> add_scalar_like_input(const Node& node, std::string_view what, float value,
                                          GraphBuilder& builder) {
  const std::optional<DType> dtype = builder.facts(node.inputs[0]).dtype;
  ASSIGN_OR_RETURN(const Tensor scalar, Tensor::from_values(Shape{}, std::span<const float>(&value, 1)));
  ASSIGN_OR_RETURN(Tensor converted, convert(scalar, dtype.value_or(DType::kF32)));
  return builder.add_constant(base_of(node) + "/" + std::string(what), std::move(converted));
}

/// The attribute, a list of integers, becomes an input; nothing happens where it is absent.
Status move_ints(Node& node, std::string_view attribute, size_t input, GraphBuilder& builder) {
  const auto entry = node.attributes.find(std::string(attribute));
  if (entry == node.attributes.end()) return {};
  const auto* values = std::get_if<std::vector<int64_t>>(&entry->second);
  if (values == nullptr) return invalid_argument("attribute '{}' is not a list of integers", attribute);
  set_input(node, input, builder.add_constant_ints(base_of(node) + "/" + std::string(attribute), *values));
  node.attributes.erase(entry);
  return {};
}

Status require_inputs(const Node& node, size_t count) {
  if (node.inputs.size() == count && node.has_input(0)) return {};
  return invalid_argument("has {} inputs, but the op takes {} in this opset", node.inputs.size(), count);
}

/// Resize's inputs are x, roi, scales, sizes. Older forms sampled without an offset.
Status add_resize(Node node, std::string scales, GraphBuilder& builder) {
  const std::string mode = node.string_or("mode", "nearest");
  if (mode != "nearest" && mode != "linear")
    return unsupported("mode '{}' of {} is unknown: use nearest or linear", mode, node.op);
  bool shrinks = false;
  bool grows = false;
  if (const Tensor* factors = builder.constant(scales); factors != nullptr && factors->dtype() == DType::kF32)
    for (const float factor : factors->as<float>()) {
      shrinks = shrinks || factor < 1;
      grows = grows || factor > 1;
    }
  if (mode == "nearest" && shrinks && grows)
    return unsupported(
        "shrinks one axis and grows another, which opset 10 and 17 round differently: export with opset 11 "
        "or later");
  node.op = "Resize";
  node.inputs = {node.inputs[0], "", std::move(scales)};
  node.attributes = {{"mode", mode}, {"coordinate_transformation_mode", std::string("asymmetric")}};
  if (mode == "nearest") node.attributes["nearest_mode"] = std::string(shrinks ? "ceil" : "floor");
  return builder.add(std::move(node));
}

}  // namespace

Status clip_bounds_to_inputs(Node node, GraphBuilder& builder) {
  RETURN_IF_ERROR(require_inputs(node, 1));
  size_t input = 1;
  for (const char* bound : {"min", "max"}) {
    if (node.has(bound)) {
      ASSIGN_OR_RETURN(std::string value,
                       add_scalar_like_input(node, bound, node.float_or(bound, 0), builder));
      set_input(node, input, std::move(value));
      node.attributes.erase(bound);
    }
    ++input;
  }
  return builder.add(std::move(node));
}

Status slice_attributes_to_inputs(Node node, GraphBuilder& builder) {
  RETURN_IF_ERROR(require_inputs(node, 1));
  RETURN_IF_ERROR(move_ints(node, "starts", 1, builder));
  RETURN_IF_ERROR(move_ints(node, "ends", 2, builder));
  RETURN_IF_ERROR(move_ints(node, "axes", 3, builder));
  return builder.add(std::move(node));
}

Status axes_to_input(Node node, GraphBuilder& builder) {
  RETURN_IF_ERROR(require_inputs(node, 1));
  RETURN_IF_ERROR(move_ints(node, "axes", 1, builder));
  return builder.add(std::move(node));
}

Status split_sizes_to_input(Node node, GraphBuilder& builder) {
  RETURN_IF_ERROR(require_inputs(node, 1));
  RETURN_IF_ERROR(move_ints(node, "split", 1, builder));
  return builder.add(std::move(node));
}

Status pads_to_input(Node node, GraphBuilder& builder) {
  RETURN_IF_ERROR(require_inputs(node, 1));
  RETURN_IF_ERROR(move_ints(node, "pads", 1, builder));
  const float value = node.float_or("value", 0);
  node.attributes.erase("value");
  if (value != 0) {
    ASSIGN_OR_RETURN(std::string name, add_scalar_like_input(node, "value", value, builder));
    set_input(node, 2, std::move(name));
  }
  return builder.add(std::move(node));
}

Status k_to_input(Node node, GraphBuilder& builder) {
  RETURN_IF_ERROR(require_inputs(node, 1));
  if (!node.has("k")) return invalid_argument("lacks attribute 'k'");
  set_input(node, 1, builder.add_constant_ints(base_of(node) + "/k", {node.int_or("k", 0)}));
  node.attributes.erase("k");
  return builder.add(std::move(node));
}

Status drop_dropout_ratio(Node node, GraphBuilder& builder) {
  node.attributes.erase("ratio");  // inference: without a training_mode input the op passes its input on
  return builder.add(std::move(node));
}

Status drop_dropout_ratio_and_mask(Node node, GraphBuilder& builder) {
  if (node.outputs.size() > 1)
    node.outputs.resize(1);  // the mask was not boolean then; who reads it is refused
  return drop_dropout_ratio(std::move(node), builder);
}

Status batch_norm_for_inference(Node node, GraphBuilder& builder) {
  if (node.int_or("spatial", 1) == 0)
    return unsupported(
        "spatial=0 (statistics per pixel) went with opset 9: export the model again with a later one");
  node.attributes.erase("spatial");
  if (node.outputs.size() > 1)
    node.outputs.resize(1);  // the others belong to training; who reads them is refused
  return builder.add(std::move(node));
}

Status softmax_over_flattened_axes(Node node, GraphBuilder& builder) {
  RETURN_IF_ERROR(require_inputs(node, 1));
  if (node.outputs.size() != 1 || node.outputs[0].empty())
    return invalid_argument("has {} outputs, not one", node.outputs.size());
  const int64_t axis = node.int_or("axis", 1);
  const std::optional<Shape> shape = builder.facts(node.inputs[0]).shape;
  const int64_t rank = shape ? static_cast<int64_t>(shape->rank()) : 0;
  const int64_t from_front = axis < 0 ? axis + rank : axis;
  if (shape && (from_front < 0 || from_front > rank))
    return invalid_argument("axis {} is outside of rank {}", axis, rank);
  const bool only_ones_follow =
      shape && from_front < rank &&
      std::all_of(shape->begin() + from_front + 1, shape->end(), [](int64_t dim) { return dim == 1; });
  if (axis == -1 || only_ones_follow) {
    node.attributes["axis"] = axis == -1 || from_front == rank - 1 ? int64_t{-1} : from_front;
    return builder.add(std::move(node));
  }
  // Up to opset 12 all axes from `axis` on were one.
  const std::string base = base_of(node);
  const std::string flat = builder.names().values.fresh(base + "/flat");
  const std::string scores = builder.names().values.fresh(base + "/scores");
  const std::string dims = builder.names().values.fresh(base + "/dims");
  const std::string input = node.inputs[0];
  const std::string output = node.outputs[0];
  RETURN_IF_ERROR(
      builder.add({.op = "Flatten", .inputs = {input}, .outputs = {flat}, .attributes = {{"axis", axis}}}));
  node.inputs = {flat};
  node.outputs = {scores};
  node.attributes = {{"axis", int64_t{-1}}};
  RETURN_IF_ERROR(builder.add(std::move(node)));
  RETURN_IF_ERROR(builder.add({.op = "Shape", .inputs = {input}, .outputs = {dims}}));
  return builder.add({.op = "Reshape", .inputs = {scores, dims}, .outputs = {output}});
}

Status upsample_with_attribute(Node node, GraphBuilder& builder) {
  RETURN_IF_ERROR(require_inputs(node, 1));
  const auto entry = node.attributes.find("scales");
  const auto* scales =
      entry == node.attributes.end() ? nullptr : std::get_if<std::vector<float>>(&entry->second);
  if (scales == nullptr) return invalid_argument("lacks attribute 'scales' (a list of floats)");
  ASSIGN_OR_RETURN(Tensor tensor,
                   Tensor::from_values(Shape{static_cast<int64_t>(scales->size())}, std::span(*scales)));
  std::string name = builder.add_constant(base_of(node) + "/scales", std::move(tensor));
  return add_resize(std::move(node), std::move(name), builder);
}

Status upsample_with_input(Node node, GraphBuilder& builder) {
  RETURN_IF_ERROR(require_inputs(node, 2));
  std::string scales = node.inputs[1];
  return add_resize(std::move(node), std::move(scales), builder);
}

Status resize_10(Node node, GraphBuilder& builder) { return upsample_with_input(std::move(node), builder); }

Status resize_11(Node node, GraphBuilder& builder) {
  const std::string transformation = node.string_or("coordinate_transformation_mode", "half_pixel");
  if (transformation == "tf_half_pixel_for_nn")
    return unsupported(
        "op Resize: coordinate_transformation_mode tf_half_pixel_for_nn went with opset 13: export the model "
        "again with "
        "a later one");
  // Opset 11 wrote empty tensors where later ones leave an input out.
  const auto is_empty = [&](size_t index) {
    if (!node.has_input(index)) return false;
    const Tensor* tensor = builder.constant(node.inputs[index]);
    return tensor != nullptr && tensor->element_count() == 0;
  };
  for (size_t index = 1; index < node.inputs.size(); ++index)
    if (is_empty(index) || (index == 1 && transformation != "tf_crop_and_resize")) {
      if (node.has_input(index)) builder.consume(node.inputs[index]);
      node.inputs[index].clear();
    }
  return builder.add(std::move(node));
}

Status scatter_elements(Node node, GraphBuilder& builder) {
  node.op = "ScatterElements";
  return builder.add(std::move(node));
}

Status roi_align_without_offset(Node node, GraphBuilder& builder) {
  node.attributes["coordinate_transformation_mode"] = std::string("output_half_pixel");
  return builder.add(std::move(node));
}

Status refuse_batched_scan(Node node, GraphBuilder& /*builder*/) {
  return unsupported(
      "op {} of opset 8 scans batches, which later ones do not: export the model again with opset 9 or later",
      node.op);
}

}  // namespace ridgeline::formats
