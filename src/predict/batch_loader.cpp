#include "predict/batch_loader.h"

#include <algorithm>

#include "vision/decode.h"

namespace ridgeline::predict {

Result<std::unique_ptr<BatchLoader>> BatchLoader::start(std::span<const std::string> files,
                                                        const vision::Preprocessing& how, const Shape& shape,
                                                        int threads) {
  const auto batch = static_cast<size_t>(shape[0]);
  std::unique_ptr<BatchLoader> loader(new BatchLoader(files, how, batch));
  for (Slot& slot : loader->slots_) {
    ASSIGN_OR_RETURN(slot.batch.images, Tensor::zeros(DType::kF32, shape));
    slot.batch.statuses.resize(batch);
  }
  const size_t workers = std::min(static_cast<size_t>(threads), files.size());
  for (size_t i = 0; i < workers; ++i) loader->workers_.emplace_back([raw = loader.get()] { raw->work(); });
  return loader;
}

BatchLoader::~BatchLoader() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

size_t BatchLoader::files_in(size_t batch) const { return std::min(batch_, files_.size() - batch * batch_); }

const BatchLoader::Batch* BatchLoader::next() {
  std::unique_lock lock(mutex_);
  if (asked_ > released_) {
    slots_[released_ % kSlots].done = 0;
    ++released_;
    changed_.notify_all();
  }
  if (asked_ * batch_ >= files_.size()) return nullptr;
  const size_t number = asked_++;
  Slot& slot = slots_[number % kSlots];
  changed_.wait(lock, [&] { return slot.done == files_in(number); });
  slot.batch.first = number * batch_;
  slot.batch.statuses.resize(files_in(number));
  return &slot.batch;
}

void BatchLoader::work() {
  std::unique_lock lock(mutex_);
  while (!stop_ && next_file_ < files_.size()) {
    const size_t file = next_file_++;
    const size_t number = file / batch_;
    changed_.wait(lock, [&] { return stop_ || number < released_ + kSlots; });
    if (stop_) return;
    Slot& slot = slots_[number % kSlots];
    lock.unlock();
    Status status = load(file, slot.batch.images);
    lock.lock();
    slot.batch.statuses[file % batch_] = std::move(status);
    ++slot.done;
    changed_.notify_all();
  }
}

Status BatchLoader::load(size_t file, Tensor& images) const {
  ASSIGN_OR_RETURN(const vision::Image image, vision::load_image(files_[file]));
  const std::span<float> values = images.as<float>();
  const size_t per_image = values.size() / batch_;
  return vision::preprocess(image, how_, values.subspan(file % batch_ * per_image, per_image))
      .with_context(files_[file]);
}

}  // namespace ridgeline::predict
