#pragma once

#include <span>
#include <string>

#include "base/measured_peaks.h"
#include "cost/devices.h"

namespace ridgeline::cli {

/// For people: arithmetic by precision, instruction set and threads; streams by level of memory and threads.
std::string peaks_text(const MeasuredPeaks& peaks);

/// For people: a line per device with its peaks in TFLOP/s, its memory and the document that says so.
std::string devices_text(std::span<const cost::Device> devices);

}  // namespace ridgeline::cli
