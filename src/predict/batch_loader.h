#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "tensor/tensor.h"
#include "vision/preprocess.h"

namespace ridgeline::predict {

/// Decodes and preprocesses image files in order, on threads of its own, up to one batch ahead of its reader.
/// One thread reads.
class BatchLoader {
 public:
  struct Batch {
    size_t first = 0;              ///< index of its first file
    Tensor images;                 ///< of full size, also where files no longer fill it
    std::vector<Status> statuses;  ///< one per file; a bad image leaves its place in `images` undefined
  };

  /// `files` must outlive the loader. `shape` is a batch's, outermost the number of images.
  static Result<std::unique_ptr<BatchLoader>> start(std::span<const std::string> files,
                                                    const vision::Preprocessing& how, const Shape& shape,
                                                    int threads);
  ~BatchLoader();
  BatchLoader(const BatchLoader&) = delete;
  BatchLoader& operator=(const BatchLoader&) = delete;

  /// The next batch, valid until the next call; null after the last.
  const Batch* next();

 private:
  static constexpr size_t kSlots = 2;
  struct Slot {
    Batch batch;
    size_t done = 0;  ///< files of this batch that are decoded or failed
  };

  BatchLoader(std::span<const std::string> files, const vision::Preprocessing& how, size_t batch)
      : files_(files), how_(how), batch_(batch) {}
  void work();
  Status load(size_t file, Tensor& images) const;
  size_t files_in(size_t batch) const;

  const std::span<const std::string> files_;
  const vision::Preprocessing how_;
  const size_t batch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Under mutex_: the next file to decode, the batches that the reader has asked for and handed back, and the
  // slots' counts. Files are taken in order, so the oldest batch never waits for a newer one.
  size_t next_file_ = 0;
  size_t asked_ = 0;
  size_t released_ = 0;
  bool stop_ = false;
  std::array<Slot, kSlots> slots_;
  std::vector<std::thread> workers_;
};

}  // namespace ridgeline::predict
