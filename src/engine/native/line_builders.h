#pragma once

#include <optional>

#include "engine/engine.h"
#include "engine/native/blocked_builders.h"

namespace ridgeline::native {

/// What images in lines hold at a precision; none where there are no such images.
std::optional<kernels::lines::Numbers> numbers_of(Precision precision);

/// Null for an op without kernels for images in lines.
const BlockedRow* find_lined(const Node& node);

/// The shape of an image's lines, of BF16.
Shape lined_shape(const Shape& image, kernels::lines::Numbers numbers);

/// Which of the two forms a turn leads to, and what its lines hold.
struct LineTurnStep {
  bool to_lines = true;
  kernels::lines::Numbers numbers{};
};
/// The step that brings an image from blocks to lines or back.
Built build_line_turn(const Shape& image, size_t in, size_t out, const LineTurnStep& turn,
                      const CpuFeatures& cpu);

}  // namespace ridgeline::native
