#include "train/libtorch/process_group.h"

#include <ATen/Functions.h>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

namespace ridgeline::train {
namespace {

constexpr int64_t kBucketBytes = 25 << 20;  // as PyTorch's DistributedDataParallel

/// The elements as they lie in memory, whatever the order of the axes.
at::Tensor flat(const at::Tensor& tensor) { return tensor.as_strided({tensor.numel()}, {1}); }

/// Runs of `tensors` of some kBucketBytes each.
std::vector<std::span<const at::Tensor>> buckets_of(std::span<const at::Tensor> tensors) {
  std::vector<std::span<const at::Tensor>> buckets;
  size_t begin = 0;
  int64_t bytes = 0;
  for (size_t i = 0; i < tensors.size(); ++i) {
    bytes += static_cast<int64_t>(tensors[i].nbytes());
    if (bytes < kBucketBytes && i + 1 < tensors.size()) continue;
    buckets.push_back(tensors.subspan(begin, i + 1 - begin));
    begin = i + 1;
    bytes = 0;
  }
  return buckets;
}

at::Tensor packed(std::span<const at::Tensor> tensors) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& tensor : tensors) parts.push_back(flat(tensor));
  return at::cat(parts).cpu();
}

void unpack(const at::Tensor& bucket, std::span<const at::Tensor> tensors) {
  int64_t begin = 0;
  for (const at::Tensor& tensor : tensors) {
    flat(tensor).copy_(bucket.narrow(0, begin, tensor.numel()));
    begin += tensor.numel();
  }
}

c10::intrusive_ptr<c10d::Store> open_store(const Rendezvous& rendezvous) {
  c10d::TCPStoreOptions options;
  options.port = static_cast<uint16_t>(rendezvous.port);
  options.isServer = rendezvous.rank == 0 && !rendezvous.has_agent;
  options.waitWorkers = false;  // the first collective waits
  return c10::make_intrusive<c10d::PrefixStore>(
      "ridgeline/" + rendezvous.attempt, c10::make_intrusive<c10d::TCPStore>(rendezvous.address, options));
}

}  // namespace

ProcessGroup::ProcessGroup(const Rendezvous& rendezvous) : world_size_(rendezvous.world_size) {
  const auto options = c10d::ProcessGroupGloo::Options::create();
  options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
  backend_ = c10::make_intrusive<c10d::ProcessGroupGloo>(open_store(rendezvous), rendezvous.rank,
                                                         rendezvous.world_size, options);
}

ProcessGroup::~ProcessGroup() = default;

void ProcessGroup::average(std::span<const at::Tensor> tensors) {
  struct Sent {
    std::vector<at::Tensor> bucket;
    c10::intrusive_ptr<c10d::Work> work;
    std::span<const at::Tensor> tensors;
  };
  std::vector<Sent> sent;
  for (const auto& bucket : buckets_of(tensors)) {
    sent.push_back({{packed(bucket)}, {}, bucket});
    sent.back().work = backend_->allreduce(sent.back().bucket);
  }
  for (const Sent& one : sent) {
    one.work->wait();
    unpack(one.bucket.front().div_(world_size_), one.tensors);
  }
}

void ProcessGroup::sum(std::span<double> values) {
  std::vector<at::Tensor> tensors{
      at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::kDouble)};
  backend_->allreduce(tensors)->wait();
}

void ProcessGroup::broadcast(std::span<const at::Tensor> tensors) {
  if (tensors.empty()) return;
  std::vector<at::Tensor> bucket{packed(tensors)};
  backend_->broadcast(bucket)->wait();
  unpack(bucket.front(), tensors);
}

}  // namespace ridgeline::train
