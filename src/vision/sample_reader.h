#pragma once

#include <span>
#include <string>

#include "base/rng.h"
#include "base/status.h"
#include "vision/image.h"
#include "vision/image_reader.h"
#include "vision/loader.h"
#include "vision/normalise.h"
#include "vision/resize.h"

namespace ridgeline::vision {

/// Turns files into a batch's rows. Each thread has its own: buffers are used again from file to file.
class SampleReader {
 public:
  /// `config` outlives the reader.
  explicit SampleReader(const LoaderConfig& config);

  /// Decodes and transforms a file and writes its numbers, in the configuration's layout and type, to `row`.
  /// `random` is drawn from for training only.
  Status read(const std::string& path, Rng random, std::span<std::byte> row);

 private:
  Status augment(Rng& random);
  Status evaluate();
  void erase(const Rectangle& hole, std::span<std::byte> row) const;

  const LoaderConfig& config_;
  Normaliser normaliser_;
  std::string file_;
  ImageReader image_;
  Resizer resizer_;
  Image picture_;  ///< crop × crop
  Image scratch_;
};

}  // namespace ridgeline::vision
