#include "quantize/quantizer.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

#include "predict/batch_loader.h"
#include "predict/image_input.h"
#include "quantize/observe.h"

namespace ridgeline::quantize {
namespace {

/// Pictures whose logits tell what a layer loses: the signal-to-noise ratio of many logits each needs few.
constexpr size_t kSensitivityPictures = 32;

// What each step takes, roughly, of a run's time.
constexpr double kCalibrated = 0.2;
constexpr double kRanked = 0.7;

class Quantizer {
 public:
  Quantizer(std::string_view name, const Pictures& pictures, const Runner& runner, const Options& options)
      : name_(name), pictures_(pictures), runner_(runner), options_(options) {}

  Result<Outcome> run(const Graph& model) {
    ASSIGN_OR_RETURN(prepared_, prepare(model));
    for (const Layer& layer : layers_of(prepared_)) outcome_.layers.push_back({layer.name, layer.op});
    if (outcome_.layers.empty())
      return unsupported("{}: no Conv, Gemm or MatMul with constant FP32 weights, so nothing to quantize",
                         name_);
    RETURN_IF_ERROR(calibrate());
    RETURN_IF_ERROR(rank());
    RETURN_IF_ERROR(choose(model));
    return std::move(outcome_);
  }

 private:
  Status calibrate() {
    ASSIGN_OR_RETURN(const predict::ImageInput input, predict::image_input_of(prepared_, name_));
    const Shape batch = input.shape(input.fixed_batch > 0 ? input.fixed_batch : runner_.batch);
    const ImageBatches batches = [&](const auto& take) { return load(input, batch, take); };
    ASSIGN_OR_RETURN(const auto seen,
                     observe(prepared_, values_to_observe(prepared_), batches,
                             {.engine = runner_.engine, .threads = runner_.threads, .batch_shape = batch}));
    if (outcome_.calibration_images == 0)
      return invalid_argument("none of {} images to calibrate with could be read; {}",
                              pictures_.calibration.size(), outcome_.skipped.front());
    for (const auto& [value, histogram] : seen)
      ranges_[value] = range_of(histogram, options_.method, options_.percentile);
    return {};
  }

  /// One pass over the pictures of calibration.
  Status load(const predict::ImageInput& input, const Shape& shape,
              const std::function<Status(const Tensor&, int64_t)>& take) {
    const std::vector<std::string>& files = pictures_.calibration;
    ASSIGN_OR_RETURN(const auto loader, predict::BatchLoader::start(files, input.contract.preprocessing,
                                                                    shape, runner_.threads));
    outcome_.skipped.clear();
    outcome_.calibration_images = 0;
    while (const predict::BatchLoader::Batch* batch = loader->next()) {
      if (runner_.cancel.requested())
        return cancelled("stopped after {} of {} images of calibration", batch->first, files.size());
      options_.progress(kCalibrated * static_cast<double>(batch->first) / static_cast<double>(files.size()),
                        "calibration");
      ASSIGN_OR_RETURN(Tensor images, Tensor::zeros(DType::kF32, shape));
      const size_t bytes = images.byte_size() / static_cast<size_t>(shape[0]);
      size_t readable = 0;
      for (size_t i = 0; i < batch->statuses.size(); ++i) {
        if (batch->statuses[i].ok())
          std::memcpy(images.data() + bytes * readable++, batch->images.data() + bytes * i, bytes);
        else
          outcome_.skipped.push_back(batch->statuses[i].message());
      }
      outcome_.calibration_images += readable;
      if (readable > 0) RETURN_IF_ERROR(take(images, static_cast<int64_t>(readable)));
    }
    return {};
  }

  Result<Answers> ask_with(const std::set<std::string>& float_layers, std::span<const std::string> files) {
    ASSIGN_OR_RETURN(const Graph graph, write_qdq(prepared_, ranges_, float_layers));
    return runner_.ask(graph, name_, files);
  }

  /// Each layer alone in INT8.
  Status rank() {
    const std::span files =
        std::span(pictures_.calibration).first(std::min(kSensitivityPictures, pictures_.calibration.size()));
    ASSIGN_OR_RETURN(const Answers reference, runner_.ask(prepared_, name_, files));
    std::set<std::string> others;
    for (const LayerOutcome& layer : outcome_.layers) others.insert(layer.name);
    double done = 0;
    for (LayerOutcome& layer : outcome_.layers) {
      options_.progress(
          kCalibrated + (kRanked - kCalibrated) * done++ / static_cast<double>(outcome_.layers.size()),
          "sensitivity of " + layer.name);
      others.erase(layer.name);
      ASSIGN_OR_RETURN(const Answers answers, ask_with(others, files));
      layer.sqnr_db = sqnr_db(reference.logits, answers.logits);
      others.insert(layer.name);
    }
    return {};
  }

  Status choose(const Graph& model) {
    std::vector<LayerOutcome*> worst_first;
    for (LayerOutcome& layer : outcome_.layers) worst_first.push_back(&layer);
    std::ranges::stable_sort(worst_first, {}, &LayerOutcome::sqnr_db);
    const auto worst = [&](size_t count) {
      std::set<std::string> names;
      for (size_t i = 0; i < count; ++i) names.insert(worst_first[i]->name);
      return names;
    };
    options_.progress(kRanked, "accuracy of the model in float");
    ASSIGN_OR_RETURN(const Answers before, runner_.ask(model, name_, pictures_.test));
    const size_t outputs = before.logits.size() / before.files.size();
    for (const int label : pictures_.test_labels)
      if (static_cast<size_t>(label) >= outputs)
        return invalid_argument("{}: the images have a class {}, the model {} outputs", name_, label,
                                outputs);
    outcome_.skipped.insert(outcome_.skipped.end(), before.skipped.begin(), before.skipped.end());
    outcome_.final = compare(before, before, pictures_.test_labels);
    const auto holds = [&](size_t count) -> Result<bool> {
      options_.progress(kRanked, fmt::format("accuracy with {} layers in float", count));
      ASSIGN_OR_RETURN(const Answers after, ask_with(worst(count), pictures_.test));
      const Comparison found = compare(before, after, pictures_.test_labels);
      if (count == 0) outcome_.all_int8 = found;
      const bool is_enough = found.drop_points() <= options_.max_drop_points;
      if (is_enough) outcome_.final = found;
      return is_enough;
    };
    ASSIGN_OR_RETURN(outcome_.search, search_float_layers(worst_first.size(), holds));
    for (size_t i = 0; i < outcome_.search.float_layers; ++i) worst_first[i]->int8 = false;
    ASSIGN_OR_RETURN(outcome_.graph, write_qdq(prepared_, ranges_, worst(outcome_.search.float_layers)));
    return {};
  }

  const std::string_view name_;
  const Pictures& pictures_;
  const Runner& runner_;
  const Options& options_;
  Graph prepared_;
  Ranges ranges_;
  Outcome outcome_;
};

}  // namespace

Result<Outcome> quantize(const Graph& model, std::string_view name, const Pictures& pictures,
                         const Runner& runner, const Options& options) {
  return Quantizer(name, pictures, runner, options).run(model);
}

}  // namespace ridgeline::quantize
