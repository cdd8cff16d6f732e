#include "vision/check.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <span>

#include "base/cpu_features.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/thread_pool.h"
#include "vision/decode.h"

namespace ridgeline::vision {
namespace {

/// What is kept of one file.
struct Facts {
  const ImageFile* file = nullptr;
  bool for_training = false;
  std::string reason;  ///< why it cannot be decoded; empty for a good file
  int width = 0, height = 0;
  uint64_t bytes_hash = 0;
  uint64_t pixels_hash = 0;
  std::array<double, 3> mean = {};
  std::array<double, 3> mean_square = {};
};

void measure_channels(const Image& image, Facts& facts) {
  std::array<uint64_t, 3> sum = {};
  std::array<uint64_t, 3> squares = {};
  for (size_t i = 0; i < image.rgb.size(); i += 3)
    for (size_t c = 0; c < 3; ++c) {
      const uint64_t value = image.rgb[i + c];
      sum[c] += value;
      squares[c] += value * value;
    }
  const double pixels = static_cast<double>(image.rgb.size()) / 3;
  for (size_t c = 0; c < 3; ++c) {
    facts.mean[c] = static_cast<double>(sum[c]) / pixels / 255;
    facts.mean_square[c] = static_cast<double>(squares[c]) / pixels / (255.0 * 255);
  }
}

void examine(Facts& facts) {
  const Result<std::string> content = read_file(facts.file->path);
  const Result<Image> image =
      content.ok() ? decode_image(std::as_bytes(std::span(*content)), facts.file->path) : content.status();
  if (!image.ok()) {
    const std::string prefix = facts.file->path + ": ";
    const Status status = image.status();
    const std::string& message = status.message();
    facts.reason = message.starts_with(prefix) ? message.substr(prefix.size()) : message;
    return;
  }
  facts.width = image->width;
  facts.height = image->height;
  facts.bytes_hash = hash_bytes(*content);
  facts.pixels_hash = hash_bytes({reinterpret_cast<const char*>(image->rgb.data()), image->rgb.size()},
                                 static_cast<uint64_t>(image->width));
  measure_channels(*image, facts);
}

std::vector<Facts> list_files(const DataFolder& data) {
  std::vector<Facts> facts;
  for (const ImageFolder* side : {&data.train, &data.test})
    for (const ImageFile& file : side->files)
      facts.push_back({.file = &file, .for_training = side == &data.train});
  return facts;
}

void examine_all(std::vector<Facts>& facts, const CheckOptions& options) {
  std::mutex mutex;
  size_t done = 0;
  ThreadPool pool(allowed_cpus());
  pool.parallel_for(static_cast<int64_t>(facts.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end && !options.cancel.requested(); ++i) {
      examine(facts[static_cast<size_t>(i)]);
      const std::lock_guard lock(mutex);
      options.progress(static_cast<double>(++done) / static_cast<double>(facts.size()));
    }
  });
}

SamePicture describe(std::span<const Facts* const> group) {
  SamePicture same{.same_bytes = true};
  for (const Facts* facts : group) {
    same.paths.push_back(facts->file->path);
    same.same_bytes &= facts->bytes_hash == group[0]->bytes_hash;
    same.leak |= facts->for_training != group[0]->for_training;
    same.labels_differ |= facts->file->label != group[0]->file->label;
  }
  std::ranges::sort(same.paths);
  return same;
}

std::vector<SamePicture> find_same_pictures(const std::vector<Facts>& all) {
  std::map<std::array<uint64_t, 3>, std::vector<const Facts*>> groups;
  for (const Facts& facts : all)
    if (facts.reason.empty())
      groups[{facts.pixels_hash, static_cast<uint64_t>(facts.width), static_cast<uint64_t>(facts.height)}]
          .push_back(&facts);
  std::vector<SamePicture> found;
  for (const auto& [key, group] : groups)
    if (group.size() > 1) found.push_back(describe(group));
  std::ranges::sort(found, {}, [](const SamePicture& same) { return same.paths.front(); });
  return found;
}

Spread spread_of(std::vector<int> values) {
  if (values.empty()) return {};
  std::ranges::sort(values);
  return {values.front(), values[values.size() / 2], values.back()};
}

/// The input sizes that classifiers are trained at lie on the edges.
std::vector<SizeBin> histogram(const std::vector<int>& shorter_sides) {
  constexpr std::array kEdges = {1, 32, 64, 128, 224, 256, 384, 512, 768, 1024, 2048, 4096, 1 << 29};
  std::vector<SizeBin> bins;
  for (size_t i = 0; i + 1 < kEdges.size(); ++i) {
    const auto count = std::ranges::count_if(
        shorter_sides, [&](int side) { return side >= kEdges[i] && side < kEdges[i + 1]; });
    if (count > 0 || !bins.empty()) bins.push_back({kEdges[i], kEdges[i + 1], static_cast<int>(count)});
  }
  while (!bins.empty() && bins.back().images == 0) bins.pop_back();
  return bins;
}

void count_sizes(const std::vector<Facts>& all, DataReport& report) {
  std::vector<int> widths, heights, shorter_sides;
  for (const Facts& facts : all) {
    if (!facts.reason.empty()) continue;
    widths.push_back(facts.width);
    heights.push_back(facts.height);
    shorter_sides.push_back(std::min(facts.width, facts.height));
  }
  report.width = spread_of(std::move(widths));
  report.height = spread_of(std::move(heights));
  report.shorter_sides = histogram(shorter_sides);
}

void average_channels(const std::vector<Facts>& all, DataReport& report) {
  double images = 0;
  std::array<double, 3> mean_square = {};
  for (const Facts& facts : all) {
    if (!facts.for_training || !facts.reason.empty()) continue;
    ++images;
    for (size_t c = 0; c < 3; ++c) {
      report.mean[c] += facts.mean[c];
      mean_square[c] += facts.mean_square[c];
    }
  }
  if (images == 0) return;
  for (size_t c = 0; c < 3; ++c) {
    report.mean[c] /= images;
    report.stddev[c] = std::sqrt(std::max(0.0, mean_square[c] / images - report.mean[c] * report.mean[c]));
  }
}

void count_classes(const std::vector<Facts>& all, const DataFolder& data, DataReport& report) {
  for (const std::string& name : data.classes()) report.classes.push_back({name});
  for (const Facts& facts : all) {
    ClassCount& count = report.classes[static_cast<size_t>(facts.file->label)];
    if (facts.reason.empty()) ++(facts.for_training ? count.train : count.test);
  }
}

/// A class of a tenth of the largest one's images is easily never predicted at all.
void judge_balance(DataReport& report) {
  constexpr int kLopsided = 10;
  const auto [least, most] = std::ranges::minmax_element(report.classes, {}, &ClassCount::train);
  if (least->train * kLopsided < most->train)
    report.warnings.push_back(fmt::format("class '{}' has {} usable training images, '{}' has {}",
                                          least->name, least->train, most->name, most->train));
}

}  // namespace

Result<DataReport> check_data(const std::string& root, const CheckOptions& options) {
  ASSIGN_OR_RETURN(const DataFolder data, scan_data_folder(root, options.split));
  std::vector<Facts> all = list_files(data);
  examine_all(all, options);
  if (options.cancel.requested()) return cancelled("{}: stopped before every file was seen", root);
  DataReport report{.files = static_cast<int>(all.size()),
                    .test_source = data.test_source,
                    .warnings = data.warnings,
                    .problems = data.problems};
  for (const ImageFolder* side : {&data.train, &data.test})
    for (const auto& [extension, count] : side->other_files) report.other_files[extension] += count;
  for (const Facts& facts : all)
    if (!facts.reason.empty()) report.bad.push_back({facts.file->path, facts.reason});
  std::ranges::sort(report.bad, {}, &BadFile::path);
  count_classes(all, data, report);
  report.same_pictures = find_same_pictures(all);
  count_sizes(all, report);
  average_channels(all, report);
  judge_balance(report);
  return report;
}

}  // namespace ridgeline::vision
