#include <algorithm>

#include "formats/normalise_rules.h"
#include "formats/onnx_tensor.h"

namespace ridgeline::formats {
namespace {

Status not_constant(std::string_view input) {
  return unsupported(
      "its {} are computed while the model runs, which opset 17 cannot say: make them constant, or export "
      "with opset 17",
      input);
}

/// The constant integers of an optional input; an empty list when it is absent.
Result<std::vector<int64_t>> take_ints(Node& node, size_t input, std::string_view what,
                                       GraphBuilder& builder) {
  if (!node.has_input(input)) return std::vector<int64_t>{};
  std::optional<std::vector<int64_t>> values = builder.constant_ints(node.inputs[input]);
  if (!values) return not_constant(what);
  builder.consume(node.inputs[input]);
  node.inputs[input].clear();
  return *std::move(values);
}

void drop_if_zero(Node& node, std::string_view attribute) {
  if (node.int_or(attribute, 1) == 0) node.attributes.erase(std::string(attribute));
}

/// Axes counted from the front, each once and inside the rank.
Status make_positive(std::vector<int64_t>& axes, size_t rank) {
  const auto count = static_cast<int64_t>(rank);
  for (int64_t& axis : axes) {
    if (axis < -count || axis >= count) return invalid_argument("axis {} is outside of rank {}", axis, rank);
    if (axis < 0) axis += count;
  }
  return {};
}

}  // namespace

Status axes_to_attribute(Node node, GraphBuilder& builder) {
  ASSIGN_OR_RETURN(std::vector<int64_t> axes, take_ints(node, 1, "axes", builder));
  const bool reduces_nothing = axes.empty() && node.int_or("noop_with_empty_axes", 0) != 0;
  node.attributes.erase("noop_with_empty_axes");
  if (reduces_nothing) {
    if (node.op != "ReduceMean" && node.op != "ReduceMax" && node.op != "ReduceMin" &&
        node.op != "ReduceProd")
      return unsupported("op {} with noop_with_empty_axes and no axes has no opset-17 form: name the axes",
                         node.op);
    node.op = "Identity";
    node.attributes.clear();
  } else if (!axes.empty()) {
    node.attributes["axes"] = std::move(axes);
  }
  return builder.add(std::move(node));
}

Status split_num_outputs(Node node, GraphBuilder& builder) {
  const auto parts = static_cast<int64_t>(node.outputs.size());
  if (node.int_or("num_outputs", parts) != parts)
    return invalid_argument("attribute 'num_outputs' is {}, but there are {} outputs",
                            node.int_or("num_outputs", 0), parts);
  node.attributes.erase("num_outputs");
  const std::optional<Shape> shape = node.has_input(0) ? builder.facts(node.inputs[0]).shape : std::nullopt;
  if (node.has_input(1) || !shape || parts == 0) return builder.add(std::move(node));
  std::vector<int64_t> axis = {node.int_or("axis", 0)};
  RETURN_IF_ERROR(make_positive(axis, shape->rank()));
  const int64_t size = (*shape)[static_cast<size_t>(axis[0])];
  if (size == Shape::kUnknownDim || size % parts == 0) return builder.add(std::move(node));
  // Since opset 18 the last part may be smaller; 17 splits unevenly only with given sizes.
  const int64_t chunk = size / parts + 1;
  const int64_t last = size - chunk * (parts - 1);
  if (last < 0) return invalid_argument("splits {} elements into {} parts", size, parts);
  std::vector<int64_t> sizes(static_cast<size_t>(parts), chunk);
  sizes.back() = last;
  node.inputs = {node.inputs[0], builder.add_constant_ints(node.outputs[0] + "/split", sizes)};
  return builder.add(std::move(node));
}

Status pad_some_axes(Node node, GraphBuilder& builder) {
  if (node.string_or("mode", "constant") == "wrap")
    return unsupported(
        "mode 'wrap' came with opset 19, and opset 17 has nothing like it: pad with Concat instead");
  if (!node.has_input(3)) return builder.add(std::move(node));
  ASSIGN_OR_RETURN(std::vector<int64_t> axes, take_ints(node, 3, "axes", builder));
  ASSIGN_OR_RETURN(const std::vector<int64_t> pads, take_ints(node, 1, "pads", builder));
  const std::optional<size_t> rank = builder.rank(node.inputs[0]);
  if (!rank)
    return unsupported(
        "pads some axes of a value whose rank the file does not say: run ONNX's shape inference on the "
        "model");
  RETURN_IF_ERROR(make_positive(axes, *rank));
  if (pads.size() != 2 * axes.size())
    return invalid_argument("has {} pads for {} axes, not twice as many", pads.size(), axes.size());
  std::vector<int64_t> full(2 * *rank, 0);
  for (size_t index = 0; index < axes.size(); ++index) {
    const auto axis = static_cast<size_t>(axes[index]);
    full[axis] = pads[index];
    full[*rank + axis] = pads[axes.size() + index];
  }
  node.inputs[1] = builder.add_constant_ints(node.inputs[0] + "/pads", full);
  return builder.add(std::move(node));
}

Status resize_18(Node node, GraphBuilder& builder) {
  drop_if_zero(node, "antialias");
  if (node.string_or("keep_aspect_ratio_policy", "") == "stretch")
    node.attributes.erase("keep_aspect_ratio_policy");
  std::vector<int64_t> axes = node.ints_or("axes", {});
  const size_t rank = node.has_input(0) ? builder.rank(node.inputs[0]).value_or(0) : 0;
  const Tensor* scales = node.has_input(2) ? builder.constant(node.inputs[2]) : nullptr;
  if (axes.empty() || rank == 0 || scales == nullptr || scales->dtype() != DType::kF32)
    return resize_11(std::move(node), builder);
  RETURN_IF_ERROR(make_positive(axes, rank));
  if (static_cast<size_t>(scales->element_count()) != axes.size())
    return invalid_argument("has {} scales for {} axes", scales->element_count(), axes.size());
  std::vector<float> full(rank, 1);
  for (size_t index = 0; index < axes.size(); ++index)
    full[static_cast<size_t>(axes[index])] = scales->as<float>()[index];
  ASSIGN_OR_RETURN(Tensor tensor,
                   Tensor::from_values(Shape{static_cast<int64_t>(rank)}, std::span(std::as_const(full))));
  builder.consume(node.inputs[2]);
  node.inputs[2] = builder.add_constant(node.inputs[0] + "/scales", std::move(tensor));
  node.attributes.erase("axes");
  return resize_11(std::move(node), builder);
}

Status pool_without_default_dilations(Node node, GraphBuilder& builder) {
  const std::vector<int64_t> dilations = node.ints_or("dilations", {2});
  if (std::all_of(dilations.begin(), dilations.end(), [](int64_t dilation) { return dilation == 1; }))
    node.attributes.erase("dilations");
  if (node.op == "LpPool") drop_if_zero(node, "ceil_mode");
  return builder.add(std::move(node));
}

Status grid_sample_modes(Node node, GraphBuilder& builder) {
  const std::string mode = node.string_or("mode", "nearest");
  if (mode == "linear" || mode == "cubic") node.attributes["mode"] = "bi" + mode;
  return builder.add(std::move(node));
}

Status dft_axis_to_attribute(Node node, GraphBuilder& builder) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> axis, take_ints(node, 2, "axis", builder));
  if (axis.size() > 1) return invalid_argument("has {} axes, not one", axis.size());
  node.attributes["axis"] = axis.empty() ? int64_t{-2} : axis[0];
  return builder.add(std::move(node));
}

