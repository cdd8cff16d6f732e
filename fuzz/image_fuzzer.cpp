#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "vision/decode.h"
#include "vision/image_reader.h"

namespace {

using namespace ridgeline::vision;

/// The middle of a picture, decoded alone, is what the whole has there; reduced, it is there or refused.
void check_parts(Bytes file, const Image& whole) {
  const Rectangle middle{whole.width / 4, whole.height / 4, (whole.width + 1) / 2, (whole.height + 1) / 2};
  ImageReader reader;
  for (const int reduction : {1, 2, 4, 8}) {
    if (!reader.open(file).ok()) std::abort();
    const auto part = reader.read(middle, reduction);
    if (!part.ok()) std::abort();
    for (int y = 0; reduction == 1 && y < middle.height; ++y)
      if (!std::equal(part->pixels.row(y), part->pixels.row(y) + middle.width * 3,
                      whole.pixel(middle.left, middle.top + y)))
        std::abort();
  }
}

}  // namespace

/// Any bytes are a picture or a clear refusal.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto image = decode_image(std::as_bytes(std::span(data, size)), "fuzz.img");
  if (image.ok())
    check_parts({data, size}, *image);
  else if (!image.status().message().starts_with("fuzz.img: "))
    std::abort();
  return 0;
}
