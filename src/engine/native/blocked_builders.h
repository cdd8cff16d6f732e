#pragma once

#include <span>
#include <vector>

#include "engine/native/pixel_source.h"
#include "engine/native/step.h"
#include "graph/graph.h"
#include "kernels/lines/line.h"

namespace ridgeline::native {

/// How a value lies: as ONNX has it, or an image in FP32 blocks (kernels/blocked), in lines of narrower
/// numbers (kernels/lines), in lines of bytes (kernels/bytes), or as the pixels that it is made of
/// (PixelSource).
enum class Form { kPlanes, kBlocks, kLines, kBytes, kPixels };
constexpr size_t kForms = 5;

/// A node that might run on images in blocks or lines, before its operands have slots. Its one output has two
/// spatial axes.
struct BlockedNode {
  struct Input {
    const ValueType* type = nullptr;  ///< null where absent; its shape is static
    bool in_blocks = false;           ///< or in lines, which turn into blocks at little cost
    bool in_lines = false;
    bool in_bytes = false;
    const std::byte* data = nullptr;      ///< of a constant
    const PixelSource* pixels = nullptr;  ///< where it can be read as bytes; for build(), where it is

    bool is_constant() const { return data != nullptr; }
  };

  const Node& node;
  std::span<const Input> inputs;
  const Shape& out;
  DType out_type;
  const CpuFeatures& cpu;
  int threads;
  kernels::lines::Numbers numbers{};  ///< of lines

  bool has(size_t i) const { return i < inputs.size() && inputs[i].type != nullptr; }
  const Shape& shape(size_t i) const { return *inputs[i].type->shape; }
  /// With the output's channels, and in blocks or to be turned.
  bool is_image(size_t i) const;
  /// Which of two inputs has a number for each channel of the other, an image in blocks or lines of the
  /// output's shape; none where neither has.
  std::optional<size_t> channel_factor() const;
};

/// One row per operator with kernels for images in one form.
struct BlockedRow {
  std::string_view op;
  /// The inputs that are wanted in that form, so that the output is made in it; none where the node is better
  /// run in another.
  std::optional<std::vector<size_t>> (*inputs)(const BlockedNode& node);
  /// The context's slots are physical: images in blocks have the shape [batch, blocks, height, width,
  /// kBlock].
  Result<Built> (*build)(const BuildContext& context, const BlockedNode& node);
  std::string_view domain{};
  /// Whether input 0 is read from its pixels, where there are any; null: never.
  bool (*takes_pixels)(const BlockedNode& node) = nullptr;
  /// All of them images in that form; else a node with several is not taken.
  bool leaves_several = false;
};
/// Null for an op without such kernels.
const BlockedRow* find_blocked(const Node& node);

/// The shape of an image's blocks.
Shape blocked_shape(const Shape& image);

/// The step that brings an image from planes to blocks or back.
Built build_turn(const Shape& image, size_t in, size_t out, bool to_blocks);

}  // namespace ridgeline::native
