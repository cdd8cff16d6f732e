#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ridgeline::kernels {

/// Depth, height and width; 1-D and 2-D problems have 1 in front.
using Size3 = std::array<int64_t, 3>;

/// Geometry of a sliding window (convolution, pooling): input position = output position × stride − pad + tap
/// × dilation. Padding at the end is whatever the output size implies.
struct Window {
  Size3 in{1, 1, 1};
  Size3 out{1, 1, 1};
  Size3 kernel{1, 1, 1};
  Size3 stride{1, 1, 1};
  Size3 dilation{1, 1, 1};
  Size3 pad{0, 0, 0};  ///< at the beginning
  /// Positions from a plane to the next where planes are rows of taller ones, which implementations that
  /// take_parts heed; 0: as many as a plane has.
  int64_t in_plane = 0, out_plane = 0;
};

inline int64_t volume(const Size3& size) { return size[0] * size[1] * size[2]; }
inline int64_t in_plane(const Window& window) {
  return window.in_plane != 0 ? window.in_plane : volume(window.in);
}
inline int64_t out_plane(const Window& window) {
  return window.out_plane != 0 ? window.out_plane : volume(window.out);
}

/// Positions [begin, end) along `axis` of the output whose tap `tap` falls inside the input.
struct Range {
  int64_t begin = 0;
  int64_t end = 0;
};
Range outputs_inside(const Window& window, size_t axis, int64_t tap);

/// Taps [begin, end) along `axis` of the window at output position `out` that fall inside the input.
Range taps_inside(const Window& window, size_t axis, int64_t out);

/// Rows of the input that the output's rows `out` are made of.
Range input_rows(const Window& window, const Range& out);
/// The window that makes the output's rows `out` of the input's rows input_rows(window, out).
Window part_of(const Window& window, const Range& out);

}  // namespace ridgeline::kernels
