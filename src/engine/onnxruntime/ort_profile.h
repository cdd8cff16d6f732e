#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace ridgeline::ort {

/// A directory of its own for the trace that a profiled session writes, removed with this object.
class ProfileFile {
 public:
  static Result<ProfileFile> create();
  ~ProfileFile();
  ProfileFile(ProfileFile&& other) noexcept : directory_(std::exchange(other.directory_, {})) {}
  ProfileFile& operator=(ProfileFile&&) = delete;

  /// What SessionOptions::EnableProfiling takes.
  std::string prefix() const { return directory_ + "/trace"; }

 private:
  explicit ProfileFile(std::string directory) : directory_(std::move(directory)) {}
  std::string directory_;
};

/// Mean kernel time per node of a trace, in execution order, without each node's first `skipped_runs` runs.
/// Names are those of the graph that ran: ONNX Runtime names a fused node after its first, and its own layout
/// changes by kind.
Result<std::vector<OpTime>> read_profile(const std::string& path, int skipped_runs);

}  // namespace ridgeline::ort
