#pragma once

#include <cstdint>

#include "base/cancel.h"
#include "base/json.h"
#include "base/status.h"
#include "vision/folder.h"

namespace ridgeline::cli {

/// Opens what a configuration's `data` section names: {root, test_fraction, synth, images_per_class, …}. With
/// synth: true, the flowers of `data synth` are made in `root` where that is absent, with a line on standard
/// error. `seed` is of the split. Warnings go to standard error.
Result<vision::DataFolder> open_training_data(const Json& data, uint64_t seed, const CancelToken& cancel);

}  // namespace ridgeline::cli
