#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/status.h"

namespace ridgeline::vision {

struct SynthOptions {
  int images_per_class = 120;  ///< for training; half as many for the test
  int width = 0;               ///< pixels; 0: drawn for each picture, from small to 521×401
  int height = 0;
  uint64_t seed = 1;
};

/// The share of flowers that are hybrids of two classes and labelled with either by a coin: nobody tells them
/// apart, so the best classifier there can be is right on 1 - kHybridShare / 2 of them.
inline constexpr double kHybridShare = 0.24;

/// Writes a flowers-like folder of real image files below `path`: train/ and test/, one folder per class
/// (Latin and Cyrillic names). At sizes of their own, odd ones, files vary: baseline and progressive JPEG,
/// gray ones, PNG with and without alpha. At a given size all are colour JPEGs as a camera writes them. The
/// same options give the same files. Both sizes are given or none (kInvalidArgument); kAlreadyExists when
/// `path` holds something; kCancelled, with nothing left behind, on request. Uses all cores.
/// `progress` is told the share that is done, from any thread, one at a time.
Status write_synth_folder(
    const std::string& path, const SynthOptions& options, const CancelToken& cancel = {},
    const std::function<void(double share)>& progress = [](double) {});

}  // namespace ridgeline::vision
