#include "predict/accuracy.h"

#include <algorithm>

namespace ridgeline::predict {
namespace {

constexpr size_t kTop5 = 5;

}  // namespace

Result<std::vector<size_t>> outputs_of_classes(const std::vector<std::string>& known,
                                               const std::vector<std::string>& folder_classes) {
  std::vector<size_t> outputs;
  for (const std::string& name : folder_classes) {
    if (known.empty()) {
      outputs.push_back(outputs.size());
      continue;
    }
    const auto found = std::find(known.begin(), known.end(), name);
    if (found == known.end())
      return invalid_argument("class '{}' of the images is not one of the model's {} classes", name,
                              known.size());
    outputs.push_back(static_cast<size_t>(found - known.begin()));
  }
  return outputs;
}

Result<Accuracy> measure_accuracy(Predictor& predictor, const vision::ImageFolder& folder,
                                  const CancelToken& cancel) {
  ASSIGN_OR_RETURN(const std::vector<size_t> outputs,
                   outputs_of_classes(predictor.input().contract.classes, folder.classes));
  if (outputs.size() > static_cast<size_t>(predictor.output_count()))
    return invalid_argument("the images have {} classes, the model {} outputs", outputs.size(),
                            predictor.output_count());
  std::vector<std::string> files;
  for (const vision::ImageFile& file : folder.files) files.push_back(file.path);
  Accuracy accuracy;
  const auto judge = [&](const Prediction& prediction) {
    if (!prediction.status.ok()) {
      accuracy.skipped.push_back(prediction.status.message());
      return;
    }
    const auto label = static_cast<size_t>(folder.files[prediction.index].label);
    const size_t rank = rank_of(prediction.logits, outputs[label]);
    ++accuracy.images;
    if (rank == 0) ++accuracy.top1_hits;
    if (rank < kTop5) ++accuracy.top5_hits;
  };
  RETURN_IF_ERROR(predictor.run(files, judge, cancel));
  if (accuracy.images == 0)
    return invalid_argument("none of {} images could be read; {}", files.size(), accuracy.skipped.front());
  return accuracy;
}

}  // namespace ridgeline::predict
