#pragma once

#include <vector>

#include "report/plot.h"
#include "report/sections.h"

namespace ridgeline::report {

/// The plots that the results have data for: FPS by size, FPS by batch, speed-up by batch, roofline.
std::vector<Plot> figures_of(const Story& story);

}  // namespace ridgeline::report
