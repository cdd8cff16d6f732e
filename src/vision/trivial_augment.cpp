#include "vision/trivial_augment.h"

#include <array>
#include <cmath>
#include <utility>

#include "vision/affine.h"
#include "vision/color_ops.h"

namespace ridgeline::vision {
namespace {

constexpr uint64_t kMagnitudes = 31;

struct Space {
  TrivialOp op;
  double first, last;  ///< of evenly spaced magnitudes
  bool has_sign;
};
constexpr std::array<Space, 14> kSpaces = {{{TrivialOp::kIdentity, 0, 0, false},
                                            {TrivialOp::kShearX, 0, 0.99, true},
                                            {TrivialOp::kShearY, 0, 0.99, true},
                                            {TrivialOp::kTranslateX, 0, 32, true},
                                            {TrivialOp::kTranslateY, 0, 32, true},
                                            {TrivialOp::kRotate, 0, 135, true},
                                            {TrivialOp::kBrightness, 0, 0.99, true},
                                            {TrivialOp::kColor, 0, 0.99, true},
                                            {TrivialOp::kContrast, 0, 0.99, true},
                                            {TrivialOp::kSharpness, 0, 0.99, true},
                                            {TrivialOp::kPosterize, 8, 2, false},
                                            {TrivialOp::kSolarize, 255, 0, false},
                                            {TrivialOp::kAutoContrast, 0, 0, false},
                                            {TrivialOp::kEqualize, 0, 0, false}}};

bool is_geometric(TrivialOp op) { return op >= TrivialOp::kShearX && op <= TrivialOp::kRotate; }

AffineMatrix matrix_of(const TrivialDraw& draw, const Image& image) {
  switch (draw.op) {
    case TrivialOp::kShearX:
      return shear_x(draw.magnitude);
    case TrivialOp::kShearY:
      return shear_y(draw.magnitude);
    case TrivialOp::kTranslateX:
      return translation(std::trunc(draw.magnitude), 0);
    case TrivialOp::kTranslateY:
      return translation(0, std::trunc(draw.magnitude));
    default:
      return rotation(draw.magnitude, image.width, image.height);
  }
}

void change_colors(const TrivialDraw& draw, Image& image, Image& scratch) {
  const auto factor = static_cast<float>(1 + draw.magnitude);
  switch (draw.op) {
    case TrivialOp::kBrightness:
      return adjust_brightness(image, factor);
    case TrivialOp::kColor:
      return adjust_saturation(image, factor);
    case TrivialOp::kContrast:
      return adjust_contrast(image, factor);
    case TrivialOp::kSharpness:
      return adjust_sharpness(image, factor, scratch);
    case TrivialOp::kPosterize:
      return posterize(image, static_cast<int>(std::nearbyint(draw.magnitude)));
    case TrivialOp::kSolarize:
      return solarize(image, draw.magnitude);
    case TrivialOp::kAutoContrast:
      return autocontrast(image);
    case TrivialOp::kEqualize:
      return equalize(image);
    default:
      return;
  }
}

}  // namespace

TrivialDraw draw_trivial_augment(Rng& random) {
  const Space& space = kSpaces[random.below(kSpaces.size())];
  const double step = (space.last - space.first) / (kMagnitudes - 1);
  TrivialDraw draw{space.op, space.first + step * static_cast<double>(random.below(kMagnitudes))};
  if (space.has_sign && random.below(2) == 1) draw.magnitude = -draw.magnitude;
  return draw;
}

void apply_trivial_augment(const TrivialDraw& draw, Interpolation interpolation, Image& image,
                           Image& scratch) {
  if (!is_geometric(draw.op)) return change_colors(draw, image, scratch);
  transform_affine(image, matrix_of(draw, image), interpolation, scratch);
  std::swap(image, scratch);
}

}  // namespace ridgeline::vision
