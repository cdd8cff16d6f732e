#pragma once

#include <string>

#include "base/status.h"
#include "train/results.h"

namespace ridgeline::report {

/// Draws a run's epochs: FOLDER/loss and FOLDER/accuracy, each as SVG and PNG. kUnavailable when gnuplot is
/// not installed.
Status draw_training_curves(const train::RunResult& run, const std::string& folder);

}  // namespace ridgeline::report
