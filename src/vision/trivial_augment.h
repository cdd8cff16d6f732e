#pragma once

#include "base/rng.h"
#include "vision/image.h"
#include "vision/resize.h"

namespace ridgeline::vision {

/// The operations of TrivialAugment in its wide space (Müller and Hutter 2021), in torchvision's order.
enum class TrivialOp {
  kIdentity,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
  kRotate,
  kBrightness,
  kColor,
  kContrast,
  kSharpness,
  kPosterize,
  kSolarize,
  kAutoContrast,
  kEqualize
};

struct TrivialDraw {
  TrivialOp op = TrivialOp::kIdentity;
  double magnitude = 0;  ///< with its sign; of no meaning to the last two and the first
};

/// One operation, one of 31 magnitudes and, where it has one, a sign, each evenly drawn.
TrivialDraw draw_trivial_augment(Rng& random);

/// Applies it; `scratch` is for a second copy of the picture.
void apply_trivial_augment(const TrivialDraw& draw, Interpolation interpolation, Image& image,
                           Image& scratch);

}  // namespace ridgeline::vision
