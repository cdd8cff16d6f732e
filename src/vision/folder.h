#pragma once

#include <string>
#include <vector>

#include "base/status.h"

namespace ridgeline::vision {

struct ImageFile {
  std::string path;
  int label = 0;  ///< index into ImageFolder::classes
};

/// Image files below a folder. Sub-folders are classes, sorted by name (torchvision's ImageFolder); a flat
/// folder is one class named "". Files are sorted by path, so that two machines see one order.
struct ImageFolder {
  std::vector<std::string> classes;
  std::vector<ImageFile> files;
};

/// Files are chosen by extension (.jpg .jpeg .png .webp, any case) and not opened. kNotFound when the folder
/// does not exist, kInvalidArgument when it holds no image.
Result<ImageFolder> scan_image_folder(const std::string& path);

}  // namespace ridgeline::vision
