#include "kernels/lines/patch.h"

#include <algorithm>
#include <cstring>

namespace ridgeline::kernels::lines {
namespace {

/// Columns of padding that lie both at the end of each row and at the beginning of the next.
int64_t shared_padding(const Window& w, const PhasedAxis& horizontal) {
  if (w.stride[2] != 1) return 0;
  const int64_t behind = w.out[2] + horizontal.reach - w.pad[2] - w.in[2];
  return std::clamp<int64_t>(behind, 0, std::min(w.pad[2], horizontal.reach));
}

/// Where positions without results are few enough to be computed.
bool shares_columns(const Window& w) {
  constexpr int64_t kFewInResults = 20;
  const PhasedAxis horizontal(w, 2);
  return (horizontal.reach - shared_padding(w, horizontal)) * kFewInResults <= w.out[2];
}

}  // namespace

PhasedAxis::PhasedAxis(const Window& window, size_t axis, bool shares_phases)
    : shares(shares_phases),
      stride(window.stride[axis]),
      dilation(window.dilation[axis]),
      phases(1),
      reach(index_of(window.kernel[axis] - 1)) {
  for (int64_t tap = 0; tap < window.kernel[axis]; ++tap) phases = std::max(phases, phase_of(tap) + 1);
}

LinePatch::LinePatch(const Window& window, int64_t most_rows)
    : window_(window),
      vertical_(window, 1),
      horizontal_(window, 2, shares_columns(window)),
      shared_(shared_padding(window, horizontal_)),
      pitch_(window.out[2] + horizontal_.reach - shared_),
      rows_(most_rows + vertical_.reach) {}

int64_t LinePatch::offset_of(int64_t kh, int64_t kw) const {
  const int64_t phase = vertical_.phase_of(kh) * horizontal_.phases + horizontal_.phase_of(kw);
  return phase * phase_lines() + vertical_.index_of(kh) * pitch_ + horizontal_.index_of(kw);
}

void LinePatch::fill(const Line* plane, const Line& padding, const Band& band, Line* patch) const {
  const int64_t rows = band.rows + vertical_.reach;
  for (int64_t py = 0; py < vertical_.phases; ++py)
    for (int64_t px = 0; px < horizontal_.phases; ++px, patch += phase_lines())
      for (int64_t y = 0; y < rows; ++y) {
        const int64_t row = (band.row + y) * vertical_.stride + py - window_.pad[1];
        const int64_t count = y + 1 < rows ? pitch_ : pitch_ + shared_;
        if (row < 0 || row >= window_.in[1])
          std::fill_n(patch + y * pitch_, count, padding);
        else
          fill_row(plane + row * window_.in[2], padding,
                   {horizontal_.first_of(px) - window_.pad[2], count, patch + y * pitch_});
      }
}

/// Every stride-th line of an input's row.
void LinePatch::fill_row(const Line* row, const Line& padding, const Row& place) const {
  const auto& [column, count, to] = place;
  const int64_t stride = horizontal_.stride;
  const int64_t begin = std::clamp<int64_t>(ceil_div(-column, stride), 0, count);
  const int64_t end = std::clamp(ceil_div(window_.in[2] - column, stride), begin, count);
  std::fill_n(to, begin, padding);
  for (int64_t i = begin; i < end; ++i) to[i] = row[column + i * stride];
  std::fill(to + end, to + count, padding);
}

PixelPatch::PixelPatch(const Window& window, PixelLayout layout, int64_t most_rows)
    : window_(window),
      layout_(layout),
      vertical_(window, 1),
      horizontal_(window, 2),
      pitch_(ceil_div((window.out[2] - 1) * horizontal_.stride + window.kernel[2], horizontal_.stride)),
      rows_(most_rows + vertical_.reach) {}

int64_t PixelPatch::offset_of(int64_t kh, int64_t chunk) const {
  const int64_t row = vertical_.phase_of(kh) * rows_ + vertical_.index_of(kh);
  return (row * row_pixels() + chunk * layout_.taps_of_line) * layout_.bytes;
}

Range PixelPatch::columns() const {
  const int64_t begin = std::min(window_.pad[2], row_pixels());
  return {begin, std::clamp(window_.in[2] + window_.pad[2], begin, row_pixels())};
}

void PixelPatch::for_each_row(const Band& band, FunctionRef<void(int64_t row, int64_t pixel)> body) const {
  for (int64_t py = 0; py < vertical_.phases; ++py)
    for (int64_t y = 0; y < band.rows + vertical_.reach; ++y)
      body((band.row + y) * vertical_.stride + py - window_.pad[1],
           (py * rows_ + y) * row_pixels() + columns().begin);
}

void PixelPatch::fill(const LineKernels& kernels, const PlaneImage& image, const Band& band,
                      std::byte* patch) const {
  std::memset(patch, 0, static_cast<size_t>(parts_of(image.numbers) * bytes()));
  const Range inside = columns();
  for_each_row(band, [&](int64_t row, int64_t pixel) {
    if (row < 0 || row >= window_.in[1]) return;
    PlanePixels pixels{.count = inside.end - inside.begin};
    for (int64_t channel = 0; channel < image.channels; ++channel)
      pixels.planes[channel] =
          image.planes + (channel * window_.in[1] + row) * window_.in[2] + inside.begin - window_.pad[2];
    pixels.hi = reinterpret_cast<uint16_t*>(patch) + pixel * kChannels;
    pixels.lo = pixels.hi + bytes() / 2;
    kernels.to_pixels(pixels);
  });
}

void PixelPatch::fill(const LineKernels& kernels, const ByteImage& image, const Band& band,
                      std::byte* patch) const {
  constexpr int64_t kTogether = 128;
  const pixels::PixelImage& bytes_of = image.source.image;
  std::memset(patch, 0, static_cast<size_t>(parts_of(image.numbers) * bytes()));
  const Range inside = columns();
  for_each_row(band, [&](int64_t row, int64_t pixel) {
    if (row < 0 || row >= window_.in[1]) return;
    const uint8_t* from =
        image.bytes + row * bytes_of.row_bytes + (inside.begin - window_.pad[2]) * bytes_of.pixel_bytes;
    auto* hi = reinterpret_cast<uint16_t*>(patch) + pixel * kChannels;
    for (int64_t rest = inside.end - inside.begin; rest > 0; rest -= kTogether) {
      alignas(64) float values[kChannels][kTogether];
      PlanePixels pixels{.count = std::min(rest, kTogether), .hi = hi, .lo = hi + bytes() / 2};
      image.source.kernels->to_floats(bytes_of, {from, pixels.count, values[0], kTogether});
      for (int64_t channel = 0; channel < bytes_of.channels; ++channel)
        pixels.planes[channel] = values[channel];
      kernels.to_pixels(pixels);
      from += kTogether * bytes_of.pixel_bytes;
      hi += kTogether * kChannels;
    }
  });
}

}  // namespace ridgeline::kernels::lines
