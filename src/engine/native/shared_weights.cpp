#include "engine/native/shared_weights.h"

#include <algorithm>
#include <atomic>

#include "base/thread_pool.h"

namespace ridgeline::native {
namespace {

/// Packing fewer bytes takes less than opening a file does.
constexpr size_t kLeastFileBytes = size_t{64} << 10;

Result<std::shared_ptr<HeldWeights>> memory_for(size_t bytes) {
  auto held = std::make_shared<HeldWeights>();
  ASSIGN_OR_RETURN(held->packed, Tensor::zeros(DType::kU8, {static_cast<int64_t>(bytes)}));
  return held;
}

}  // namespace

std::shared_ptr<HeldWeights> SharedWeights::held(const WeightsKey& key) const {
  const auto found = held_.find(key);
  return found == held_.end() ? nullptr : found->second.lock();
}

Result<std::shared_ptr<HeldWeights>> SharedWeights::take(const WeightsKey& key, size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    if (auto others = held(key)) return others;
  }
  std::shared_ptr<HeldWeights> own;
  if (const auto kept = files_ && bytes >= kLeastFileBytes ? files_->find(key, bytes) : std::nullopt) {
    own = std::make_shared<HeldWeights>(*kept);
    std::call_once(own->pack_once, [] {});
  } else {
    ASSIGN_OR_RETURN(own, memory_for(bytes));
  }
  const std::lock_guard lock(mutex_);
  if (auto others = held(key)) return others;
  std::erase_if(held_, [](const auto& entry) { return entry.second.expired(); });
  held_[key] = own;
  return own;
}

void SharedWeights::keep(const WeightsKey& key, const Tensor& packed) const {
  if (files_ && packed.byte_size() >= kLeastFileBytes) files_->keep(key, packed);
}

void SharedWeights::remove_old_files() const {
  if (files_) files_->remove_old();
}

Result<Tensor> Packer::add(PackedWeights weights) {
  Job job;
  if (shared_ == nullptr) {
    ASSIGN_OR_RETURN(job.held, memory_for(weights.bytes));
  } else {
    job.key = key_of(weights.layout, {weights.plain.data, weights.plain.byte_size()});
    ASSIGN_OR_RETURN(job.held, shared_->take(job.key, weights.bytes));
  }
  job.weights = std::move(weights);
  Tensor& packed = job.held->packed;
  Tensor lent = Tensor::wrap(packed.dtype(), packed.shape(), packed.data(), job.held);
  jobs_.push_back(std::move(job));
  return lent;
}

size_t Packer::shared_bytes() const {
  std::map<const HeldWeights*, size_t> bytes;  // layers may share weights
  if (shared_ != nullptr)
    for (const Job& job : jobs_) bytes[job.held.get()] = job.held->packed.byte_size();
  size_t sum = 0;
  for (const auto& [held, size] : bytes) sum += size;
  return sum;
}

void Packer::hold(std::span<const Tensor> plain) {
  std::map<const std::byte*, const Tensor*> by_data;
  for (const Tensor& tensor : plain) by_data[tensor.data()] = &tensor;
  for (Job& job : jobs_)
    if (const auto found = by_data.find(job.weights.plain.data); found != by_data.end())
      job.plain = *found->second;
}

bool Packer::pack(Job& job) const {
  bool is_ours = false;
  std::call_once(job.held->pack_once, [&] {
    job.weights.pack(job.held->packed.data());
    if (shared_ != nullptr) shared_->keep(job.key, job.held->packed);
    is_ours = true;
  });
  job.weights = {};
  job.plain = {};
  return is_ours;
}

void Packer::finish(int threads) {
  if (jobs_.empty()) return;
  std::ranges::sort(jobs_, std::ranges::greater(), [](const Job& job) { return job.weights.bytes; });
  std::atomic<bool> any = false;
  ThreadPool pool(threads);
  pool.parallel_for(static_cast<int64_t>(jobs_.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      if (pack(jobs_[static_cast<size_t>(i)])) any = true;
  });
  if (any && shared_ != nullptr) shared_->remove_old_files();
  jobs_.clear();
}

}  // namespace ridgeline::native
