#include <csetjmp>
#include <cstdio>
// jpeglib.h needs size_t and FILE declared before it.
#include <array>
#include <jerror.h>
#include <jpeglib.h>
#include <string>

#include "vision/codecs.h"
#include "vision/encode.h"

namespace ridgeline::vision {
namespace {

/// libjpeg reports through callbacks and must be left by longjmp; nothing with a destructor may live between
/// setjmp and the calls that can jump.
struct ErrorManager {
  jpeg_error_mgr base;
  std::jmp_buf escape;
  std::array<char, JMSG_LENGTH_MAX> message;
};

void leave(j_common_ptr codec) {
  auto* manager = reinterpret_cast<ErrorManager*>(codec->err);
  manager->base.format_message(codec, manager->message.data());
  std::longjmp(manager->escape, 1);
}

/// Truncation and corrupt data are only warnings to libjpeg; a half-gray picture is an error to us.
void judge_warning(j_common_ptr codec, int level) {
  if (level < 0 && codec->err->msg_code != JWRN_ADOBE_XFORM && codec->err->msg_code != JWRN_EXTRANEOUS_DATA)
    leave(codec);
}

void install(ErrorManager& manager) {
  jpeg_std_error(&manager.base);
  manager.base.error_exit = leave;
  manager.base.emit_message = judge_warning;
}

/// Adobe writes CMYK inverted; others are said to, so every decoder treats them alike.
void cmyk_row_to_rgb(const uint8_t* cmyk, uint8_t* rgb, size_t width) {
  for (size_t x = 0; x < width; ++x)
    for (size_t c = 0; c < 3; ++c)
      rgb[x * 3 + c] = static_cast<uint8_t>((cmyk[x * 4 + c] * cmyk[x * 4 + 3] + 127) / 255);
}

bool read_header(jpeg_decompress_struct& codec, ErrorManager& errors, Bytes bytes) {
  if (setjmp(errors.escape) != 0) return false;
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, bytes.data(), bytes.size());
  jpeg_read_header(&codec, TRUE);
  const bool is_cmyk = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
  codec.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  return true;
}

bool read_rows(jpeg_decompress_struct& codec, ErrorManager& errors, Image& image,
               std::vector<uint8_t>& cmyk_row) {
  if (setjmp(errors.escape) != 0) return false;
  jpeg_start_decompress(&codec);
  while (codec.output_scanline < codec.output_height) {
    uint8_t* target = image.pixel(0, static_cast<int>(codec.output_scanline));
    JSAMPROW row = cmyk_row.empty() ? target : cmyk_row.data();
    jpeg_read_scanlines(&codec, &row, 1);
    if (!cmyk_row.empty()) cmyk_row_to_rgb(cmyk_row.data(), target, codec.output_width);
  }
  jpeg_finish_decompress(&codec);
  return true;
}

struct Decompressor {
  jpeg_decompress_struct codec{};
  ~Decompressor() { jpeg_destroy_decompress(&codec); }
};

struct Compressor {
  jpeg_compress_struct codec{};
  unsigned char* buffer = nullptr;
  unsigned long size = 0;
  ~Compressor() {
    jpeg_destroy_compress(&codec);
    std::free(buffer);
  }
};

bool write_rows(Compressor& out, ErrorManager& errors, const Image& image, const JpegOptions& options) {
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

Result<Image> decode_jpeg(Bytes bytes) {
  Decompressor decompressor;
  jpeg_decompress_struct& codec = decompressor.codec;
  ErrorManager errors;
  install(errors);
  codec.err = &errors.base;
  if (!read_header(codec, errors, bytes)) return invalid_argument("damaged JPEG ({})", errors.message.data());
  RETURN_IF_ERROR(check_dimensions(codec.image_width, codec.image_height));
  Image image(static_cast<int>(codec.image_width), static_cast<int>(codec.image_height));
  std::vector<uint8_t> cmyk_row(codec.out_color_space == JCS_CMYK ? codec.image_width * size_t{4} : 0);
  if (!read_rows(codec, errors, image, cmyk_row))
    return invalid_argument("damaged JPEG ({})", errors.message.data());
  return image;
}

Result<std::string> encode_jpeg(const Image& image, const JpegOptions& options) {
  RETURN_IF_ERROR(check_dimensions(image.width, image.height));
  Compressor out;
  ErrorManager errors;
  install(errors);
  out.codec.err = &errors.base;
  if (!write_rows(out, errors, image, options))
    return internal_error("JPEG encoding failed ({})", errors.message.data());
  return std::string(reinterpret_cast<const char*>(out.buffer), out.size);
}

}  // namespace ridgeline::vision
