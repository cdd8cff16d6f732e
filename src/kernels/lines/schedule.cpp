#include "kernels/lines/schedule.h"

#include <algorithm>

namespace ridgeline::kernels::lines {
namespace {

/// A second-level cache holds copied inputs beside the weights of some panels.
constexpr int64_t kPatchBytes = int64_t{384} << 10;
constexpr int64_t kFewestPositions = 128;  ///< of a band that is cut further for the sake of threads
constexpr int64_t kTasksPerThread = 4;
constexpr int64_t kCutPositions = 14;  ///< whose sums stay in registers

bool is_pointwise(const Window& w) {
  return volume(w.kernel) == 1 && volume(w.stride) == 1 && w.pad == Size3{0, 0, 0};
}

/// Where each pixel counts and has its line, rows may end anywhere: each has one.
Window in_rows_of_one(Window window) {
  window.in = {1, volume(window.in), 1};
  window.out = window.in;
  return window;
}

/// Of pixels whose window's columns take several lines, all.
int64_t last_rows_of(const LineLayer& layer) {
  constexpr int64_t kTermBytes = kLineBytes / kTermRows;
  if (layer.planes)
    return ceil_div(std::min(layer.window.kernel[2], layer.pixels.taps_of_line) * layer.pixels.bytes,
                    kTermBytes);
  const int64_t channels = layer.panels_of_output * kPanelColumns;  // of a line, inputs being as results
  return ceil_div(layer.conv.in_channels - (layer.inputs - 1) * channels, channels * kTermBytes / kLineBytes);
}

}  // namespace

Schedule::Schedule(const LineLayer& layer)
    : planes(layer.planes),
      pixels(layer.pixels),
      in_place(!planes && is_pointwise(layer.window)),
      window(in_place ? in_rows_of_one(layer.window) : layer.window),
      parts(layer.parts),
      inputs(layer.inputs),
      taps(window.kernel[1] * (planes ? ceil_div(window.kernel[2], pixels.taps_of_line) : window.kernel[2])),
      last_rows(last_rows_of(layer)),
      outputs(layer.outputs),
      panels_of_output(layer.panels_of_output),
      out_channels(layer.conv.out_channels),
      batch(layer.conv.batch),
      threads(layer.conv.threads),
      rows(window.out[1]),
      images(1) {
  while (!in_place && patch_bytes() > kPatchBytes && rows > 1) rows = ceil_div(rows, int64_t{2});
  if (rows == window.out[1])
    images = std::clamp<int64_t>(kPatchBytes / std::max(patch_bytes(), kLineBytes), 1, batch);
  const auto count = [&] {
    bands = ceil_div(window.out[1], rows);
    image_groups = ceil_div(batch, images);
    return tasks();
  };
  const int64_t wanted = threads > 1 ? kTasksPerThread * threads : 1;
  while (count() < wanted) {
    const bool can_cut = rows * window.out[2] >= 2 * kFewestPositions && rows > 1;
    const bool costs_less = static_cast<int64_t>(weight_bytes()) / groups > images * patch_bytes();
    if (groups < outputs && (costs_less || !can_cut))
      groups = std::min(outputs, groups * 2);
    else if (images > 1)
      images = ceil_div(images, int64_t{2});
    else if (can_cut)
      rows = ceil_div(rows, int64_t{2});
    else
      break;
  }
  if (in_place && threads > 1 && tasks() > 0) even_out();
  rows = ceil_div(window.out[1], bands);
}

/// Where lines of output channels are few, or the last one is half empty, some threads would wait: 96
/// channels are lines of 64 and 32.
void Schedule::even_out() {
  const int64_t even = ceil_div(image_groups * window.out[1] * tiles_before(groups), int64_t{threads});
  const int64_t groups_before = groups;
  int64_t best = longest_share() * 15 / 16;  // what is won by less is lost by reading weights again
  Schedule other = *this;
  for (other.bands = 1; best > even && window.out[1] >= other.bands * kCutPositions; other.bands *= 2)
    for (const int64_t by_groups : {groups_before, std::min(outputs, int64_t{2}), int64_t{1}}) {
      other.groups = by_groups;
      const int64_t share = other.longest_share();
      if (share >= best) continue;
      best = share;
      bands = other.bands;
      groups = other.groups;
    }
}

int64_t Schedule::longest_share() const {
  const int64_t of_group = image_groups * bands;
  const auto before = [&](int64_t task) {
    const int64_t group = task / of_group, bands_before = task % of_group;
    const int64_t rows_before = bands_before / bands * window.out[1] + first_row(bands_before % bands);
    const int64_t first = tiles_before(group);
    return first * image_groups * window.out[1] + (tiles_before(group + 1) - first) * rows_before;
  };
  int64_t longest = 0, done = 0;
  for (int64_t thread = 1; thread <= threads; ++thread) {
    const int64_t end = before(part_begin(tasks(), threads, thread));
    longest = std::max(longest, end - done);
    done = end;
  }
  return longest;
}

int64_t Schedule::tiles_before(int64_t group) const {
  return std::min(first_panel(group) * kPanelTiles, ceil_div(out_channels, kColumns));
}

int64_t Schedule::tiles_of(int64_t panel) const {
  return std::min(kPanelTiles, ceil_div(out_channels - panel * kPanelColumns, kColumns));
}

size_t Schedule::scratch_bytes() const {
  if (in_place) return 0;
  return static_cast<size_t>((shares_patches() ? batch * bands : threads * images) * patch_bytes());
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
