#pragma once

#include <span>
#include <string>

#include "base/rng.h"
#include "base/status.h"
#include "vision/image.h"
#include "vision/image_cache.h"
#include "vision/image_reader.h"
#include "vision/loader.h"
#include "vision/normalise.h"
#include "vision/resize.h"

namespace ridgeline::vision {

/// Turns files into a batch's rows. Each thread has its own: buffers are used again from file to file.
class SampleReader {
 public:
  /// `config` and `cache` outlive the reader.
  SampleReader(const LoaderConfig& config, ImageCache& cache);

  /// Decodes and transforms the file of a sample. `random` is drawn from for training only.
  Status read(int64_t sample, const std::string& path, Rng random);
  /// Writes what was read as numbers of the configuration's layout and type.
  void write(std::span<std::byte> row) const;

 private:
  Status open(const std::string& path);
  /// Opens the sample's decoded picture, from the cache or, where it has room, for it; else the file.
  Status open_cached(int64_t sample, const std::string& path);
  Status augment(Rng& random);
  Status evaluate(int64_t sample, const std::string& path);
  /// Of the crop, or of the whole picture where a cache keeps it for every crop to come.
  int reduction_of(const Rectangle& crop) const;
  void erase_hole(std::span<std::byte> row) const;

  const LoaderConfig& config_;
  ImageCache& cache_;
  Normaliser normaliser_;
  std::string file_;
  ImageReader image_;
  Resizer resizer_;
  Image picture_;  ///< crop × crop
  Image scratch_;
  Rectangle hole_;  ///< to be wiped out of the numbers
};

}  // namespace ridgeline::vision
