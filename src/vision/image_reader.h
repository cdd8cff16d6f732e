#pragma once

#include <memory>

#include "base/status.h"
#include "vision/codecs.h"
#include "vision/image.h"
#include "vision/jpeg_reader.h"
#include "vision/orientation.h"
#include "vision/resize.h"

namespace ridgeline::vision {

/// A whole picture, at 1/reduction of its size and as stored: `turn` makes it upright.
struct DecodedImage {
  Image pixels;
  int reduction = 1;
  int width = 0;  ///< in full, as stored
  int height = 0;
  Turn turn;
};

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
  /// Parts come from there; nothing is decoded.
  void open(std::shared_ptr<const DecodedImage> image);
  /// Of the upright picture.
  int width() const;
  int height() const;

  /// The rectangle of the upright picture at 1/reduction (1, 2, 4 or 8) of its size; other formats than JPEG
  /// come in full, decoded images as they are. At reduction 1 these are exactly the pixels of decode_image. A
  /// file is opened again to read again.
  Result<Part> read(const Rectangle& wanted, int reduction);

  /// The whole picture, for open(); parts read from it are those that the file gives at that reduction.
  Result<std::shared_ptr<const DecodedImage>> decode(int reduction);

 private:
  int stored_width() const;
  int stored_height() const;

  JpegReader jpeg_;
  std::shared_ptr<const DecodedImage> whole_;  ///< null for a JPEG that is decoded part by part
  Turn turn_;
  Image stored_;
  Image upright_;
};

/// The largest reduction that leaves `size` (a crop's shorter side, pixels) at `needed` or more.
int reduction_for(int size, int needed);
/// A side's pixels after a reduction: what is left of the last block counts.
int reduced_size(int size, int reduction);

}  // namespace ridgeline::vision
