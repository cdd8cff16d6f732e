#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "bench/results.h"
#include "engine/engine.h"

namespace ridgeline::bench {

/// The ideal work of one call of an operator, or of those that an engine fused to one.
struct OpCost {
  double flops = 0;
  double bytes = 0;
};

struct ProfiledOp {
  OpTime time;
  std::optional<OpCost> cost;  ///< absent for an engine's own work, which is no layer of the model
};

/// Where one cell's time goes, as its engine's profiler tells it, in execution order.
struct Profile {
  std::vector<ProfiledOp> ops;

  double total_us() const;
};

/// Writes DIR/profiles/<what makes the cell itself>.json.
Status save_profile(const std::string& directory, const Cell& cell, const Profile& profile);

/// kNotFound, naming the file, when the cell was not profiled; kInvalidArgument when the file is broken.
Result<Profile> load_profile(const std::string& directory, const Cell& cell);

/// Those of the cells that were profiled, by identity_of(cell); kInvalidArgument when a file is broken.
Result<std::map<std::string, Profile>> load_profiles(const std::string& directory,
                                                     std::span<const Cell> cells);

/// Copies what FROM/profiles holds to TO/profiles.
Status copy_profiles(const std::string& from, const std::string& to);

}  // namespace ridgeline::bench
