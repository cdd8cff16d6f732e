#include "engine/native/resize_builders.h"

#include <array>

#include "engine/native/operands.h"
#include "kernels/ref/move.h"
#include "kernels/ref/resize.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

/// The fill is FP32: other element types are not cropped.
Built nearest(const BuildContext& context, const ResizeRule& rule, const std::vector<AxisResize>& axes) {
  std::vector<ref::AxisSources> sources;
  for (const AxisResize& axis : axes) {
    sources.push_back(nearest_sources(rule, axis));
    if (!crops(rule)) continue;
    for (const int64_t i : outputs_outside(rule, axis))
      sources.back()[static_cast<size_t>(i)] = ref::kNowhere;
  }
  return {"ref",
          [remap = ref::Remap(context.input(0).shape, std::move(sources)),
           fill = static_cast<float>(rule.extrapolation_value), in = *context.in[0],
           out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
            remap.run(slots[in], reinterpret_cast<const std::byte*>(&fill), slots[out], pool);
            return {};
          }};
}

/// Without taps where the axis stays as it is.
ref::SampledAxis weighted_axis(const ResizeRule& rule, const AxisResize& axis) {
  ref::SampledAxis sampled;
  if (crops(rule)) sampled.outside = outputs_outside(rule, axis);
  if (axis.is_identity() && !crops(rule)) return sampled;
  for (const ResizeTaps& output : sample_taps(rule, axis)) {
    sampled.pixels.resize(output.count);
    sampled.weights.resize(output.count);
    for (size_t tap = 0; tap < output.count; ++tap) {
      sampled.pixels[tap].push_back(output.taps[tap].pixel);
      sampled.weights[tap].push_back(static_cast<float>(output.taps[tap].weight));
    }
  }
  return sampled;
}

Built weighted(const BuildContext& context, const ResizeRule& rule, const std::vector<AxisResize>& axes) {
  std::vector<ref::SampledAxis> sampled;
  for (const AxisResize& axis : axes) sampled.push_back(weighted_axis(rule, axis));
  return {"ref",
          [sampled, fill = static_cast<float>(rule.extrapolation_value), in = *context.in[0],
           out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
            ref::resample(slots[in], sampled, fill, slots[out], pool);
            return {};
          }};
}

Result<Built> resize(const BuildContext& context) {
  const Shape &in = context.input(0).shape, &out = context.output(0).shape;
  ASSIGN_OR_RETURN(const ResizePlan plan, plan_resize(context, in, out));
  const auto& [rule, axes] = plan;
  if (rule.mode == ResizeMode::kNearest && !crops(rule)) return nearest(context, rule, axes);
  if (context.input(0).dtype != DType::kF32)
    return unsupported("{}: native interpolates fp32, not {}", context.node.describe(),
                       name_of(context.input(0).dtype));
  return rule.mode == ResizeMode::kNearest ? nearest(context, rule, axes) : weighted(context, rule, axes);
}

constexpr auto kRows = std::to_array<BuilderRow>({{"Resize", resize}});

}  // namespace

bool crops(const ResizeRule& rule) { return rule.transform == "tf_crop_and_resize"; }

Result<ResizePlan> plan_resize(const BuildContext& context, const Shape& in, const Shape& out) {
  ASSIGN_OR_RETURN(const ResizeRule rule, ResizeRule::from(context.node));
  ResizeInputs inputs;
  if (crops(rule)) {
    ASSIGN_OR_RETURN(inputs.roi, constant_numbers(context, 1));
  }
  ASSIGN_OR_RETURN(inputs.scales, constant_numbers(context, 2));
  ASSIGN_OR_RETURN(inputs.sizes, constant_ints(context, 3));
  const auto axes = plan_axes(rule, in.dims(), inputs);
  if (!axes.ok()) return unsupported("{}: {}", context.node.describe(), axes.status().message());
  for (size_t axis = 0; axis < axes->size(); ++axis) {
    RETURN_IF_ERROR(check_table(context, out[axis]));
    if ((*axes)[axis].out_size != out[axis])
      return internal_error("{}: axis {} has {} pixels, not {}", context.node.describe(), axis,
                            (*axes)[axis].out_size, out[axis]);
  }
  return ResizePlan{rule, *axes};
}

ref::SampledAxis sampled_axis(const ResizeRule& rule, const AxisResize& axis) {
  if (rule.mode != ResizeMode::kNearest && !axis.is_identity()) return weighted_axis(rule, axis);
  const std::vector<int64_t> sources = nearest_sources(rule, axis);
  return {.pixels = {sources}, .weights = {std::vector<float>(sources.size(), 1)}, .outside = {}};
}

std::span<const BuilderRow> resize_builders() { return kRows; }

}  // namespace ridgeline::native
