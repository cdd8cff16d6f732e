#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/native/weight_files.h"
#include "engine/native/weights_key.h"
#include "tensor/tensor.h"

namespace ridgeline::native {

/// Packed weights of one key. Whoever first calls pack_once packs them, all others wait for that.
struct HeldWeights {
  Tensor packed;
  std::once_flag pack_once{};
};

/// The packed weights that an engine's sessions hold: of one key once, however many sessions hold them, and
/// until the last of those ends. Thread-safe.
class SharedWeights {
 public:
  /// Without `files`, nothing outlives the sessions.
  explicit SharedWeights(std::optional<WeightFiles> files = {}) : files_(std::move(files)) {}

  /// What another session holds, else what a file has, else memory for `bytes` bytes that wants packing.
  Result<std::shared_ptr<HeldWeights>> take(const WeightsKey& key, size_t bytes);
  /// In a file, if files are kept and this is worth one.
  void keep(const WeightsKey& key, const Tensor& packed) const;
  void remove_old_files() const;

 private:
  std::shared_ptr<HeldWeights> held(const WeightsKey& key) const;

  std::mutex mutex_;
  std::map<WeightsKey, std::weak_ptr<HeldWeights>> held_;
  std::optional<WeightFiles> files_;
};

/// Weights to be packed. What `pack` writes follows from `layout` and the plain weights alone.
struct PackedWeights {
  std::string layout;
  TensorView plain;  ///< stays valid until they are packed
  size_t bytes = 0;
  std::function<void(void* packed)> pack;
};

/// Collects what one plan wants packed, so that all is packed at once, on all threads.
class Packer {
 public:
  /// `shared` may be null: then all is packed for this plan alone.
  explicit Packer(SharedWeights* shared) : shared_(shared) {}

  /// Memory that holds the packed weights after finish(), shared with all who hold the same.
  Result<Tensor> add(PackedWeights weights);
  /// Those of the plain weights that nobody else has to hold: each is let go when it is packed.
  void hold(std::span<const Tensor> plain);
  /// Of what was added and is not yet finished, what others hold too or may come to hold.
  size_t shared_bytes() const;
  void finish(int threads);

 private:
  struct Job {
    WeightsKey key;
    std::shared_ptr<HeldWeights> held;
    PackedWeights weights;
    Tensor plain{};
  };
  /// Whether it was this plan that packed them.
  bool pack(Job& job) const;

  SharedWeights* shared_;
  std::vector<Job> jobs_;
};

}  // namespace ridgeline::native
