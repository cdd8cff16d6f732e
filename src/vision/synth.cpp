#include "vision/synth.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <numbers>

#include "base/file.h"
#include "base/rng.h"
#include "vision/encode.h"

namespace ridgeline::vision {
namespace {

/// What tells one class from another: petals, their colour and how long they are against the flower's heart.
struct Species {
  std::string_view name;
  int petals;
  std::array<int, 3> color;
  double slenderness;
};
constexpr std::array<Species, 4> kSpecies = {{{"daisy", 13, {235, 235, 225}, 0.35},
                                              {"tulip", 3, {205, 45, 60}, 0.95},
                                              {"Ромашка", 8, {240, 215, 90}, 0.55},
                                              {"Василёк", 6, {80, 95, 215}, 0.7}}};

/// One picture's draw of pose and light, so that no two images of a class are alike.
struct Scene {
  double center_x, center_y, radius, angle, light;
  std::array<int, 3> ground;
};

double uniform(Rng& random, double low, double high) { return low + (high - low) * random.uniform(); }

int uniform_int(Rng& random, int low, int high) {
  return low + static_cast<int>(random.below(static_cast<uint64_t>(high - low + 1)));
}

Scene draw_scene(Rng& random) {
  return {uniform(random, 0.35, 0.65),
          uniform(random, 0.35, 0.65),
          uniform(random, 0.22, 0.45),
          uniform(random, 0, 2 * std::numbers::pi),
          uniform(random, 0.7, 1.1),
          {uniform_int(random, 30, 110), uniform_int(random, 80, 150), uniform_int(random, 20, 90)}};
}

std::array<double, 3> color_at(const Species& species, const Scene& scene, double x, double y) {
  const double dx = x - scene.center_x;
  const double dy = y - scene.center_y;
  const double distance = std::hypot(dx, dy) / scene.radius;
  if (distance < 0.22) return {170, 120, 30};
  const double petal = std::cos(species.petals * (std::atan2(dy, dx) + scene.angle)) * 0.5 + 0.5;
  if (distance < 0.35 + 0.65 * std::pow(petal, species.slenderness)) {
    const double shade = 1.05 - 0.3 * distance;
    return {species.color[0] * shade, species.color[1] * shade, species.color[2] * shade};
  }
  const double grass = 12 * std::sin(40 * x + 25 * y) + 8 * std::sin(90 * y - 30 * x);
  return {scene.ground[0] + grass, scene.ground[1] + grass, scene.ground[2] + grass};
}

Image paint(const Species& species, Rng& random) {
  Image image(uniform_int(random, 160, 520), uniform_int(random, 160, 520));
  const Scene scene = draw_scene(random);
  const double side = std::min(image.width, image.height);
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < image.width; ++x) {
      const auto color = color_at(species, scene, x / side, y / side);
      const double noise = uniform(random, -14, 14);
      for (size_t c = 0; c < 3; ++c)
        image.pixel(x, y)[c] = static_cast<uint8_t>(std::clamp(color[c] * scene.light + noise, 0.0, 255.0));
    }
  return image;
}

struct EncodedFile {
  std::string extension;
  std::string bytes;
};

/// Every fourth file is a PNG, alternately with alpha and gray; among the JPEGs some are gray or progressive.
Result<EncodedFile> encode_varied(const Image& image, int index) {
  if (index % 4 == 3) {
    constexpr std::array kColors = {PngColor::kRgba, PngColor::kGray, PngColor::kRgb};
    ASSIGN_OR_RETURN(std::string bytes,
                     encode_png(image, kColors[static_cast<size_t>(index / 4) % kColors.size()]));
    return EncodedFile{".png", std::move(bytes)};
  }
  ASSIGN_OR_RETURN(std::string bytes,
                   encode_jpeg(image, {.gray = index % 9 == 4, .progressive = index % 5 == 2}));
  return EncodedFile{index % 7 == 1 ? ".JPEG" : ".jpg", std::move(bytes)};
}

Status write_class(const std::string& folder, const Species& species, int count, Rng& random) {
  RETURN_IF_ERROR(make_directories(folder));
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(const EncodedFile file, encode_varied(paint(species, random), i));
    const std::string_view stem = i % 2 == 0 ? "снимок" : "photo";
    RETURN_IF_ERROR(
        write_file_atomically(fmt::format("{}/{} {:03}{}", folder, stem, i, file.extension), file.bytes));
  }
  return {};
}

}  // namespace

Status write_synth_folder(const std::string& path, const SynthOptions& options) {
  std::error_code error;
  if (options.images_per_class < 1) return invalid_argument("images per class must be at least 1");
  if (std::filesystem::exists(path, error) && !std::filesystem::is_empty(path, error))
    return already_exists("{}: is not empty; name a new folder", path);
  Rng random(options.seed);
  const int test_images = std::max(1, options.images_per_class / 4);
  for (const Species& species : kSpecies) {
    RETURN_IF_ERROR(write_class(fmt::format("{}/train/{}", path, species.name), species,
                                options.images_per_class, random));
    RETURN_IF_ERROR(write_class(fmt::format("{}/test/{}", path, species.name), species, test_images, random));
  }
  return {};
}

}  // namespace ridgeline::vision
