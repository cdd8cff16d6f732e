#pragma once

#include "engine/native/blocked_builders.h"

/// Concat, Split and Slice along the channels of images in blocks.
namespace ridgeline::native {

std::optional<std::vector<size_t>> concat_inputs(const BlockedNode& node);
Result<Built> concat_channels(const BuildContext& context, const BlockedNode& node);

std::optional<std::vector<size_t>> split_inputs(const BlockedNode& node);
Result<Built> split_channels(const BuildContext& context, const BlockedNode& node);

std::optional<std::vector<size_t>> slice_inputs(const BlockedNode& node);
Result<Built> slice_channels(const BuildContext& context, const BlockedNode& node);

}  // namespace ridgeline::native
