#pragma once

#include <optional>

#include "base/status.h"
#include "vision/codecs.h"
#include "vision/image.h"
#include "vision/jpeg_reader.h"
#include "vision/orientation.h"
#include "vision/resize.h"

namespace ridgeline::vision {

/// Decodes parts of pictures for training: what a crop doesn't need stays in the file where the format allows
/// it (JPEG), and sizes come reduced. Buffers are used again from file to file; one thread at a time uses a
/// reader.
class ImageReader {
 public:
  /// Pixels that the reader owns until its next call, and where in them the wanted rectangle lies.
  struct Part {
    ImageView pixels;
    Box box;
  };

  /// Reads a JPEG's header; decodes other formats. `file` must live until the last read. Errors do not name
  /// the file.
  Status open(Bytes file);
  /// Of the upright picture.
  int width() const;
  int height() const;

  /// The rectangle of the upright picture at 1/reduction (1, 2, 4 or 8) of its size; formats that can't
  /// reduce cheaply come in full. At reduction 1 these are exactly the pixels of decode_image.
  Result<Part> read(const Rectangle& wanted, int reduction);

 private:
  Bytes file_;
  JpegReader jpeg_;
  std::optional<Image> decoded_;  ///< upright, of other formats
  Turn turn_;
  Image stored_;
  Image upright_;
};

/// The largest reduction that leaves `size` (a crop's shorter side, pixels) at `needed` or more.
int reduction_for(int size, int needed);

}  // namespace ridgeline::vision
