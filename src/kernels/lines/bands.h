#pragma once

#include <algorithm>
#include <array>

#include "base/thread_pool.h"
#include "kernels/lines/schedule.h"

namespace ridgeline::kernels::lines {

constexpr int64_t kMostTaps = 512;

/// A panel of a band of an image.
struct Part {
  int64_t image;
  Band band;
  int64_t panel;
  const std::byte* patch;
  bool fetches_next;  ///< the weights of the next panel
};

/// Takes all tasks of a schedule through a layer, which has fill(image, band, piece, patch), in_place(image,
/// band), whose lines stand for a patch, and multiply(part).
class Bands {
 public:
  Bands(const Schedule& schedule, void* scratch)
      : schedule_(schedule),
        scratch_(static_cast<std::byte*>(scratch)),
        streams_weights_(static_cast<int64_t>(schedule.weight_bytes()) > kCachedWeightBytes) {}

  template <typename Layer>
  void run(const Layer& layer, ThreadPool& pool) const {
    if (schedule_.shares_patches()) fill_shared(layer, pool);
    pool.parallel_for(schedule_.tasks(), 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t i = begin; i < end; ++i) compute(layer, i, thread);
    });
  }

 private:
  /// Weights that stay in a second-level cache once they were read.
  static constexpr int64_t kCachedWeightBytes = int64_t{1} << 20;

  template <typename Layer>
  void fill_shared(const Layer& layer, ThreadPool& pool) const {
    const int64_t pieces = schedule_.patch_pieces();
    pool.parallel_for(schedule_.batch * schedule_.bands * pieces, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t patch = i / pieces;
        layer.fill(patch / schedule_.bands, band_at(patch % schedule_.bands), i % pieces, patch_at(patch));
      }
    });
  }

  Band band_at(int64_t index) const {
    const int64_t row = schedule_.first_row(index);
    return {.row = row, .rows = schedule_.first_row(index + 1) - row};
  }

  std::byte* patch_at(int64_t index) const { return scratch_ + index * schedule_.patch_bytes(); }

  /// Tasks with the same weights follow each other.
  template <typename Layer>
  void compute(const Layer& layer, int64_t task, int thread) const {
    const int64_t band = task % schedule_.bands, rest = task / schedule_.bands;
    const int64_t first = rest % schedule_.image_groups * schedule_.images;
    const int64_t end = std::min(schedule_.batch, first + schedule_.images);
    const int64_t group = rest / schedule_.image_groups;
    const auto patch_of = [&](int64_t image) {
      return patch_at(schedule_.shares_patches() ? image * schedule_.bands + band
                                                 : thread * schedule_.images + image - first);
    };
    const Band own = band_at(band);
    if (!schedule_.in_place && !schedule_.shares_patches())
      for (int64_t image = first; image < end; ++image)
        for (int64_t piece = 0; piece < schedule_.patch_pieces(); ++piece)
          layer.fill(image, own, piece, patch_of(image));
    const int64_t end_panel = schedule_.first_panel(group + 1);
    const bool is_last_of_group =
        band + 1 == schedule_.bands && end == schedule_.batch;  // a thread goes on with the next
    const int64_t end_fetched = is_last_of_group ? schedule_.panels() : end_panel;
    for (int64_t panel = schedule_.first_panel(group); panel < end_panel; ++panel)
      for (int64_t image = first; image < end && schedule_.tiles_of(panel) > 0; ++image)
        layer.multiply({.image = image,
                        .band = own,
                        .panel = panel,
                        .patch = schedule_.in_place ? layer.in_place(image, own) : patch_of(image),
                        .fetches_next = streams_weights_ && image + 1 == end && panel + 1 < end_fetched});
  }

  const Schedule& schedule_;
  std::byte* scratch_;
  bool streams_weights_;
};

/// Where a schedule has a patch's numbers.
struct TapLayout {
  explicit TapLayout(const Schedule& schedule)
      : pitch(schedule.pitch()), step_bytes(schedule.step_bytes()), input_bytes(schedule.input_bytes()) {
    for (int64_t tap = 0; tap < schedule.taps; ++tap)
      offsets[static_cast<size_t>(tap)] = schedule.offset_of(tap);
  }

  int64_t pitch, step_bytes, input_bytes;
  std::array<int64_t, kMostTaps> offsets;
};

/// The products of a part, but for its weights.
inline TapProducts products_of(const Schedule& schedule, const TapLayout& taps, const Part& part) {
  const int64_t columns = schedule.window.out[2];
  const int64_t positions = part.band.rows * taps.pitch - (taps.pitch - columns);
  const bool is_one_row = taps.pitch == columns;
  return {.positions = positions,
          .a = part.patch,
          .a_step = taps.step_bytes,
          .a_part = taps.input_bytes,
          .input_step = schedule.parts * taps.input_bytes,
          .taps = taps.offsets.data(),
          .tap_count = schedule.taps,
          .inputs = schedule.inputs,
          .last_rows = schedule.last_rows,
          .tiles = schedule.tiles_of(part.panel),
          .rows = is_one_row ? Rows{positions, positions, positions} : Rows{taps.pitch, columns, columns}};
}

/// Gives products the weights of a part and, if they are to be fetched, of the next.
inline void set_weights(TapProducts& products, const Schedule& schedule, const Part& part,
                        const void* weights) {
  products.b = static_cast<const std::byte*>(weights) + part.panel * schedule.panel_bytes();
  if (!part.fetches_next) return;
  products.ahead = products.b + schedule.panel_bytes();
  products.ahead_bytes = schedule.panel_bytes(schedule.tiles_of(part.panel + 1));
}

}  // namespace ridgeline::kernels::lines
