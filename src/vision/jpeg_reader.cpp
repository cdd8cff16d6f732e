#include "vision/jpeg_reader.h"

#include <algorithm>
#include <vector>

#include "vision/jpeg_errors.h"

namespace ridgeline::vision {

struct JpegReader::State {
  jpeg_decompress_struct codec{};
  JpegErrors errors{};
  std::vector<uint8_t> row;  ///< of the columns that libjpeg decodes, which start and end with whole blocks

  State() {
    errors.install();
    codec.err = &errors.base;
    // Fails for a mismatch of library and header only, and then as any other error: when a header is read.
    if (setjmp(errors.escape) == 0) jpeg_create_decompress(&codec);
  }
  ~State() { jpeg_destroy_decompress(&codec); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  bool read_header(Bytes bytes);
  bool start(const Rectangle& part, int reduction, Rectangle& decoded);
  bool read_rows(const Rectangle& part, const Rectangle& decoded, Image& out);
};

namespace {

/// Neighbours that the upsampling of colours looks at, in pixels of the reduced picture.
constexpr int kMargin = 2;

/// Adobe writes CMYK inverted; others are said to, so every decoder treats them alike.
void cmyk_to_rgb(const uint8_t* cmyk, uint8_t* rgb, size_t width) {
  for (size_t x = 0; x < width; ++x)
    for (size_t c = 0; c < 3; ++c)
      rgb[x * 3 + c] = static_cast<uint8_t>((cmyk[x * 4 + c] * cmyk[x * 4 + 3] + 127) / 255);
}

}  // namespace

bool JpegReader::State::read_header(Bytes bytes) {
  if (setjmp(errors.escape) != 0) return false;
  jpeg_abort_decompress(&codec);
  jpeg_mem_src(&codec, bytes.data(), bytes.size());
  jpeg_read_header(&codec, TRUE);
  const bool is_cmyk = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
  codec.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
  return true;
}

bool JpegReader::State::start(const Rectangle& part, int reduction, Rectangle& decoded) {
  if (setjmp(errors.escape) != 0) return false;
  codec.scale_num = 1;
  codec.scale_denom = static_cast<unsigned>(reduction);
  jpeg_start_decompress(&codec);
  const int whole = static_cast<int>(codec.output_width);
  JDIMENSION left = static_cast<JDIMENSION>(std::max(part.left - kMargin, 0));
  JDIMENSION width = static_cast<JDIMENSION>(std::min(part.left + part.width + kMargin, whole)) - left;
  if (width < codec.output_width) jpeg_crop_scanline(&codec, &left, &width);
  const int top = std::max(part.top - kMargin, 0);
  if (top > 0) jpeg_skip_scanlines(&codec, static_cast<JDIMENSION>(top));
  decoded = {static_cast<int>(left), top, static_cast<int>(width), 0};
  return true;
}

bool JpegReader::State::read_rows(const Rectangle& part, const Rectangle& decoded, Image& out) {
  if (setjmp(errors.escape) != 0) return false;
  const bool is_cmyk = codec.out_color_space == JCS_CMYK;
  const auto first = static_cast<ptrdiff_t>(part.left - decoded.left);
  JSAMPROW target = row.data();
  for (int y = decoded.top; y < part.top + part.height; ++y) {
    if (jpeg_read_scanlines(&codec, &target, 1) != 1) return false;
    if (y < part.top) continue;
    uint8_t* to = out.pixel(0, y - part.top);
    if (is_cmyk)
      cmyk_to_rgb(row.data() + first * 4, to, static_cast<size_t>(part.width));
    else
      std::copy_n(row.data() + first * 3, static_cast<size_t>(part.width) * 3, to);
  }
  if (codec.output_scanline == codec.output_height)
    jpeg_finish_decompress(&codec);
  else
    jpeg_abort_decompress(&codec);
  return true;
}

JpegReader::JpegReader() : state_(std::make_unique<State>()) {}
JpegReader::~JpegReader() = default;
JpegReader::JpegReader(JpegReader&&) noexcept = default;
JpegReader& JpegReader::operator=(JpegReader&&) noexcept = default;

int JpegReader::width() const { return static_cast<int>(state_->codec.image_width); }
int JpegReader::height() const { return static_cast<int>(state_->codec.image_height); }

Status JpegReader::open(Bytes file) {
  if (!state_->read_header(file)) return invalid_argument("damaged JPEG ({})", state_->errors.message.data());
  const jpeg_decompress_struct& codec = state_->codec;
  RETURN_IF_ERROR(check_dimensions(codec.image_width, codec.image_height));
  // Each block of 8 x 8 has a Huffman code, of one bit at least: no memory is spent on what can't be there.
  const size_t most_pixels = file.size() * 8 * DCTSIZE2;
  if (codec.arith_code == FALSE && size_t{codec.image_width} * codec.image_height > most_pixels)
    return invalid_argument("damaged JPEG ({} bytes can't hold {}x{} pixels)", file.size(), codec.image_width,
                            codec.image_height);
  return {};
}

Status JpegReader::read(const Rectangle& part, int reduction, Image& out) {
  Rectangle decoded;
  bool read = state_->start(part, reduction, decoded);
  if (read) {
    state_->row.resize(static_cast<size_t>(decoded.width) * 4);
    out.reshape(part.width, part.height);
    read = state_->read_rows(part, decoded, out);
  }
  return read ? Status() : invalid_argument("damaged JPEG ({})", state_->errors.message.data());
}

Result<Image> decode_jpeg(Bytes bytes) {
  JpegReader reader;
  RETURN_IF_ERROR(reader.open(bytes));
  Image image;
  RETURN_IF_ERROR(reader.read({0, 0, reader.width(), reader.height()}, 1, image));
  return image;
}

}  // namespace ridgeline::vision
