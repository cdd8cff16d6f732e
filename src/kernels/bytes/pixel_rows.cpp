#include "kernels/bytes/pixel_rows.h"

#include <algorithm>
#include <cstring>

namespace ridgeline::kernels::bytes {
namespace {

/// Fills a row's pixels inside of the image, once both its rows' steps are known.
class PixelWriter {
 public:
  PixelWriter(const ByteKernels& kernels, const PixelPlace& place, int64_t channels, uint8_t* to)
      : write_(place.pixels == Pixels::kDense ? kernels.to_dense_pixels : kernels.to_pixels),
        bytes_(layout_of(place.pixels, channels).bytes),
        to_(to) {}

  /// From the patch's `pixel` on.
  void write(PlaneRows rows, int64_t pixel) const {
    rows.to = to_ + pixel * bytes_;
    write_(rows);
  }

 private:
  void (*write_)(const PlaneRows& rows);
  int64_t bytes_;
  uint8_t* to_;
};

/// body(half of a pixel, its row of the image) for those inside of the image.
template <typename Body>
void for_each_half(const PixelPlace& place, int64_t first_row, const Body& body) {
  const int64_t halves = place.pixels == Pixels::kPaired ? 2 : 1;
  for (int64_t half = 0; half < halves; ++half)
    if (const int64_t row = first_row + half * place.window.dilation[1] / 2;
        row >= 0 && row < place.window.in[1])
      body(half, row);
}

}  // namespace

void fill_pixels(const ByteKernels& kernels, const PixelPlace& place, const PlaneImage& image,
                 const lines::Band& band, std::byte* to) {
  const auto& [pixels, patch, window] = place;
  std::memset(to, image.zero, static_cast<size_t>(patch.bytes()));
  const Range inside = patch.columns();
  const PixelWriter writer(kernels, place, image.channels, reinterpret_cast<uint8_t*>(to));
  patch.for_each_row(band, [&](int64_t first_row, int64_t pixel) {
    PlaneRows rows{.channels = image.channels,
                   .count = inside.end - inside.begin,
                   .flip = image.flip,
                   .zero = image.zero};
    for_each_half(place, first_row, [&](int64_t half, int64_t row) {
      for (int64_t channel = 0; channel < image.channels; ++channel)
        rows.rows[half][channel] =
            image.planes + (channel * window.in[1] + row) * window.in[2] + inside.begin - window.pad[2];
    });
    if (rows.has_any()) writer.write(rows, pixel);
  });
}

void fill_pixels(const ByteKernels& kernels, const PixelPlace& place, const LevelImage& image,
                 const lines::Band& band, std::byte* to) {
  constexpr int64_t kTogether = 128;
  const auto& [pixels, patch, window] = place;
  const pixels::PixelImage& bytes = image.image;
  std::memset(to, image.zero, static_cast<size_t>(patch.bytes()));
  const Range inside = patch.columns();
  const PixelWriter writer(kernels, place, bytes.channels, reinterpret_cast<uint8_t*>(to));
  patch.for_each_row(band, [&](int64_t first_row, int64_t pixel) {
    for (int64_t done = 0; done < inside.end - inside.begin; done += kTogether) {
      PlaneRows rows{.channels = bytes.channels,
                     .count = std::min(kTogether, inside.end - inside.begin - done),
                     .flip = image.flip,
                     .zero = image.zero};
      uint8_t steps[2][lines::PixelPatch::kChannels][kTogether];
      for_each_half(place, first_row, [&](int64_t half, int64_t row) {
        const uint8_t* const from =
            image.levels + row * bytes.row_bytes + (inside.begin - window.pad[2] + done) * bytes.pixel_bytes;
        pixels::to_steps(bytes, {from, rows.count, steps[half][0], kTogether});
        for (int64_t channel = 0; channel < bytes.channels; ++channel)
          rows.rows[half][channel] = steps[half][channel];
      });
      if (rows.has_any()) writer.write(rows, pixel + done);
    }
  });
}

}  // namespace ridgeline::kernels::bytes
