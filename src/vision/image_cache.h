#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "vision/image_reader.h"

namespace ridgeline::vision {

/// Decoded pictures within a budget of bytes. What is in stays in: an epoch visits every picture once, so
/// throwing the oldest out would throw out the one that is needed next. Thread-safe.
class ImageCache {
 public:
  explicit ImageCache(int64_t budget_bytes) : budget_bytes_(budget_bytes) {}

  /// Null where the picture is not there.
  std::shared_ptr<const DecodedImage> find(int64_t sample) const;
  bool has_room_for(int64_t bytes) const;
  /// Keeps the picture if there still is room.
  void offer(int64_t sample, std::shared_ptr<const DecodedImage> image);

 private:
  const int64_t budget_bytes_;
  mutable std::mutex mutex_;
  int64_t used_bytes_ = 0;
  std::unordered_map<int64_t, std::shared_ptr<const DecodedImage>> images_;
};

}  // namespace ridgeline::vision
