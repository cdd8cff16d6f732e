// What detectors need and ATen lacks: written out here, on the CPU.

#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/libtorch/op.h"

namespace ridgeline::libtorch {

namespace {

at::Tensor cpu_floats(const at::Tensor& x) { return x.to(at::kCPU, at::kFloat).contiguous(); }

struct Box {
  float y1, x1, y2, x2;

  float area() const { return (y2 - y1) * (x2 - x1); }
};

/// Corners in any order, or a center with width and height.
Box box_from(const float* values, bool is_center) {
  if (is_center) {
    const float half_width = values[2] / 2;
    const float half_height = values[3] / 2;
    return {values[1] - half_height, values[0] - half_width, values[1] + half_height, values[0] + half_width};
  }
  return {std::min(values[0], values[2]), std::min(values[1], values[3]), std::max(values[0], values[2]),
          std::max(values[1], values[3])};
}

float intersection_over_union(const Box& a, const Box& b) {
  const float height = std::min(a.y2, b.y2) - std::max(a.y1, b.y1);
  const float width = std::min(a.x2, b.x2) - std::max(a.x1, b.x1);
  if (height <= 0 || width <= 0) return 0;
  const float intersection = height * width;
  return intersection / (a.area() + b.area() - intersection);
}

struct SuppressionLimits {
  int64_t max_per_class = 0;
  float iou = 0;
  std::optional<float> score;
};

/// Indices of the boxes kept, best score first.
std::vector<int64_t> suppress(const std::vector<Box>& boxes, const float* scores,
                              const SuppressionLimits& limits) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < static_cast<int64_t>(boxes.size()); ++i) {
    if (!limits.score || scores[i] > *limits.score) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [scores](int64_t a, int64_t b) { return scores[a] > scores[b]; });
  std::vector<int64_t> kept;
  for (const int64_t candidate : order) {
    if (static_cast<int64_t>(kept.size()) >= limits.max_per_class) break;
    const Box& box = boxes[static_cast<size_t>(candidate)];
    const bool overlaps = std::any_of(kept.begin(), kept.end(), [&](int64_t other) {
      return intersection_over_union(box, boxes[static_cast<size_t>(other)]) > limits.iou;
    });
    if (!overlaps) kept.push_back(candidate);
  }
  return kept;
}

/// boxes [batch, n, 4], scores [batch, classes, n] → rows of batch, class, box.
at::Tensor non_max_suppression(const Inputs& in, bool is_center, const SuppressionLimits& limits) {
  const at::Tensor boxes = cpu_floats(in[0]);
  const at::Tensor scores = cpu_floats(in[1]);
  std::vector<int64_t> rows;
  for (int64_t batch = 0; batch < boxes.size(0); ++batch) {
    std::vector<Box> candidates;
    for (int64_t i = 0; i < boxes.size(1); ++i) {
      candidates.push_back(
          box_from(boxes.const_data_ptr<float>() + (batch * boxes.size(1) + i) * 4, is_center));
    }
    for (int64_t label = 0; label < scores.size(1); ++label) {
      const float* of_class =
          scores.const_data_ptr<float>() + (batch * scores.size(1) + label) * scores.size(2);
      for (const int64_t box : suppress(candidates, of_class, limits))
        rows.insert(rows.end(), {batch, label, box});
    }
  }
  const auto count = static_cast<int64_t>(rows.size()) / 3;
  return at::tensor(rows, at::TensorOptions().dtype(at::kLong)).view({count, 3}).to(in[0].device());
}

Result<Kernel> build_non_max_suppression(const OpSite& site) {
  const bool is_center = site.node.int_or("center_point_box", 0) == 1;
  // Thresholds that are constants are read before they take the program's type.
  const auto known = [&site](size_t input) {
    const at::Tensor* value = site.constant(input);
    return value == nullptr ? at::Tensor() : *value;
  };
  return returns([is_center, max_input = site.ints(2), iou = known(3), score = known(4)](const Inputs& in) {
    const auto number = [&in](const at::Tensor& constant, size_t input) -> std::optional<float> {
      const at::Tensor& value = constant.defined() ? constant : in[input];
      return value.defined() ? std::optional(static_cast<float>(scalar_of(value))) : std::nullopt;
    };
    const std::vector<int64_t> max_per_class = max_input.read(in);
    return non_max_suppression(in, is_center,
                               {.max_per_class = max_per_class.empty() ? 0 : max_per_class[0],
                                .iou = number(iou, 3).value_or(0),
                                .score = number(score, 4)});
  });
}

struct RoiAlign {
  int64_t height = 1;
  int64_t width = 1;
  int64_t sampling_ratio = 0;  ///< samples per bin and axis; 0: as many as the bin has pixels
  float spatial_scale = 1;
  float offset = 0;  ///< half a pixel when the regions are given by pixel centers
};

