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

  /// Another size, with the memory it has where that is enough; pixels have any values.
  void reshape(int w, int h) {
    width = w;
    height = h;
    rgb.resize(static_cast<size_t>(w) * static_cast<size_t>(h) * 3);
  }
  uint8_t* pixel(int x, int y) { return rgb.data() + offset(x, y); }
  const uint8_t* pixel(int x, int y) const { return rgb.data() + offset(x, y); }

 private:
  size_t offset(int x, int y) const {
    return (static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x)) * 3;
  }
};

/// Whole pixels of an image.
struct Rectangle {
  int left = 0, top = 0, width = 0, height = 0;
  bool operator==(const Rectangle&) const = default;
};

/// 8-bit RGB pixels that somebody else owns; rows are `pitch` bytes apart.
struct ImageView {
  const uint8_t* rgb = nullptr;
  int width = 0;
  int height = 0;
  ptrdiff_t pitch = 0;

  const uint8_t* row(int y) const { return rgb + y * pitch; }
};
/// `part` lies within the image.
inline ImageView part_of(const ImageView& image, const Rectangle& part) {
  return {image.row(part.top) + ptrdiff_t{3} * part.left, part.width, part.height, image.pitch};
}
inline ImageView view_of(const Image& image) {
  return {image.rgb.data(), image.width, image.height, static_cast<ptrdiff_t>(image.width) * 3};
}

}  // namespace ridgeline::vision
