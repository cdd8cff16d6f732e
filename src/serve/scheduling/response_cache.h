#pragma once

#include <cstring>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "serve/scheduling/content_hash.h"

namespace ridgeline::serve {

struct CacheUse {
  uint64_t entries = 0;
  uint64_t bytes = 0;
  uint64_t evictions = 0;
};

/// Answers by what was asked (model, version, inputs), within a budget of bytes; the least recently used
/// leave first. What was found stays alive with whoever found it, evicted or not. Safe from any thread.
template <typename Response>
class ResponseCache {
 public:
  explicit ResponseCache(uint64_t budget_bytes) : budget_bytes_(budget_bytes) {}

  /// Null when it is not here.
  std::shared_ptr<const Response> find(const ContentKey& key) {
    const std::lock_guard lock(mutex_);
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, found->second);
    return found->second->response;
  }

  /// Takes the place of an older answer to the same; an answer of more than the whole budget is not kept.
  /// `bytes`: what the response holds; the entry's own size is added.
  void insert(const ContentKey& key, std::shared_ptr<const Response> response, uint64_t bytes) {
    if (bytes > budget_bytes_ || bytes + kEntryBytes > budget_bytes_) return;
    std::list<Entry> leaving;  // destroyed after the lock is released
    const std::lock_guard lock(mutex_);
    if (const auto found = by_key_.find(key); found != by_key_.end()) remove(found->second, leaving);
    while (use_.bytes + bytes + kEntryBytes > budget_bytes_) {
      remove(std::prev(entries_.end()), leaving);
      ++use_.evictions;
    }
    entries_.push_front({key, std::move(response), bytes + kEntryBytes});
    by_key_[key] = entries_.begin();
    use_.bytes += bytes + kEntryBytes;
    use_.entries = entries_.size();
  }

  CacheUse use() const {
    const std::lock_guard lock(mutex_);
    return use_;
  }

 private:
  struct Entry {
    ContentKey key;
    std::shared_ptr<const Response> response;
    uint64_t bytes;
  };
  struct KeyHash {
    size_t operator()(const ContentKey& key) const {
      size_t first = 0;  // of a cryptographic hash every part is as good
      std::memcpy(&first, key.data(), sizeof(first));
      return first;
    }
  };
  /// The list's and the table's nodes, about.
  static constexpr uint64_t kEntryBytes = sizeof(Entry) + sizeof(ContentKey) + 6 * sizeof(void*);

  void remove(typename std::list<Entry>::iterator entry, std::list<Entry>& leaving) {
    use_.bytes -= entry->bytes;
    by_key_.erase(entry->key);
    leaving.splice(leaving.begin(), entries_, entry);
  }

  const uint64_t budget_bytes_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  ///< the most recently used first
  std::unordered_map<ContentKey, typename std::list<Entry>::iterator, KeyHash> by_key_;
  CacheUse use_;
};

}  // namespace ridgeline::serve
