#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "engine/registry.h"
#include "predict/image_input.h"
#include "predict/scores.h"

namespace ridgeline::predict {

struct PredictorOptions {
  Precision precision = Precision::kFp32;
  std::string device = "cpu";
  int threads = 1;  ///< of the engine; as many others decode
  int batch = 1;    ///< a model that fixes its batch keeps its own
};

/// What a model says about one file.
struct Prediction {
  size_t index = 0;               ///< into the files
  Status status;                  ///< why there is no answer, naming the file; ok else
  std::span<const float> logits;  ///< first output, flat; valid during the call only
};

/// A model on an engine, fed with image files by its contract. Not to be run concurrently with itself.
class Predictor {
 public:
  /// `model` names it in messages. Errors are those of image_input_of and of the engine; kInvalidArgument
  /// where the contract's classes are not as many as the outputs.
  static Result<Predictor> make(const Graph& graph, std::string_view model, const Engine& engine,
                                const PredictorOptions& options);

  const ImageInput& input() const { return input_; }
  int64_t batch() const { return batch_; }
  Scores scores() const { return scores_; }
  /// Outputs per image.
  int64_t output_count() const { return outputs_; }

  /// Runs all files in batches, the next one being decoded while the engine works, and hands each file's
  /// prediction to `take` in order. A bad image is a prediction with a status; an engine's failure ends the
  /// run, as does `cancel` (kCancelled).
  Status run(std::span<const std::string> files, const std::function<void(const Prediction&)>& take,
             const CancelToken& cancel = {});

 private:
  Predictor() = default;
  Status hand_out(std::span<const TensorView> outputs, size_t first, std::span<const Status> statuses,
                  const std::function<void(const Prediction&)>& take) const;

  ImageInput input_;
  PredictorOptions options_;
  int64_t batch_ = 1;
  int64_t outputs_ = 0;
  Scores scores_ = Scores::kLogits;
  std::unique_ptr<Session> session_;
};

/// The fastest engine that is here and can run the model so, by the order in which races on CPUs usually end
/// (OpenVINO, ONNX Runtime, LibTorch, native); the registry's other engines after those, the null engine
/// never. kUnavailable, with the reasons, where there is none.
Result<const Engine*> best_engine(const EngineRegistry& engines, const Graph& graph, std::string_view model,
                                  const PredictorOptions& options);

}  // namespace ridgeline::predict
