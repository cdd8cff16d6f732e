#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"
#include "vision/augment.h"
#include "vision/folder.h"
#include "vision/preprocess.h"

namespace ridgeline::vision {

struct LoaderConfig {
  /// Crop is the side of the images; mean, stddev, interpolation and colour order hold for training and
  /// evaluation, the resize for evaluation only. Its layout is the model's; the batches' is below.
  Preprocessing preprocessing;
  /// None for evaluation: every file is decoded exactly, resized and cropped at the centre.
  std::optional<Augmentation> augmentation;
  int classes = 0;             ///< width of the targets; every label is below it
  double label_smoothing = 0;  ///< share of a target spread over all classes
  int batch_size = 32;         ///< images in this rank's batch
  bool shuffle = false;        ///< a new order each epoch
  bool drop_last = false;      ///< leave out a last batch that is not full
  uint64_t seed = 0;           ///< of the order, the augmentation and the mixing
  int threads = 2;             ///< decode beside the caller, at idle priority
  /// Memory for pictures that stay decoded: evaluation keeps its crops; training keeps whole pictures, at the
  /// smallest scale (1/2, 1/4, 1/8) that leaves their shorter side at two crops or more. All pictures then
  /// have that scale, whether they found room or not, so that batches do not depend on which did.
  int64_t cache_bytes = 0;
  Layout layout = Layout::kNhwc;
  DType dtype = DType::kF32;  ///< of the images: kF32 or kBF16
  int rank = 0;
  int world_size = 1;
};

struct Batch {
  Tensor images;   ///< N × H × W × 3 (channels-last memory) or N × 3 × H × W, as the configuration's layout
  Tensor targets;  ///< N × classes FP32 probabilities: smoothing and mixing are folded in
  std::vector<int64_t> labels;  ///< N, before mixing
};

/// The batch that comes next. It is all that a checkpoint needs to go on bit for bit.
struct LoaderPosition {
  int64_t epoch = 0;
  int64_t batch = 0;
  bool operator==(const LoaderPosition&) const = default;
};

/// Makes batches of image files ahead of their use. What a batch holds depends on the files and the
/// configuration alone (not on threads, rank's timing or what is cached): each sample draws from its own
/// stream, seeded by (seed, epoch, place in the epoch's order).
///
/// With several ranks, rank r has samples r, r + world_size, … of the epoch's order, so that the ranks'
/// batches together are one batch of a single process. Training repeats samples from the order's start until
/// all ranks have equally many.
///
/// A file that can't be decoded is left out and named by bad_files(): training puts the next good one of its
/// order in its place, evaluation hands out a smaller batch (and none that is empty).
class Loader {
  class Impl;

 public:
  /// kInvalidArgument for no files, a label outside the classes, and impossible numbers.
  static Result<std::unique_ptr<Loader>> open(std::vector<ImageFile> files, const LoaderConfig& config);
  explicit Loader(std::unique_ptr<Impl> impl);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  /// Batches of one epoch of this rank.
  int64_t batches_per_epoch() const;
  /// The next batch, or none at the end of an epoch; the call after that starts the next epoch. The calling
  /// thread decodes too while its batch is not ready. kInvalidArgument when no file at all can be decoded.
  /// One thread calls. A batch's memory is used again once all copies of its tensors are gone.
  Result<std::optional<Batch>> next();
  LoaderPosition position() const;
  /// Goes on from there; what was prepared for elsewhere is thrown away.
  void seek(const LoaderPosition& position);
  /// What could not be decoded so far, in the files' order.
  std::vector<BadFile> bad_files() const;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace ridgeline::vision
