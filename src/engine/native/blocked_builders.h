#pragma once

#include <span>
#include <vector>

#include "engine/native/step.h"
#include "graph/graph.h"

namespace ridgeline::native {

/// A node that might run on blocked images (kernels/blocked), before its operands have slots. Its one output
/// has two spatial axes.
struct BlockedNode {
  struct Input {
    const ValueType* type = nullptr;  ///< null where absent; its shape is static
    bool in_blocks = false;           ///< so it was made
    bool is_constant = false;
  };

  const Node& node;
  std::span<const Input> inputs;
  const Shape& out;
  const CpuFeatures& cpu;
  int threads;

  bool has(size_t i) const { return i < inputs.size() && inputs[i].type != nullptr; }
  const Shape& shape(size_t i) const { return *inputs[i].type->shape; }
  /// With the output's channels, and in blocks or to be turned.
  bool is_image(size_t i) const;
};

/// One row per operator with kernels for blocked images.
struct BlockedRow {
  std::string_view op;
  /// The inputs that are wanted in blocks, so that the output is made in them; none where the node is better
  /// run on planes.
  std::optional<std::vector<size_t>> (*inputs)(const BlockedNode& node);
  /// The context's slots are physical: images have the shape [batch, blocks, height, width, kBlock].
  Result<Built> (*build)(const BuildContext& context, const BlockedNode& node);
  std::string_view domain{};
};
/// Null for an op without such kernels.
const BlockedRow* find_blocked(const Node& node);

/// The shape of an image's blocks.
Shape blocked_shape(const Shape& image);

/// The step that brings an image from one form to the other.
Built build_turn(const Shape& image, size_t in, size_t out, bool to_blocks);

}  // namespace ridgeline::native
