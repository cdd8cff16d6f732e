#include "serve/core/ordered_delivery.h"

namespace ridgeline::serve {

void OrderedDelivery::deliver(uint64_t place, std::vector<std::shared_ptr<Request>> batch) {
  std::unique_lock lock(mutex_);
  ready_.emplace(place, std::move(batch));
  if (delivering_) return;
  delivering_ = true;
  while (!ready_.empty() && ready_.begin()->first == delivered_) {
    const auto node = ready_.extract(ready_.begin());
    lock.unlock();
    for (const auto& request : node.mapped()) request->deliver();
    lock.lock();
    ++delivered_;
  }
  delivering_ = false;
}

}  // namespace ridgeline::serve
