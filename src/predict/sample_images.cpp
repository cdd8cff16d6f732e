#include "predict/sample_images.h"

#include <algorithm>

#include "vision/decode.h"
#include "vision/folder.h"
#include "vision/synth_scene.h"

namespace ridgeline::predict {
namespace {

constexpr int64_t kBatch = 8;

/// Preprocesses images one by one; what does not fill the last batch is left out unless it is the only one.
class Collector {
 public:
  Collector(const vision::Preprocessing& how, int64_t wanted) : how_(how), batch_(std::min(kBatch, wanted)) {}

  Status add(const vision::Image& image) {
    const int64_t place = samples_.count % batch_;
    if (place == 0) {
      ASSIGN_OR_RETURN(Tensor batch, Tensor::zeros(DType::kF32, how_.batch_shape(batch_)));
      samples_.batches.push_back(std::move(batch));
    }
    const std::span<float> values = samples_.batches.back().as<float>();
    const size_t per_image = values.size() / static_cast<size_t>(batch_);
    RETURN_IF_ERROR(
        vision::preprocess(image, how_, values.subspan(static_cast<size_t>(place) * per_image, per_image)));
    ++samples_.count;
    return {};
  }
  void skip(const std::string& reason) { samples_.skipped.push_back(reason); }

  Result<SampleImages> finish() {
    const int64_t left = samples_.count % batch_;
    if (left > 0 && samples_.batches.size() > 1) {
      samples_.batches.pop_back();
      samples_.count -= left;
    } else if (left > 0) {
      ASSIGN_OR_RETURN(samples_.batches[0], first_of(samples_.batches[0], left));
    }
    return std::move(samples_);
  }

 private:
  Result<Tensor> first_of(const Tensor& batch, int64_t count) const {
    const std::span<const float> values = batch.as<float>();
    return Tensor::from_values<float>(
        how_.batch_shape(count),
        values.first(values.size() / static_cast<size_t>(batch_) * static_cast<size_t>(count)));
  }

  const vision::Preprocessing how_;
  const int64_t batch_;
  SampleImages samples_;
};

}  // namespace

Result<SampleImages> sample_folder(const std::string& folder, const vision::Preprocessing& how,
                                   int64_t count) {
  ASSIGN_OR_RETURN(const vision::ImageFolder found, vision::scan_image_folder(folder));
  const auto files = static_cast<int64_t>(found.files.size());
  const int64_t wanted = std::min(count, files);
  Collector collector(how, wanted);
  for (int64_t i = 0; i < wanted; ++i) {
    const Result<vision::Image> image =
        vision::load_image(found.files[static_cast<size_t>(i * files / wanted)].path);
    if (image.ok())
      RETURN_IF_ERROR(collector.add(*image));
    else
      collector.skip(image.status().message());
  }
  ASSIGN_OR_RETURN(SampleImages samples, collector.finish());
  if (samples.count == 0)
    return invalid_argument("{}: none of {} images could be read; {}", folder, wanted,
                            samples.skipped.front());
  return samples;
}

Result<SampleImages> paint_samples(const vision::Preprocessing& how, int64_t count) {
  constexpr uint64_t kSeed = 1;
  Rng random(kSeed);
  Collector collector(how, count);
  for (int64_t i = 0; i < count; ++i) {
    const size_t species = static_cast<size_t>(i) % vision::kSpeciesNames.size();
    const int height = how.resize_shorter, width = how.resize_shorter * 4 / 3;
    RETURN_IF_ERROR(collector.add(vision::paint_flowers({species, species}, width, height, random)));
  }
  return collector.finish();
}

}  // namespace ridgeline::predict
