#include <algorithm>
#include <array>
#include <gif_lib.h>
#include <memory>
#include <optional>

#include "vision/codecs.h"

namespace ridgeline::vision {
namespace {

int read_bytes(GifFileType* gif, GifByteType* to, int count) {
  Bytes& rest = *static_cast<Bytes*>(gif->UserData);
  const size_t taken = std::min(rest.size(), static_cast<size_t>(std::max(count, 0)));
  std::copy_n(rest.begin(), taken, to);
  rest = rest.subspan(taken);
  return static_cast<int>(taken);
}

struct Closer {
  void operator()(GifFileType* gif) const { DGifCloseFile(gif, nullptr); }
};
using Gif = std::unique_ptr<GifFileType, Closer>;

Status damaged(int error) {
  const char* reason = GifErrorString(error);
  return invalid_argument("damaged GIF ({})", reason == nullptr ? "it ends early" : reason);
}

/// Goes on to the first picture; the colour that is transparent in it, if any.
Result<std::optional<int>> find_picture(GifFileType& gif) {
  std::optional<int> transparent;
  for (;;) {
    GifRecordType record = UNDEFINED_RECORD_TYPE;
    if (DGifGetRecordType(&gif, &record) == GIF_ERROR) return damaged(gif.Error);
    if (record == IMAGE_DESC_RECORD_TYPE) return transparent;
    if (record == TERMINATE_RECORD_TYPE) return invalid_argument("the GIF holds no picture");
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(&gif, &code, &block) == GIF_ERROR) return damaged(gif.Error);
    while (block != nullptr) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK &&
          control.TransparentColor != NO_TRANSPARENT_COLOR)
        transparent = control.TransparentColor;
      if (DGifGetExtensionNext(&gif, &block) == GIF_ERROR) return damaged(gif.Error);
    }
  }
}

/// The rows' places in the order in which they are stored.
std::vector<int> row_order(int height, bool interlaced) {
  constexpr std::array<std::array<int, 2>, 4> kPasses = {{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
  std::vector<int> order;
  for (const auto& [first, step] : kPasses)
    for (int y = interlaced ? first : 0; y < height && static_cast<int>(order.size()) < height;
         y += interlaced ? step : 1)
      order.push_back(y);
  return order;
}

/// Colours outside the map stay white, as what is transparent.
Status write_picture(GifFileType& gif, std::optional<int> transparent, Image& out) {
  const GifImageDesc& picture = gif.Image;
  const ColorMapObject* colors = picture.ColorMap != nullptr ? picture.ColorMap : gif.SColorMap;
  if (colors == nullptr) return invalid_argument("the GIF has no colours");
  std::vector<GifPixelType> row(static_cast<size_t>(picture.Width));
  for (const int y : row_order(picture.Height, picture.Interlace)) {
    if (DGifGetLine(&gif, row.data(), picture.Width) == GIF_ERROR) return damaged(gif.Error);
    for (int x = 0; x < picture.Width; ++x) {
      const int index = row[static_cast<size_t>(x)];
      if (index == transparent || index >= colors->ColorCount) continue;
      const GifColorType& color = colors->Colors[index];
      uint8_t* pixel = out.pixel(picture.Left + x, picture.Top + y);
      pixel[0] = color.Red;
      pixel[1] = color.Green;
      pixel[2] = color.Blue;
    }
  }
  return {};
}

}  // namespace

Result<Image> decode_gif(Bytes bytes) {
  const size_t file_bytes = bytes.size();
  int error = 0;
  const Gif gif(DGifOpen(&bytes, read_bytes, &error));
  if (!gif) return damaged(error);
  ASSIGN_OR_RETURN(const std::optional<int> transparent, find_picture(*gif));
  if (DGifGetImageDesc(gif.get()) == GIF_ERROR) return damaged(gif->Error);
  RETURN_IF_ERROR(check_dimensions(gif->Image.Width, gif->Image.Height));
  const int width = std::max(gif->SWidth, gif->Image.Left + gif->Image.Width);
  const int height = std::max(gif->SHeight, gif->Image.Top + gif->Image.Height);
  RETURN_IF_ERROR(check_dimensions(width, height));
  // A code of 12 bits stands for at most 4096 pixels: no memory is spent on what can't be there, past a
  // screen of which the picture fills a part.
  constexpr size_t kMostPerByte = 2731;
  constexpr size_t kModestScreen = size_t{1} << 24;
  if (static_cast<size_t>(width) * static_cast<size_t>(height) > file_bytes * kMostPerByte + kModestScreen)
    return invalid_argument("damaged GIF ({} bytes can't hold {}x{} pixels)", file_bytes, width, height);
  Image image(width, height);
  std::fill(image.rgb.begin(), image.rgb.end(), uint8_t{255});
  RETURN_IF_ERROR(write_picture(*gif, transparent, image));
  return image;
}

}  // namespace ridgeline::vision
