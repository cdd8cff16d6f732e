#include "kernels/ref/resize.h"

#include <algorithm>

#include "kernels/broadcast.h"

namespace ridgeline::kernels::ref {
namespace {

/// Where an output row lies, and what of it the rows of the input give.
class Rows {
 public:
  Rows(const TensorView& in, std::span<const SampledAxis> axes, const Shape& out)
      : axes_(axes.first(axes.size() - 1)), strides_(strides_of(in.shape)), out_(out) {
    for (const SampledAxis& axis : axes_)
      combinations_ *= std::max<int64_t>(1, static_cast<int64_t>(axis.pixels.size()));
  }

  int64_t combinations() const { return combinations_; }
  Dims position(int64_t row) const {
    Dims position{};
    for (size_t axis = axes_.size(); axis-- > 0;) {
      position[axis] = row % out_[axis];
      row /= out_[axis];
    }
    return position;
  }
  bool is_outside(const Dims& position) const {
    for (size_t axis = 0; axis < axes_.size(); ++axis)
      if (std::ranges::binary_search(axes_[axis].outside, position[axis])) return true;
    return false;
  }

  struct Part {
    int64_t offset = 0;
    float weight = 1;
  };
  /// One choice of a tap along each axis.
  Part part(const Dims& position, int64_t combination) const {
    Part part;
    for (size_t axis = 0; axis < axes_.size(); ++axis) {
      const SampledAxis& sampled = axes_[axis];
      const auto at = static_cast<size_t>(position[axis]);
      int64_t pixel = position[axis];
      if (!sampled.pixels.empty()) {
        const auto taps = static_cast<int64_t>(sampled.pixels.size());
        const auto tap = static_cast<size_t>(combination % taps);
        combination /= taps;
        pixel = sampled.pixels[tap][at];
        part.weight *= sampled.weights[tap][at];
      }
      part.offset += pixel * strides_[axis];
    }
    return part;
  }

 private:
  std::span<const SampledAxis> axes_;
  Dims strides_;
  const Shape& out_;
  int64_t combinations_ = 1;
};

/// out += weight · (in sampled along the last axis).
void add_row(const SampledAxis& axis, const float* in, float weight, std::span<float> out) {
  if (axis.pixels.empty()) {
    for (size_t i = 0; i < out.size(); ++i) out[i] += weight * in[i];
  } else if (axis.pixels.size() == 2) {
    const int64_t *left = axis.pixels[0].data(), *right = axis.pixels[1].data();
    const float *of_left = axis.weights[0].data(), *of_right = axis.weights[1].data();
    for (size_t i = 0; i < out.size(); ++i)
      out[i] += weight * (of_left[i] * in[left[i]] + of_right[i] * in[right[i]]);
  } else {
    for (size_t tap = 0; tap < axis.pixels.size(); ++tap)
      for (size_t i = 0; i < out.size(); ++i)
        out[i] += weight * axis.weights[tap][i] * in[axis.pixels[tap][i]];
  }
}

}  // namespace

void resample(const TensorView& in, std::span<const SampledAxis> axes, float fill, const TensorView& out,
              ThreadPool& pool) {
  const int64_t width = out.shape[out.shape.rank() - 1];
  if (out.shape.element_count() == 0) return;
  const Rows rows(in, axes, out.shape);
  const SampledAxis& last = axes.back();
  const int64_t grain = std::max<int64_t>(1, kElementGrain / (width * rows.combinations()));
  pool.parallel_for(out.shape.element_count() / width, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const auto target =
          out.as<float>().subspan(static_cast<size_t>(row * width), static_cast<size_t>(width));
      const Dims position = rows.position(row);
      const bool is_outside = rows.is_outside(position);
      std::ranges::fill(target, is_outside ? fill : 0.0F);
      for (int64_t i = 0; i < rows.combinations() && !is_outside; ++i) {
        const Rows::Part part = rows.part(position, i);
        if (part.weight != 0) add_row(last, in.as<float>().data() + part.offset, part.weight, target);
      }
      for (const int64_t i : last.outside) target[static_cast<size_t>(i)] = fill;
    }
  });
}

}  // namespace ridgeline::kernels::ref
