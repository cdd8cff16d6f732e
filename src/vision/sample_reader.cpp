#include "vision/sample_reader.h"

#include <algorithm>

#include "vision/decode.h"

namespace ridgeline::vision {
namespace {

void mirror(Image& image) {
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width / 2; ++x)
      std::swap_ranges(image.pixel(x, y), image.pixel(x, y) + 3, image.pixel(image.width - 1 - x, y));
}

}  // namespace

SampleReader::SampleReader(const LoaderConfig& config)
    : config_(config), normaliser_(config.preprocessing, config.layout, config.dtype) {}

Status SampleReader::read(const std::string& path, Rng random, std::span<std::byte> row) {
  ASSIGN_OR_RETURN(const Image image, load_image(path));
  if (config_.augmentation)
    augment(image, random);
  else
    picture_ = resize_and_crop(image, config_.preprocessing);
  normaliser_.write(picture_.rgb, row);
  return {};
}

void SampleReader::augment(const Image& image, Rng& random) {
  const Augmentation& how = *config_.augmentation;
  const int side = config_.preprocessing.crop;
  const Rectangle crop = draw_crop(image.width, image.height, how, random);
  if (picture_.width != side) picture_ = Image(side, side);
  ImageView part = view_of(image);
  part.rgb = part.row(crop.top) + ptrdiff_t{3} * crop.left;
  part.width = crop.width;
  part.height = crop.height;
  resizer_.resize(part, {0, 0, static_cast<double>(crop.width), static_cast<double>(crop.height)}, side, side,
                  config_.preprocessing.interpolation, picture_.rgb.data());
  if (random.uniform() < how.flip) mirror(picture_);
}

}  // namespace ridgeline::vision
