#include <cstdlib>
#include <string>

#include "vision/codecs.h"
#include "vision/encode.h"
#include "vision/jpeg_errors.h"

namespace ridgeline::vision {
namespace {

struct Compressor {
  jpeg_compress_struct codec{};
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  ~Compressor() {
    jpeg_destroy_compress(&codec);
    std::free(buffer);
  }
};

bool write_rows(Compressor& out, JpegErrors& errors, const Image& image, const JpegOptions& options) {
  if (setjmp(errors.escape) != 0) return false;
  jpeg_compress_struct& codec = out.codec;
  jpeg_create_compress(&codec);
  jpeg_mem_dest(&codec, &out.buffer, &out.size);
  codec.image_width = static_cast<JDIMENSION>(image.width);
  codec.image_height = static_cast<JDIMENSION>(image.height);
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  if (options.gray) jpeg_set_colorspace(&codec, JCS_GRAYSCALE);
  jpeg_set_quality(&codec, options.quality, TRUE);
  if (options.progressive) jpeg_simple_progression(&codec);
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    JSAMPROW row = const_cast<uint8_t*>(image.pixel(0, static_cast<int>(codec.next_scanline)));
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  return true;
}

}  // namespace

Result<std::string> encode_jpeg(const Image& image, const JpegOptions& options) {
  RETURN_IF_ERROR(check_dimensions(image.width, image.height));
  Compressor out;
  JpegErrors errors;
  errors.install();
  out.codec.err = &errors.base;
  if (!write_rows(out, errors, image, options))
    return internal_error("JPEG encoding failed ({})", errors.message.data());
  return std::string(reinterpret_cast<const char*>(out.buffer), out.size);
}

}  // namespace ridgeline::vision
