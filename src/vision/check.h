#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "vision/folder.h"

namespace ridgeline::vision {

/// Files that hold the same picture.
struct SamePicture {
  std::vector<std::string> paths;
  bool same_bytes = false;  ///< whole files are equal; else only the decoded pixels are
  bool leak = false;        ///< some are for training and some for the test
  bool labels_differ = false;
};

struct ClassCount {
  std::string name;
  int train = 0;  ///< usable images
  int test = 0;
};

/// Least, median and most of the usable images.
struct Spread {
  int least = 0, median = 0, most = 0;
};

/// Images whose shorter side has from `from` to `to` - 1 pixels.
struct SizeBin {
  int from = 0;
  int to = 0;
  int images = 0;
};

/// What every file of a data set was found to be.
struct DataReport {
  int files = 0;
  std::vector<BadFile> bad;                ///< by path
  std::map<std::string, int> other_files;  ///< that are no images, by extension
  std::vector<ClassCount> classes;         ///< in the order of their labels
  std::vector<SamePicture> same_pictures;  ///< by their first path
  Spread width, height;                    ///< pixels, upright
  std::vector<SizeBin> shorter_sides;      ///< without empty bins at either end
  std::array<double, 3> mean = {};  ///< R, G, B in [0, 1] of usable training images, each of one weight
  std::array<double, 3> stddev = {};
  std::string test_source;            ///< as DataFolder's
  std::vector<std::string> warnings;  ///< one line each
  std::vector<std::string> problems;  ///< one line each: why this cannot be trained on

  int usable() const { return files - static_cast<int>(bad.size()); }
};

struct CheckOptions {
  SplitOptions split;  ///< of one folder without a test side, as training would choose it
  CancelToken cancel;
  std::function<void(double share)> progress = [](double) {};  ///< from any thread, one at a time
};

/// Decodes every image below `root` on all cores. Bad files, and classes that only the test side has, are
/// reported, never an error; errors are a folder that is not there or holds no images, and kCancelled.
Result<DataReport> check_data(const std::string& root, const CheckOptions& options);

}  // namespace ridgeline::vision