Status drop_cast_saturation(Node node, GraphBuilder& builder) {
  node.attributes.erase("saturate");  // concerns 8-bit floats only, which no Graph holds
  return builder.add(std::move(node));
}

Status quantize_output_dtype(Node node, GraphBuilder& builder) {
  node.attributes.erase("saturate");
  drop_if_zero(node, "output_dtype");
  if (node.has("output_dtype")) {
    ASSIGN_OR_RETURN(const DType dtype,
                     read_element_type(static_cast<int32_t>(node.int_or("output_dtype", 0))));
    const std::optional<Shape> scales =
        node.has_input(1) ? builder.facts(node.inputs[1]).shape : std::nullopt;
    const bool zero_point_is_needed = !node.has_input(2) && dtype != DType::kU8;
    if (zero_point_is_needed && scales && scales->is_static()) {
      ASSIGN_OR_RETURN(Tensor zero, Tensor::zeros(dtype, *scales));
      node.inputs.resize(3);
      node.inputs[2] = builder.add_constant(node.inputs[0] + "/zero_point", std::move(zero));
    }
    if (!zero_point_is_needed || node.has_input(2)) node.attributes.erase("output_dtype");
  }
  return drop_default_block_size(std::move(node), builder);
}

Status drop_default_block_size(Node node, GraphBuilder& builder) {
  drop_if_zero(node, "block_size");
  return builder.add(std::move(node));
}

Status refuse_grouped_scales(Node node, GraphBuilder& /*builder*/) {
  return unsupported(
      "op {} before opset 21 has a scale per group, which ONNX itself withdrew: export the model with opset "
      "21",
      node.op);
}

}  // namespace ridgeline::formats
