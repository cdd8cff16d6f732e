#pragma once

#include <span>

#include "base/rng.h"
#include "tensor/tensor.h"
#include "vision/augment.h"
#include "vision/preprocess.h"

namespace ridgeline::vision {

/// N × classes probabilities: 1 - smoothing at each label, and smoothing spread evenly over all classes.
void fill_targets(std::span<const int64_t> labels, double smoothing, const TensorView& targets);

/// Blends each image with the one before it in the batch (the first with the last), or puts a patch of that
/// one over it, as torchvision's MixUp and CutMix; targets follow by the same share. Nothing happens without
/// an alpha.
void mix_batch(const Augmentation& how, Layout layout, Rng& random, const TensorView& images,
               const TensorView& targets);

/// A draw from Beta(alpha, alpha).
double draw_beta(double alpha, Rng& random);

}  // namespace ridgeline::vision
