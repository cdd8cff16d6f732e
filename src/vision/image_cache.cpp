#include "vision/image_cache.h"

namespace ridgeline::vision {

std::shared_ptr<const DecodedImage> ImageCache::find(int64_t sample) const {
  if (budget_bytes_ == 0) return nullptr;
  const std::lock_guard lock(mutex_);
  const auto found = images_.find(sample);
  return found == images_.end() ? nullptr : found->second;
}

bool ImageCache::has_room_for(int64_t bytes) const {
  if (budget_bytes_ == 0) return false;
  const std::lock_guard lock(mutex_);
  return bytes <= budget_bytes_ - used_bytes_;
}

void ImageCache::offer(int64_t sample, std::shared_ptr<const DecodedImage> image) {
  const auto bytes = static_cast<int64_t>(image->pixels.rgb.size());
  const std::lock_guard lock(mutex_);
  if (bytes > budget_bytes_ - used_bytes_) return;
  if (images_.emplace(sample, std::move(image)).second) used_bytes_ += bytes;
}

}  // namespace ridgeline::vision
