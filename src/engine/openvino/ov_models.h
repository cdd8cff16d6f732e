#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "engine/openvino/ov_support.h"

namespace ridgeline::ov_engine {

/// A model as OpenVINO has read it, with the options' static shapes.
struct ReadModel {
  std::shared_ptr<ov::Model> model;
  /// What it shares weights with; to be kept for those that are read later. Null: nothing.
  std::shared_ptr<const ov::Model> original;
};

/// Reads models. Those made of the same bytes share weights as long as one of them is kept: beside weights
/// that it lays out anew for each session OpenVINO keeps those that it was given. Thread-safe.
class Models {
 public:
  explicit Models(std::shared_ptr<ov::Core> core) : core_(std::move(core)) {}

  /// From the model's file when it keeps weights in others beside it, else from its bytes.
  Result<ReadModel> read(const plugin::Model& model, const SessionOptions& options);
  ov::Core& core() { return *core_; }

 private:
  /// The model's bytes by their address, as they outlive their sessions; its path.
  using Key = std::pair<const void*, std::string>;

  std::shared_ptr<const ov::Model> original_of(const plugin::Model& model);

  const std::shared_ptr<ov::Core> core_;
  std::mutex mutex_;
  std::map<Key, std::weak_ptr<const ov::Model>> known_;
};

}  // namespace ridgeline::ov_engine
