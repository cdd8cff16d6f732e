#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/cpu_features.h"
#include "base/thread_pool.h"

/// Images of bytes, as decoders leave them, whose levels stand for other numbers: FP32, level · scale +
/// shift, or steps of 8 bits.
namespace ridgeline::kernels::pixels {

constexpr int64_t kMostChannels = 4;
constexpr int64_t kLevels = 256;

struct Channel {
  int64_t offset = 0;  ///< bytes from a pixel's place to this channel's level
  float scale = 1, shift = 0;
};

struct PixelImage {
  int64_t rows = 0, columns = 0;
  int64_t image_bytes = 0, row_bytes = 0, pixel_bytes = 1;
  int64_t channels = 1;  ///< that are read: some of the pixels', in any order
  std::array<Channel, kMostChannels> of{};
  const uint8_t* steps = nullptr;  ///< [channels, kLevels], where levels stand for steps
};

/// Pixels beside each other, and the planes of numbers that they become, `plane` apart.
template <typename Number>
struct PixelRun {
  const uint8_t* from = nullptr;  ///< the first pixel's place
  int64_t count = 0;
  Number* to = nullptr;
  int64_t plane = 0;
};

/// One instruction set's.
struct PixelKernels {
  std::string_view name;
  void (*to_floats)(const PixelImage& image, const PixelRun<float>& run);
};

/// Where FP32 is read from.
struct PixelInput {
  PixelImage image;
  const PixelKernels* kernels = nullptr;
};

const PixelKernels& avx512_pixels();
const PixelKernels& avx2_pixels();
const PixelKernels& ref_pixels();  ///< for any CPU

/// The best that `cpu` has.
const PixelKernels& pixel_kernels(const CpuFeatures& cpu);

void to_steps(const PixelImage& image, const PixelRun<uint8_t>& run);

/// Rows of one image as FP32: the runs' `count` is theirs, of whole rows.
struct PixelRows {
  const uint8_t* from = nullptr;
  int64_t count = 0;
  float* to = nullptr;
  int64_t plane = 0;
};
void to_planes(const PixelKernels& kernels, const PixelImage& image, const PixelRows& rows);

/// A whole batch, [batch, channels, rows, columns].
template <typename Number>
struct PixelBatch {
  int64_t images = 0;
  const uint8_t* from = nullptr;
  Number* to = nullptr;
};
void to_planes(const PixelKernels& kernels, const PixelImage& image, const PixelBatch<float>& batch,
               ThreadPool& pool);
void to_planes(const PixelImage& image, const PixelBatch<uint8_t>& batch, ThreadPool& pool);

}  // namespace ridgeline::kernels::pixels
