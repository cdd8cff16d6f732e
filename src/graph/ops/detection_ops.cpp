#include <algorithm>
#include <array>

#include "graph/ops/families.h"

namespace ridgeline::ops {
namespace {

/// As many boxes of each class of each image as are asked for, or as there are.
Status non_max_suppression(InferContext& context) {
  const auto boxes = context.shape(0), scores = context.shape(1);
  const auto asked = context.ints(2);
  int64_t largest = Shape::kUnknownDim;
  if (boxes && scores && boxes->rank() == 3 && scores->rank() == 3 && (*boxes)[1] >= 0) {
    const int64_t there = (*boxes)[1];
    const int64_t kept = asked && asked->size() == 1 ? std::clamp<int64_t>((*asked)[0], 0, there) : there;
    const auto classes = multiply_dims((*scores)[0], (*scores)[1]);
    largest = multiply_dims(classes.value_or(Shape::kUnknownDim), kept).value_or(Shape::kUnknownDim);
  }
  context.set_output(0, DType::kI64, Shape{context.data_size(largest), 3});
  return {};
}

Status regions(InferContext& context, int64_t height, int64_t width) {
  const auto x = context.shape(0), rois = context.shape(1);
  context.set_output(0, context.dtype(0), std::nullopt);
  if (!x || !rois) return {};
  if (x->rank() != 4 || rois->rank() != 2)
    return context.error("input {} and regions {} do not fit", x->to_string(), rois->to_string());
  context.set_output(0, context.dtype(0), Shape{(*rois)[0], (*x)[1], height, width});
  return {};
}

Status roi_align(InferContext& context) {
  return regions(context, context.node().int_or("output_height", 1),
                 context.node().int_or("output_width", 1));
}

Status max_roi_pool(InferContext& context) {
  const std::vector<int64_t> size = context.node().ints_or("pooled_shape", {});
  if (size.size() != 2) return context.error("attribute 'pooled_shape' needs two values");
  return regions(context, size[0], size[1]);
}

Status grid_sample(InferContext& context) {
  const auto x = context.shape(0), grid = context.shape(1);
  context.set_output(0, context.dtype(0), std::nullopt);
  if (!x || !grid) return {};
  if (x->rank() < 3 || x->rank() != grid->rank())
    return context.error("input {} and grid {} do not fit", x->to_string(), grid->to_string());
  Shape out = *x;
  for (size_t i = 2; i < x->rank(); ++i) out[i] = (*grid)[i - 1];
  context.set_output(0, context.dtype(0), out);
  return {};
}

constexpr auto kRows = std::to_array<OpRow>({
    {"GridSample", 2, 2, grid_sample},
    {"MaxRoiPool", 2, 2, max_roi_pool},
    {"NonMaxSuppression", 2, 5, non_max_suppression},
    {"RoiAlign", 3, 3, roi_align},
});

}  // namespace

std::span<const OpRow> detection_ops() { return kRows; }

}  // namespace ridgeline::ops
