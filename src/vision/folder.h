#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.h"

namespace ridgeline::vision {

struct ImageFile {
  std::string path;
  int label = 0;  ///< index into ImageFolder::classes
};

/// A file that cannot be decoded, and why.
struct BadFile {
  std::string path;
  std::string reason;
};

/// Image files below a folder. Sub-folders are classes, sorted by the bytes of their UTF-8 names
/// (torchvision's ImageFolder); a flat folder is one class named "". Files are sorted by path, so that two
/// machines see one order. Hidden files and folders (".name") are passed over.
struct ImageFolder {
  std::vector<std::string> classes;
  std::vector<ImageFile> files;
  std::vector<std::string> empty_classes;       ///< sub-folders without an image; they are no classes
  std::map<std::string, int> other_files = {};  ///< files that are no images, by extension ("" for none)
};

/// Files are chosen by extension (.jpg .jpeg .png .webp .bmp .gif, any case) and not opened. kNotFound when
/// the folder does not exist, kInvalidArgument when it holds no image.
Result<ImageFolder> scan_image_folder(const std::string& path);

struct SplitOptions {
  double test_fraction = 0.2;  ///< held out of each class where the folder has no test side of its own
  uint64_t seed = 1;           ///< of that choice
};

/// A data set to train on and its held-out side, with the same classes in the same order.
struct DataFolder {
  ImageFolder train;
  ImageFolder test;
  std::string test_source;  ///< "test" or "val", the folder it is from; "" when it was held out of one folder
  std::vector<std::string> warnings;  ///< one line each: what was left out or is odd
  std::vector<std::string> problems;  ///< one line each: why this cannot be trained and tested on

  const std::vector<std::string>& classes() const { return train.classes; }
};

/// `root`/train/<class>/… with test/ or val/ beside it, or `root`/<class>/… of which a part is held out: the
/// same share of each class, at least one of two images, chosen by a hash of seed and path below `root`, so
/// that adding files moves few of the others. kNotFound without the folder; kInvalidArgument, with the
/// remedy, for no class folders with images, a test side alone, a fraction outside (0, 1). A train/ alone and
/// a class that only the test side has (it comes after the others) are problems.
Result<DataFolder> scan_data_folder(const std::string& root, const SplitOptions& options);

/// The same for work that needs both sides: the first problem is an error.
Result<DataFolder> open_data_folder(const std::string& root, const SplitOptions& options);

}  // namespace ridgeline::vision
