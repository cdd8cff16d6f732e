// How fast the loader is without a model: `loader_benchmark FOLDER SECONDS [THREADS]` loads random crops of
// 224 pixels in batches of 32 from a folder of images, epoch after epoch, and prints images per second.

#include "vision/loader.h"

#include <chrono>
#include <cstdlib>
#include <fmt/core.h>

#include "vision/folder.h"

namespace ridgeline::vision {
namespace {

Result<double> images_per_second(const std::string& path, double seconds, int threads) {
  ASSIGN_OR_RETURN(ImageFolder folder, scan_image_folder(path));
  LoaderConfig config;
  config.augmentation = Augmentation{};
  config.classes = static_cast<int>(folder.classes.size());
  config.shuffle = true;
  config.drop_last = true;
  config.threads = threads;
  ASSIGN_OR_RETURN(const std::unique_ptr<Loader> loader, Loader::open(std::move(folder.files), config));
  if (loader->batches_per_epoch() == 0) return invalid_argument("{}: holds less than one batch", path);
  const auto now = [] { return std::chrono::steady_clock::now(); };
  auto start = now();
  int64_t images = 0;
  for (;;) {
    ASSIGN_OR_RETURN(const std::optional<Batch> batch, loader->next());
    if (!batch) continue;
    if (loader->position().epoch == 0 && loader->position().batch <= 2) {
      start = now();  // the first batches warm the buffers
      continue;
    }
    images += batch->images.shape()[0];
    const double passed_s = std::chrono::duration<double>(now() - start).count();
    if (passed_s >= seconds) return static_cast<double>(images) / passed_s;
  }
}

}  // namespace
}  // namespace ridgeline::vision

int main(int argc, char** argv) {
  if (argc < 3) {
    fmt::print(stderr, "usage: loader_benchmark FOLDER SECONDS [THREADS]\n");
    return 2;
  }
  const auto speed =
      ridgeline::vision::images_per_second(argv[1], std::atof(argv[2]), argc > 3 ? std::atoi(argv[3]) : 2);
  if (!speed.ok()) {
    fmt::print(stderr, "loader_benchmark: {}\n", speed.status().message());
    return ridgeline::exit_code_of(speed.status().code());
  }
  fmt::print("{:.1f}\n", *speed);
}
