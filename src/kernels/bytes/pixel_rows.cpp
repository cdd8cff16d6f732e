#include "kernels/bytes/pixel_rows.h"

#include <algorithm>
#include <cstring>

namespace ridgeline::kernels::bytes {

void fill_pixels(const ByteKernels& kernels, const lines::PixelPatch& patch, const Window& window,
                 const PlaneImage& image, const lines::Band& band, std::byte* to) {
  std::memset(to, image.zero, static_cast<size_t>(patch.bytes()));
  const Range inside = patch.columns();
  patch.for_each_row(band, [&](int64_t first_row, int64_t pixel) {
    PlaneRows rows{.count = inside.end - inside.begin,
                   .flip = image.flip,
                   .zero = image.zero,
                   .to = reinterpret_cast<uint8_t*>(to) + pixel * lines::PixelPatch::kPixelBytes};
    for (const int64_t half : {0, 1}) {
      const int64_t row = first_row + half * window.dilation[1] / 2;
      if (row < 0 || row >= window.in[1]) continue;
      for (int64_t channel = 0; channel < image.channels; ++channel)
        rows.rows[half][channel] =
            image.planes + (channel * window.in[1] + row) * window.in[2] + inside.begin - window.pad[2];
    }
    kernels.to_pixels(rows);
  });
}

void fill_pixels(const ByteKernels& kernels, const lines::PixelPatch& patch, const Window& window,
                 const LevelImage& image, const lines::Band& band, std::byte* to) {
  constexpr int64_t kTogether = 128;
  const pixels::PixelImage& bytes = image.image;
  std::memset(to, image.zero, static_cast<size_t>(patch.bytes()));
  const Range inside = patch.columns();
  patch.for_each_row(band, [&](int64_t first_row, int64_t pixel) {
    for (int64_t done = 0; done < inside.end - inside.begin; done += kTogether) {
      PlaneRows rows{.count = std::min(kTogether, inside.end - inside.begin - done),
                     .flip = image.flip,
                     .zero = image.zero,
                     .to = reinterpret_cast<uint8_t*>(to) + (pixel + done) * lines::PixelPatch::kPixelBytes};
      uint8_t steps[2][lines::PixelPatch::kChannels][kTogether];
      for (const int64_t half : {0, 1}) {
        const int64_t row = first_row + half * window.dilation[1] / 2;
        if (row < 0 || row >= window.in[1]) continue;
        const uint8_t* const from =
            image.levels + row * bytes.row_bytes + (inside.begin - window.pad[2] + done) * bytes.pixel_bytes;
        pixels::to_steps(bytes, {from, rows.count, steps[half][0], kTogether});
        for (int64_t channel = 0; channel < bytes.channels; ++channel)
          rows.rows[half][channel] = steps[half][channel];
      }
      kernels.to_pixels(rows);
    }
  });
}

}  // namespace ridgeline::kernels::bytes
