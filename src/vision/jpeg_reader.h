#pragma once

#include <memory>

#include "base/status.h"
#include "vision/codecs.h"
#include "vision/image.h"

namespace ridgeline::vision {

/// Decodes JPEG files, or parts of them, one after the other. Errors do not name the file.
class JpegReader {
 public:
  JpegReader();
  ~JpegReader();
  JpegReader(JpegReader&&) noexcept;
  JpegReader& operator=(JpegReader&&) noexcept;

  /// Reads the header; `file` must live until the pixels are read.
  Status open(Bytes file);
  /// Pixels as stored, before any turn that EXIF asks for.
  int width() const;
  int height() const;

  /// Decodes a part of the picture at 1/reduction (1, 2, 4 or 8) of its size, which is cheaper than decoding
  /// it whole and shrinking it: high frequencies and blocks beside and below the part stay in their file.
  /// `part` lies in the reduced picture, whose sides are width() and height() over the reduction, rounded up.
  /// The pixels are those that a whole reduced picture has there. Damage below the part is not seen. Open
  /// again to read again.
  Status read(const Rectangle& part, int reduction, Image& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ridgeline::vision
