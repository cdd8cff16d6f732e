#pragma once

#include <string>

#include "base/json.h"
#include "predict/verify.h"

namespace ridgeline::cli {

/// {"reference", "images", "data", "engines":[{"engine", "version", "precision", "status", "reason",
/// "max_abs_diff", "scale", "cosine", "top1_agreement", "first_diverging_layer":{"layer", "op",
/// "max_abs_diff", "scale"}}]}; figures that there are none of are null.
Json describe(const predict::Verification& verification, int64_t images, const std::string& data);

/// A table of the engines that are here, and a line for each that disagrees or failed.
std::string table_of(const predict::Verification& verification, int64_t images, const std::string& data);

}  // namespace ridgeline::cli
