#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace ridgeline::zoo {

struct ZooOptions {
  int64_t num_classes = 0;  ///< 0: 1000 of a classifier, 21 of ssd_head, 2 of unet
  int64_t image_size = 224;
  /// When positive: a linear projection of the logits to this many values, input named INPUT_IMAGE, output
  /// OUTPUT_PROJECTION.
  int64_t projection = 0;
  bool dynamic_size = false;  ///< height and width are free, not only the batch
  uint64_t seed = 1;          ///< of the weights
  bool zero_weights = false;  ///< none are drawn: they will come from elsewhere
};

/// How many blocks each of the four stages has, and whether they are bottlenecks (1×1, 3×3 with the stride,
/// 1×1 to four times the width).
struct ResNetSpec {
  std::string_view name;
  std::array<int, 4> blocks;
  bool bottleneck;
};
/// The zoo's ResNets.
std::span<const ResNetSpec> resnets();

/// Boxes at each place of each level of ssd_head.
inline constexpr int64_t kSsdAnchors = 6;

/// "lenet", "resnet18", …
std::vector<std::string> names();

/// A model with seeded random weights: Kaiming-normal convolutions as torchvision initialises them, plausible
/// batch-norm statistics. Parameters have torchvision's names, nodes their module paths, the batch is
/// dynamic. kNotFound lists the names.
Result<Graph> make(std::string_view name, const ZooOptions& options);

}  // namespace ridgeline::zoo
