#pragma once

#include "vision/codecs.h"
#include "vision/image.h"

namespace ridgeline::vision {

/// The EXIF orientation (1 to 8, tag 0x0112 of IFD0) of a JPEG file; 1 where absent or damaged.
int jpeg_orientation(Bytes jpeg);

/// How stored pixels are turned for an EXIF orientation: mirrored in their own frame, then transposed.
struct Turn {
  bool transposed = false;
  bool from_right = false;
  bool from_bottom = false;

  /// None for numbers outside 1 to 8.
  static Turn for_orientation(int orientation);
  bool none() const { return !transposed && !from_right && !from_bottom; }
};

/// Writes the turned image to `out`, with the memory it has where that is enough.
void turn_upright(const ImageView& image, const Turn& turn, Image& out);

/// Where pixels of an upright picture are stored; width and height are those of the stored one.
Rectangle stored_rectangle(const Rectangle& upright, const Turn& turn, int width, int height);

}  // namespace ridgeline::vision
