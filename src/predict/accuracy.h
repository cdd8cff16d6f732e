#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "predict/predictor.h"
#include "vision/folder.h"

namespace ridgeline::predict {

/// How often a model is right.
struct Accuracy {
  int64_t images = 0;                ///< that were judged
  int64_t top1_hits = 0;             ///< the label has the highest score
  int64_t top5_hits = 0;             ///< the label is among the five highest
  std::vector<std::string> skipped;  ///< one line for each bad image

  double top1() const { return share(top1_hits); }
  double top5() const { return share(top5_hits); }

 private:
  double share(int64_t hits) const {
    return images == 0 ? 0 : static_cast<double>(hits) / static_cast<double>(images);
  }
};

/// The output of a model with `known` classes for each of a folder's: by name, or by order where the model
/// names none. kInvalidArgument names a class that the model does not have.
Result<std::vector<size_t>> outputs_of_classes(const std::vector<std::string>& known,
                                               const std::vector<std::string>& folder_classes);

/// Runs a labelled folder. Its classes are found among the contract's by name, or by their order where the
/// contract names none. kInvalidArgument where a class is not the model's, or no image could be read.
Result<Accuracy> measure_accuracy(Predictor& predictor, const vision::ImageFolder& folder,
                                  const CancelToken& cancel = {});

}  // namespace ridgeline::predict
