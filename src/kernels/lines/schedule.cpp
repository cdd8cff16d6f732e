#include "kernels/lines/schedule.h"

#include <algorithm>

#include "kernels/lines/dot.h"

namespace ridgeline::kernels::lines {
namespace {

/// A second-level cache holds copied inputs beside the weights of some panels.
constexpr int64_t kPatchBytes = int64_t{384} << 10;
constexpr int64_t kFewestPositions = 128;  ///< of a band that is cut further for the sake of threads
constexpr int64_t kTasksPerThread = 4;

bool is_pointwise(const Window& w) {
  return volume(w.kernel) == 1 && volume(w.stride) == 1 && w.pad == Size3{0, 0, 0};
}

}  // namespace

Schedule::Schedule(const LineConvDesc& desc)
    : window(desc.conv.window),
      planes(takes_planes(desc)),
      in_place(!planes && is_pointwise(desc.conv.window)),
      parts(parts_of(desc.numbers)),
      inputs(planes ? 1 : blocks_of(desc.conv.in_channels)),
      taps(window.kernel[1] *
           (planes ? ceil_div(window.kernel[2], PixelPatch::kTapsOfLine) : window.kernel[2])),
      panels(blocks_of(desc.conv.out_channels)),
      rows(window.out[1]),
      images(1) {
  while (!in_place && patch_bytes() > kPatchBytes && rows > 1) rows = ceil_div(rows, int64_t{2});
  const int64_t weight_bytes = panels * inputs * taps * parts * kPanelTiles * kTileBytes;
  if (rows == window.out[1]) images = std::clamp<int64_t>(kPatchBytes / patch_bytes(), 1, desc.conv.batch);
  const auto count = [&] {
    bands = ceil_div(window.out[1], rows);
    image_groups = ceil_div(desc.conv.batch, images);
    return tasks();
  };
  const int64_t wanted = desc.conv.threads > 1 ? kTasksPerThread * desc.conv.threads : 1;
  while (count() < wanted) {
    const bool can_cut = rows * window.out[2] >= 2 * kFewestPositions && rows > 1;
    const bool costs_less = weight_bytes / groups > images * patch_bytes();
    if (groups < panels && (costs_less || !can_cut))
      groups = std::min(panels, groups * 2);
    else if (images > 1)
      images = ceil_div(images, int64_t{2});
    else if (can_cut)
      rows = ceil_div(rows, int64_t{2});
    else
      break;
  }
}

int64_t Schedule::pitch() const {
  if (in_place) return window.out[2];
  return planes ? pixel_patch().pitch() : line_patch().pitch();
}

int64_t Schedule::step_bytes() const { return planes ? pixel_patch().step_bytes() : kLineBytes; }

int64_t Schedule::offset_of(int64_t tap) const {
  if (in_place) return 0;
  const int64_t across = taps / window.kernel[1];
  if (planes) return pixel_patch().offset_of(tap / across, tap % across);
  return line_patch().offset_of(tap / across, tap % across) * kLineBytes;
}

int64_t Schedule::input_bytes() const {
  if (planes) return pixel_patch().bytes();
  if (in_place) return volume(window.in) * kLineBytes;
  return line_patch().lines() * kLineBytes;
}

int64_t Schedule::patch_bytes() const {
  return ceil_div(inputs * parts * input_bytes(), kLineBytes) * kLineBytes;
}

}  // namespace ridgeline::kernels::lines
