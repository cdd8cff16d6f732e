#pragma once

#include <cstdint>
#include <string>

#include "base/cancel.h"
#include "base/json.h"
#include "base/status.h"
#include "vision/folder.h"
#include "vision/synth.h"

namespace ridgeline::cli {

/// Opens what a configuration's `data` section names: {root, test_fraction, synth, images_per_class, …}. With
/// synth: true, the flowers of `data synth` are made in `root` where that is absent, with a line on standard
/// error. `seed` is of the split. Warnings go to standard error.
Result<vision::DataFolder> open_training_data(const Json& data, uint64_t seed, const CancelToken& cancel);

/// vision::write_synth_folder() with its progress on standard error.
Status write_flowers(const std::string& root, const vision::SynthOptions& options, const CancelToken& cancel);

}  // namespace ridgeline::cli
