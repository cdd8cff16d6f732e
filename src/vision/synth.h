#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"

namespace ridgeline::vision {

struct SynthOptions {
  int images_per_class = 16;
  uint64_t seed = 1;
};

/// Writes a small flowers-like folder of real JPEG and PNG files below `path`: train/ and test/, one folder
/// per class (Latin and Cyrillic names), odd sizes, gray, alpha, progressive files among them. The same seed
/// gives the same pixels. kAlreadyExists when `path` holds something.
Status write_synth_folder(const std::string& path, const SynthOptions& options);

}  // namespace ridgeline::vision
