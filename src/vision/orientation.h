#pragma once

#include "vision/codecs.h"
#include "vision/image.h"

namespace ridgeline::vision {

/// The EXIF orientation (1 to 8, tag 0x0112 of IFD0) of a JPEG file; 1 where absent or damaged.
int jpeg_orientation(Bytes jpeg);

/// The image turned upright for an EXIF orientation of 1 to 8.
Image apply_orientation(Image image, int orientation);

}  // namespace ridgeline::vision
