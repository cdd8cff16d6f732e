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

SampleReader::SampleReader(const LoaderConfig& config, ImageCache& cache)
    : config_(config), cache_(cache), normaliser_(config.preprocessing, config.layout, config.dtype) {}

Status SampleReader::read(int64_t sample, const std::string& path, Rng random) {
  hole_ = {};
  if (!config_.augmentation) return evaluate(sample, path);
  RETURN_IF_ERROR(open_cached(sample, path));
  return augment(random).with_context(path);
}

void SampleReader::write(std::span<std::byte> row) const {
  normaliser_.write(picture_.rgb, row);
  erase_hole(row);
}

Status SampleReader::open(const std::string& path) {
  RETURN_IF_ERROR(read_file(path, file_));
  Status status = image_.open(Bytes(reinterpret_cast<const uint8_t*>(file_.data()), file_.size()));
  return std::move(status).with_context(path);
}

Status SampleReader::open_cached(int64_t sample, const std::string& path) {
  if (const auto cached = cache_.find(sample)) {
    image_.open(cached);
    return {};
  }
  RETURN_IF_ERROR(open(path));
  const int reduction = reduction_of({});
  const int64_t bytes =
      int64_t{3} * reduced_size(image_.width(), reduction) * reduced_size(image_.height(), reduction);
  if (!cache_.has_room_for(bytes)) return {};
  auto whole = image_.decode(reduction);
  if (!whole.ok()) return std::move(whole).status().with_context(path);
  cache_.offer(sample, *whole);
  image_.open(*whole);
  return {};
}

int SampleReader::reduction_of(const Rectangle& crop) const {
  const int side = config_.preprocessing.crop;
  if (config_.cache_bytes == 0) return reduction_for(std::min(crop.width, crop.height), side);
  // Crops of a quarter of the area and more still have as many pixels as the input.
  return reduction_for(std::min(image_.width(), image_.height()), 2 * side);
}

Status SampleReader::augment(Rng& random) {
  const Augmentation& how = *config_.augmentation;
  const int side = config_.preprocessing.crop;
  const Rectangle crop = draw_crop(image_.width(), image_.height(), how, random);
  ASSIGN_OR_RETURN(const ImageReader::Part part, image_.read(crop, reduction_of(crop)));
  picture_.reshape(side, side);
  resizer_.resize(part.pixels, part.box, side, side, config_.preprocessing.interpolation,
                  picture_.rgb.data());
  if (random.uniform() < how.flip) mirror(picture_);
  jitter_colors(how.jitter, random, picture_);
  if (how.trivial_augment)
    apply_trivial_augment(draw_trivial_augment(random), config_.preprocessing.interpolation, picture_,
                          scratch_);
  if (random.uniform() < how.erase) hole_ = draw_erasure(side, random);
  return {};
}

void SampleReader::erase_hole(std::span<std::byte> row) const {
  const auto side = static_cast<size_t>(config_.preprocessing.crop);
  const bool planar = config_.layout == Layout::kNchw;
  const size_t pixel = size_of(config_.dtype) * (planar ? 1 : 3);
  for (size_t plane = 0; plane < (planar ? 3U : 1U); ++plane)
    for (size_t y = 0; y < static_cast<size_t>(hole_.height); ++y) {
      const size_t first =
          (plane * side + static_cast<size_t>(hole_.top) + y) * side + static_cast<size_t>(hole_.left);
      std::fill_n(row.begin() + static_cast<ptrdiff_t>(first * pixel),
                  static_cast<size_t>(hole_.width) * pixel, std::byte{0});
    }
}

Status SampleReader::evaluate(int64_t sample, const std::string& path) {
  if (const auto cached = cache_.find(sample)) {
    picture_ = cached->pixels;
    return {};
  }
  RETURN_IF_ERROR(open(path));
  const auto whole = image_.read({0, 0, image_.width(), image_.height()}, 1);
  if (!whole.ok()) return whole.status().with_context(path);
  resize_and_crop(whole->pixels, config_.preprocessing, resizer_, picture_);
  if (cache_.has_room_for(static_cast<int64_t>(picture_.rgb.size())))
    cache_.offer(sample, std::make_shared<DecodedImage>(DecodedImage{.pixels = picture_}));
  return {};
}

}  // namespace ridgeline::vision
