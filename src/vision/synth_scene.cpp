#include "vision/synth_scene.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace ridgeline::vision {
namespace {

using Color = std::array<float, 3>;

/// What tells one species from another.
struct Traits {
  float petals;
  float slenderness;  ///< exponent of the petals' outline: higher is narrower
  float heart;        ///< radius of the flower's heart, of the flower's
  Color petal_color;
  Color heart_color;
};
constexpr std::array<Traits, kSpeciesNames.size()> kSpecies = {
    {{13, 0.5F, 0.30F, {226, 222, 214}, {214, 170, 40}},
     {3, 0.6F, 0.14F, {122, 74, 178}, {230, 200, 90}},
     {5, 0.3F, 0.20F, {200, 52, 66}, {60, 30, 40}},
     {9, 1.2F, 0.22F, {70, 96, 205}, {40, 40, 110}},
     {8, 0.8F, 0.38F, {232, 186, 62}, {112, 66, 30}}}};

/// Where a flower lies, in units of the picture's shorter side, and how it is turned and tilted.
struct Flower {
  float x, y, radius, angle, tilt_angle, tilt;
};

/// Something out of focus in the background: a disc with a soft rim.
struct Blob {
  float x, y, radius;
  Color color;
};

struct Wave {
  float x, y, phase, height;
};

struct Scene {
  Traits traits;
  std::vector<Flower> flowers;
  std::vector<Blob> blobs;
  std::array<Wave, 4> grass;
  Color ground;
  Color light;  ///< brightness and white balance
};

float uniform(Rng& random, double low, double high) {
  return static_cast<float>(low + (high - low) * random.uniform());
}

Color mean(const Color& a, const Color& b) {
  return {(a[0] + b[0]) / 2, (a[1] + b[1]) / 2, (a[2] + b[2]) / 2};
}

Traits cross(const Traits& a, const Traits& b) {
  return {std::floor((a.petals + b.petals) / 2), (a.slenderness + b.slenderness) / 2, (a.heart + b.heart) / 2,
          mean(a.petal_color, b.petal_color), mean(a.heart_color, b.heart_color)};
}

/// No two flowers of a species have quite the same colours and outline.
Traits individual(Traits traits, Rng& random) {
  for (size_t c = 0; c < 3; ++c) {
    traits.petal_color[c] += uniform(random, -22, 22);
    traits.heart_color[c] += uniform(random, -22, 22);
  }
  traits.slenderness *= uniform(random, 0.75, 1.3);
  traits.heart *= uniform(random, 0.8, 1.25);
  return traits;
}

Flower draw_flower(float width, float height, Rng& random) {
  return {uniform(random, 0.2, 0.8) * width,    uniform(random, 0.2, 0.8) * height,
          uniform(random, 0.22, 0.42),          uniform(random, 0, 2 * std::numbers::pi),
          uniform(random, 0, std::numbers::pi), uniform(random, 1, 1.8)};
}

Blob draw_blob(float width, float height, Rng& random) {
  Blob blob{uniform(random, 0, 1) * width, uniform(random, 0, 1) * height, uniform(random, 0.05, 0.2), {}};
  for (float& channel : blob.color) channel = uniform(random, 30, 225);
  return blob;
}

Scene draw_scene(const Parents& parents, float width, float height, Rng& random) {
  Scene scene;
  scene.traits = individual(cross(kSpecies[parents.first], kSpecies[parents.second]), random);
  scene.flowers.resize(2 + random.below(3));
  for (Flower& flower : scene.flowers) flower = draw_flower(width, height, random);
  scene.blobs.resize(random.below(6));
  for (Blob& blob : scene.blobs) blob = draw_blob(width, height, random);
  for (Wave& wave : scene.grass)
    wave = {uniform(random, -70, 70), uniform(random, -70, 70), uniform(random, 0, 6.3),
            uniform(random, 2, 11)};
  scene.ground = {uniform(random, 30, 130), uniform(random, 60, 150), uniform(random, 20, 110)};
  const float brightness = uniform(random, 0.7, 1.12);
  for (float& channel : scene.light) channel = brightness * uniform(random, 0.88, 1.12);
  return scene;
}

Color scaled(const Color& color, float factor) {
  return {color[0] * factor, color[1] * factor, color[2] * factor};
}

Color background_at(const Scene& scene, float x, float y) {
  float grass = 0;
  for (const Wave& wave : scene.grass) grass += wave.height * std::sin(wave.x * x + wave.y * y + wave.phase);
  Color color = {scene.ground[0] + grass, scene.ground[1] + grass, scene.ground[2] + grass};
  for (const Blob& blob : scene.blobs) {
    const float distance = std::hypot(x - blob.x, y - blob.y) / blob.radius;
    const float cover = std::clamp((1.2F - distance) * 2, 0.0F, 0.85F);
    for (size_t c = 0; c < 3; ++c) color[c] += cover * (blob.color[c] - color[c]);
  }
  return color;
}

/// Sets `color` and tells so where the flower covers the point.
bool flower_at(const Flower& flower, const Traits& traits, float x, float y, Color& color) {
  const float dx = x - flower.x;
  const float dy = y - flower.y;
  if (dx * dx + dy * dy > flower.radius * flower.radius) return false;
  const float along = dx * std::cos(flower.tilt_angle) + dy * std::sin(flower.tilt_angle);
  const float across = flower.tilt * (dy * std::cos(flower.tilt_angle) - dx * std::sin(flower.tilt_angle));
  const float distance = std::hypot(along, across) / flower.radius;
  if (distance < traits.heart) {
    color = scaled(traits.heart_color, 1.1F - 0.4F * distance / traits.heart);
    return true;
  }
  const float turn = traits.petals * (std::atan2(across, along) + flower.angle);
  const float petal = std::cos(turn) * 0.5F + 0.5F;
  if (distance > 0.3F + 0.7F * std::pow(petal, traits.slenderness)) return false;
  const float vein = 1 - 0.08F * std::cos(turn * 5);
  color = scaled(traits.petal_color, (1.08F - 0.35F * distance) * vein);
  return true;
}

Color color_at(const Scene& scene, float x, float y) {
  Color color;
  for (const Flower& flower : scene.flowers)
    if (flower_at(flower, scene.traits, x, y, color)) return color;
  return background_at(scene, x, y);
}

}  // namespace

Image paint_flowers(const Parents& parents, int width, int height, Rng& random) {
  constexpr double kSensorNoise = 5;
  Image image(width, height);
  const float side = static_cast<float>(std::min(width, height));
  const Scene scene =
      draw_scene(parents, static_cast<float>(width) / side, static_cast<float>(height) / side, random);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const Color color = color_at(scene, static_cast<float>(x) / side, static_cast<float>(y) / side);
      const float noise = uniform(random, -kSensorNoise, kSensorNoise);
      for (size_t c = 0; c < 3; ++c)
        image.pixel(x, y)[c] =
            static_cast<uint8_t>(std::clamp(color[c] * scene.light[c] + noise, 0.0F, 255.0F));
    }
  return image;
}

}  // namespace ridgeline::vision
