#include "vision/synth.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <mutex>
#include <unistd.h>
#include <vector>

#include "base/cpu_features.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/thread_pool.h"
#include "vision/encode.h"
#include "vision/synth_scene.h"

namespace ridgeline::vision {
namespace fs = std::filesystem;
namespace {

/// One file to make.
struct Order {
  std::string folder;
  int index;  ///< within the folder
  Parents parents;
  uint64_t seed;
};

int uniform_int(Rng& random, int low, int high) {
  return low + static_cast<int>(random.below(static_cast<uint64_t>(high - low) + 1));
}

/// The parents of one class's `count` flowers, in random order: hybrids with both neighbours in equal number,
/// as the neighbours have with it.
std::vector<Parents> draw_parents(size_t species, int count, Rng& random) {
  constexpr size_t kSpecies = kSpeciesNames.size();
  const auto hybrids = static_cast<size_t>(std::lround(count * kHybridShare / 2));
  std::vector<Parents> parents(static_cast<size_t>(count), {species, species});
  for (size_t i = 0; i < hybrids; ++i) {
    parents[2 * i] = {species, (species + 1) % kSpecies};
    parents[2 * i + 1] = {(species + kSpecies - 1) % kSpecies, species};
  }
  std::shuffle(parents.begin(), parents.end(), random);
  return parents;
}

std::vector<Order> plan(const std::string& path, const SynthOptions& options) {
  Rng random(options.seed);
  std::vector<Order> orders;
  for (const bool train : {true, false})
    for (size_t species = 0; species < kSpeciesNames.size(); ++species) {
      const int count = train ? options.images_per_class : std::max(1, options.images_per_class / 2);
      const std::string folder =
          fmt::format("{}/{}/{}", path, train ? "train" : "test", kSpeciesNames[species]);
      for (const Parents& parents : draw_parents(species, count, random)) {
        const int index = orders.empty() || orders.back().folder != folder ? 0 : orders.back().index + 1;
        orders.push_back({folder, index, parents, random.next()});
      }
    }
  return orders;
}

struct EncodedFile {
  std::string extension;
  std::string bytes;
};

/// Every sixteenth file is a PNG, in turn with alpha, gray and plain; among the JPEGs some are gray or
/// progressive.
Result<EncodedFile> encode_varied(const Image& image, int index) {
  if (index % 16 == 7) {
    constexpr std::array kColors = {PngColor::kRgba, PngColor::kGray, PngColor::kRgb};
    ASSIGN_OR_RETURN(std::string bytes,
                     encode_png(image, kColors[static_cast<size_t>(index / 16) % kColors.size()]));
    return EncodedFile{".png", std::move(bytes)};
  }
  ASSIGN_OR_RETURN(std::string bytes,
                   encode_jpeg(image, {.gray = index % 60 == 4, .progressive = index % 5 == 2}));
  return EncodedFile{index % 7 == 1 ? ".JPEG" : ".jpg", std::move(bytes)};
}

Result<EncodedFile> encode_plain(const Image& image) {
  ASSIGN_OR_RETURN(std::string bytes, encode_jpeg(image, {}));
  return EncodedFile{".jpg", std::move(bytes)};
}

Status fill(const Order& order, const SynthOptions& options) {
  Rng random(order.seed);
  const bool varied = options.width == 0;
  const int width = varied ? uniform_int(random, 181, 521) : options.width;
  const int height = varied ? uniform_int(random, 181, 401) : options.height;
  const Image image = paint_flowers(order.parents, width, height, random);
  ASSIGN_OR_RETURN(const EncodedFile file, varied ? encode_varied(image, order.index) : encode_plain(image));
  const std::string_view stem = order.index % 2 == 0 ? "снимок" : "photo";
  return write_file_atomically(fmt::format("{}/{} {:03}{}", order.folder, stem, order.index, file.extension),
                               file.bytes);
}

Status fill_all(const std::vector<Order>& orders, const SynthOptions& options, const CancelToken& cancel,
                const std::function<void(double)>& progress) {
  for (const Order& order : orders)
    if (order.index == 0) RETURN_IF_ERROR(make_directories(order.folder));
  std::mutex mutex;
  Status first_error;
  size_t done = 0;
  ThreadPool pool(allowed_cpus());
  pool.parallel_for(static_cast<int64_t>(orders.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end && !cancel.requested(); ++i) {
      Status status = fill(orders[static_cast<size_t>(i)], options);
      const std::lock_guard lock(mutex);
      if (!status.ok() && first_error.ok()) first_error = std::move(status);
      progress(static_cast<double>(++done) / static_cast<double>(orders.size()));
    }
  });
  return cancel.requested() ? cancelled("stopped; no folder was made") : first_error;
}

Status check(const std::string& path, const SynthOptions& options) {
  constexpr int kMostPixels = 16384;
  if (options.images_per_class < 1) return invalid_argument("--images-per-class must be at least 1");
  if ((options.width == 0) != (options.height == 0))
    return invalid_argument("--width and --height go together: give both or none");
  for (const int side : {options.width, options.height})
    if (side < 0 || side > kMostPixels)
      return invalid_argument("--width and --height go from 1 to {}, not {}", kMostPixels, side);
  std::error_code error;
  if (fs::exists(path, error) && !(fs::is_directory(path, error) && fs::is_empty(path, error)))
    return already_exists("{}: is not empty; name a new folder", path);
  return {};
}

}  // namespace

Status write_synth_folder(const std::string& path, const SynthOptions& options, const CancelToken& cancel,
                          const std::function<void(double)>& progress) {
  RETURN_IF_ERROR(check(path, options));
  const std::string beside =
      fmt::format("{}.{}.partial", fs::path(path + "/.").parent_path().string(), getpid());
  std::error_code error;
  Status status = fill_all(plan(beside, options), options, cancel, progress);
  if (status.ok()) {
    fs::rename(beside, path, error);
    if (error) status = unavailable("{}: cannot be renamed to {} ({})", beside, path, error.message());
  }
  if (!status.ok()) fs::remove_all(beside, error);
  return status;
}

}  // namespace ridgeline::vision
