#pragma once

#include "engine/native/blocked_builders.h"

namespace ridgeline::native {

/// Null for an op without kernels for images of bytes in lines (kernels/bytes).
const BlockedRow* find_byte_row(const Node& node);

/// Layers on bytes that lie as ONNX has them, by the kernels for lines; null for other ops.
const BuilderRow* find_byte_builder(const Node& node);

/// The shape of the lines of an image of bytes.
Shape byte_shape(const Shape& image);

/// The step that brings an image of bytes from planes to lines or back.
Built build_byte_turn(const ValueType& image, size_t in, size_t out, bool to_lines);

}  // namespace ridgeline::native