/// Bilinear; a point more than a pixel outside the plane is 0.
float sample(const float* plane, int64_t height, int64_t width, float y, float x) {
  if (y < -1 || y > static_cast<float>(height) || x < -1 || x > static_cast<float>(width)) return 0;
  const auto split = [](float at, int64_t size, int64_t& low, int64_t& high, float& ratio) {
    at = std::max(at, 0.0F);
    low = std::min(static_cast<int64_t>(at), size - 1);
    high = std::min(low + 1, size - 1);
    ratio = low == size - 1 ? 0 : at - static_cast<float>(low);
  };
  int64_t top = 0, bottom = 0, left = 0, right = 0;
  float down = 0, across = 0;
  split(y, height, top, bottom, down);
  split(x, width, left, right, across);
  const float upper = plane[top * width + left] * (1 - across) + plane[top * width + right] * across;
  const float lower = plane[bottom * width + left] * (1 - across) + plane[bottom * width + right] * across;
  return upper * (1 - down) + lower * down;
}

/// One region: `roi` is x1, y1, x2, y2; `image` and `result` have `channels` planes.
void align_roi(const RoiAlign& op, const at::Tensor& x, const float* image, const float* roi, float* result) {
  const int64_t height = x.size(2);
  const int64_t width = x.size(3);
  const float left = roi[0] * op.spatial_scale - op.offset;
  const float top = roi[1] * op.spatial_scale - op.offset;
  float roi_width = roi[2] * op.spatial_scale - op.offset - left;
  float roi_height = roi[3] * op.spatial_scale - op.offset - top;
  if (op.offset == 0) {
    roi_width = std::max(roi_width, 1.0F);
    roi_height = std::max(roi_height, 1.0F);
  }
  const float bin_height = roi_height / static_cast<float>(op.height);
  const float bin_width = roi_width / static_cast<float>(op.width);
  const auto samples = [&op](float bin) {
    return op.sampling_ratio > 0 ? op.sampling_ratio : static_cast<int64_t>(std::ceil(bin));
  };
  const int64_t rows = samples(bin_height);
  const int64_t columns = samples(bin_width);
  const auto count = static_cast<float>(std::max<int64_t>(rows * columns, 1));
  for (int64_t bin = 0; bin < x.size(1) * op.height * op.width; ++bin) {
    const float* plane = image + bin / (op.height * op.width) * height * width;
    const float bin_top = top + static_cast<float>(bin / op.width % op.height) * bin_height;
    const float bin_left = left + static_cast<float>(bin % op.width) * bin_width;
    float sum = 0;
    for (int64_t k = 0; k < rows * columns; ++k) {
      const float y =
          bin_top + (static_cast<float>(k / columns) + 0.5F) * bin_height / static_cast<float>(rows);
      const float at_x =
          bin_left + (static_cast<float>(k % columns) + 0.5F) * bin_width / static_cast<float>(columns);
      sum += sample(plane, height, width, y, at_x);
    }
    result[bin] = sum / count;
  }
}

at::Tensor roi_align(const RoiAlign& op, const Inputs& in) {
  const at::Tensor x = cpu_floats(in[0]);
  const at::Tensor rois = cpu_floats(in[1]);
  const std::vector<int64_t> images = ints_of(in[2]);
  for (const int64_t image : images) {
    if (image < 0 || image >= x.size(0))
      throw std::invalid_argument("input batch_indices points outside the batch");
  }
  at::Tensor result = at::empty({rois.size(0), x.size(1), op.height, op.width}, x.options());
  const float* first_image = x.const_data_ptr<float>();
  const float* first_roi = rois.const_data_ptr<float>();
  auto* first_result = result.mutable_data_ptr<float>();
  at::parallel_for(0, rois.size(0), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = images.at(static_cast<size_t>(i));
      align_roi(op, x, first_image + image * x.stride(0), first_roi + i * 4,
                first_result + i * result.stride(0));
    }
  });
  return result.to(in[0].options());
}

Result<Kernel> build_roi_align(const OpSite& site) {
  if (site.node.string_or("mode", "avg") != "avg") return unsupported("attribute mode must be 'avg'");
  const bool half_pixel = site.node.string_or("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  const RoiAlign op{.height = site.node.int_or("output_height", 1),
                    .width = site.node.int_or("output_width", 1),
                    .sampling_ratio = site.node.int_or("sampling_ratio", 0),
                    .spatial_scale = site.node.float_or("spatial_scale", 1),
                    .offset = half_pixel ? 0.5F : 0};
  return returns([op](const Inputs& in) { return roi_align(op, in); });
}

}  // namespace

std::span<const OpRow> detection_ops() {
  static const std::array kRows = {
      OpRow{.op = "NonMaxSuppression",
            .build = build_non_max_suppression,
            .shape_inputs = {},
            .data_dependent = true},
      OpRow{"RoiAlign", build_roi_align},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
