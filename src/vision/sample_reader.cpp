#include "vision/sample_reader.h"

#include <algorithm>

#include "base/file.h"
#include "vision/trivial_augment.h"

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
  RETURN_IF_ERROR(read_file(path, file_));
  const Bytes bytes(reinterpret_cast<const uint8_t*>(file_.data()), file_.size());
  Status status = image_.open(bytes);
  if (status.ok()) status = config_.augmentation ? augment(random) : evaluate();
  if (!status.ok()) return std::move(status).with_context(path);
  normaliser_.write(picture_.rgb, row);
  if (config_.augmentation && random.uniform() < config_.augmentation->erase)
    erase(draw_erasure(config_.preprocessing.crop, random), row);
  return {};
}

Status SampleReader::augment(Rng& random) {
  const Augmentation& how = *config_.augmentation;
  const int side = config_.preprocessing.crop;
  const Rectangle crop = draw_crop(image_.width(), image_.height(), how, random);
  const int reduction = reduction_for(std::min(crop.width, crop.height), side);
  ASSIGN_OR_RETURN(const ImageReader::Part part, image_.read(crop, reduction));
  picture_.reshape(side, side);
  resizer_.resize(part.pixels, part.box, side, side, config_.preprocessing.interpolation,
                  picture_.rgb.data());
  if (random.uniform() < how.flip) mirror(picture_);
  jitter_colors(how.jitter, random, picture_);
  if (how.trivial_augment)
    apply_trivial_augment(draw_trivial_augment(random), config_.preprocessing.interpolation, picture_,
                          scratch_);
  return {};
}

void SampleReader::erase(const Rectangle& hole, std::span<std::byte> row) const {
  const auto side = static_cast<size_t>(config_.preprocessing.crop);
  const bool planar = config_.layout == Layout::kNchw;
  const size_t pixel = size_of(config_.dtype) * (planar ? 1 : 3);
  for (size_t plane = 0; plane < (planar ? 3U : 1U); ++plane)
    for (size_t y = 0; y < static_cast<size_t>(hole.height); ++y) {
      const size_t first =
          (plane * side + static_cast<size_t>(hole.top) + y) * side + static_cast<size_t>(hole.left);
      std::fill_n(row.begin() + static_cast<ptrdiff_t>(first * pixel),
                  static_cast<size_t>(hole.width) * pixel, std::byte{0});
    }
}

Status SampleReader::evaluate() {
  ASSIGN_OR_RETURN(const ImageReader::Part whole, image_.read({0, 0, image_.width(), image_.height()}, 1));
  resize_and_crop(whole.pixels, config_.preprocessing, resizer_, picture_);
  return {};
}

}  // namespace ridgeline::vision
