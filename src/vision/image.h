#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ridgeline::vision {

/// 8-bit RGB pixels, row after row, three bytes each.
struct Image {
  int width = 0;
  int height = 0;
  std::vector<uint8_t> rgb;

  Image() = default;
  Image(int w, int h) : width(w), height(h), rgb(static_cast<size_t>(w) * static_cast<size_t>(h) * 3) {}

  uint8_t* pixel(int x, int y) { return rgb.data() + offset(x, y); }
  const uint8_t* pixel(int x, int y) const { return rgb.data() + offset(x, y); }

 private:
  size_t offset(int x, int y) const {
    return (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3;
  }
};

/// 8-bit RGB pixels that somebody else owns; rows are `pitch` bytes apart.
struct ImageView {
  const uint8_t* rgb = nullptr;
  int width = 0;
  int height = 0;
  ptrdiff_t pitch = 0;

  const uint8_t* row(int y) const { return rgb + y * pitch; }
};
inline ImageView view_of(const Image& image) {
  return {image.rgb.data(), image.width, image.height, static_cast<ptrdiff_t>(image.width) * 3};
}

}  // namespace ridgeline::vision
