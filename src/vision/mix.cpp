#include "vision/mix.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "tensor/element.h"

namespace ridgeline::vision {
namespace {

/// Marsaglia and Tsang's method (2000), with their step for shapes below 1.
double draw_gamma(double shape, Rng& random) {
  if (shape < 1) return draw_gamma(shape + 1, random) * std::pow(1 - random.uniform(), 1 / shape);
  const double d = shape - 1.0 / 3.0;
  const double c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.normal();
    const double v = std::pow(1 + c * x, 3);
    if (v <= 0) continue;
    if (std::log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
  }
}

/// Calls blend(image, partner) for each image and the one before it as it was, the first one and the last.
template <typename T, typename Blend>
void with_partners(std::span<T> images, size_t count, const Blend& blend) {
  const size_t size = images.size() / count;
  const std::vector<T> last(images.end() - static_cast<std::ptrdiff_t>(size), images.end());
  for (size_t i = count; i-- > 0;) {
    const T* partner = i == 0 ? last.data() : &images[(i - 1) * size];
    blend(&images[i * size], partner);
  }
}

template <typename T>
void blend_whole(std::span<T> values, size_t count, float share) {
  with_partners(values, count, [&](T* image, const T* partner) {
    for (size_t i = 0; i < values.size() / count; ++i)
      image[i] = T(share * static_cast<float>(image[i]) + (1 - share) * static_cast<float>(partner[i]));
  });
}

struct Patch {
  int64_t left, top, right, bottom;
};

/// The patch's share of the area is about 1 - share; its centre is anywhere, so borders cut it.
Patch draw_patch(double share, int64_t width, int64_t height, Rng& random) {
  const auto x = static_cast<int64_t>(random.below(static_cast<uint64_t>(width)));
  const auto y = static_cast<int64_t>(random.below(static_cast<uint64_t>(height)));
  const double half = 0.5 * std::sqrt(1 - share);
  const auto half_width = static_cast<int64_t>(half * static_cast<double>(width));
  const auto half_height = static_cast<int64_t>(half * static_cast<double>(height));
  return {std::max<int64_t>(x - half_width, 0), std::max<int64_t>(y - half_height, 0),
          std::min(x + half_width, width), std::min(y + half_height, height)};
}

template <typename T>
void paste_patches(const TensorView& images, Layout layout, const Patch& patch) {
  const bool planar = layout == Layout::kNchw;
  const int64_t height = images.shape[planar ? 2 : 1];
  const int64_t width = images.shape[planar ? 3 : 2];
  const int64_t planes = planar ? 3 : 1;
  const int64_t step = planar ? 1 : 3;
  with_partners(images.as<T>(), static_cast<size_t>(images.shape[0]), [&](T* image, const T* partner) {
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t y = patch.top; y < patch.bottom; ++y) {
        const int64_t row = (plane * height + y) * width;
        std::copy(partner + (row + patch.left) * step, partner + (row + patch.right) * step,
                  image + (row + patch.left) * step);
      }
  });
}

}  // namespace

double draw_beta(double alpha, Rng& random) {
  const double a = draw_gamma(alpha, random);
  const double b = draw_gamma(alpha, random);
  return a + b > 0 ? a / (a + b) : 0.5;
}

void fill_targets(std::span<const int64_t> labels, double smoothing, const TensorView& targets) {
  const std::span<float> values = targets.as<float>();
  const size_t classes = static_cast<size_t>(targets.shape[1]);
  const auto spread = static_cast<float>(smoothing / static_cast<double>(classes));
  std::fill(values.begin(), values.end(), spread);
  for (size_t i = 0; i < labels.size(); ++i)
    values[i * classes + static_cast<size_t>(labels[i])] = static_cast<float>(1 - smoothing) + spread;
}

void mix_batch(const Augmentation& how, Layout layout, Rng& random, const TensorView& images,
               const TensorView& targets) {
  const bool both = how.mixup_alpha > 0 && how.cutmix_alpha > 0;
  const bool cut = both ? random.uniform() < 0.5 : how.cutmix_alpha > 0;
  const double alpha = cut ? how.cutmix_alpha : how.mixup_alpha;
  if (alpha <= 0) return;
  const bool planar = layout == Layout::kNchw;
  const bool full = images.dtype == DType::kF32;
  const auto count = static_cast<size_t>(images.shape[0]);
  double share = draw_beta(alpha, random);
  if (cut) {
    const int64_t height = images.shape[planar ? 2 : 1];
    const int64_t width = images.shape[planar ? 3 : 2];
    const Patch patch = draw_patch(share, width, height, random);
    full ? paste_patches<float>(images, layout, patch) : paste_patches<BF16>(images, layout, patch);
    const auto area = static_cast<double>((patch.right - patch.left) * (patch.bottom - patch.top));
    share = 1 - area / static_cast<double>(width * height);
  } else {
    const auto weight = static_cast<float>(share);
    full ? blend_whole(images.as<float>(), count, weight) : blend_whole(images.as<BF16>(), count, weight);
  }
  blend_whole(targets.as<float>(), count, static_cast<float>(share));
}

}  // namespace ridgeline::vision
