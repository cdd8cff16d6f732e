#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace ridgeline {

/// Whether packed weights outlive the process, in cache_folder()'s "plans". The environment variable
/// RIDGELINE_PLAN_CACHE ("on" or "off") goes before this.
enum class PlanCache { kOff, kOn };

/// The engines that this program knows, whether they are here or not (probe() tells), in the order in which
/// tables list them; after those a user's own, one for each further libridgeline_<name>.so in the plugin
/// directories. Cheap to make: no library is opened before its engine is asked something. Immutable, so
/// thread-safe.
class EngineRegistry {
 public:
  /// Plugins from plugin_directories().
  explicit EngineRegistry(PlanCache cache = PlanCache::kOff);
  /// Plugins from `directories`, the first that has one wins.
  explicit EngineRegistry(const std::vector<std::string>& directories, PlanCache cache = PlanCache::kOff);

  std::span<const std::unique_ptr<const Engine>> engines() const { return engines_; }
  std::vector<std::string_view> names() const;

  /// Valid as long as the registry. kInvalidArgument with the known names where there is none of this name.
  Result<const Engine*> find(std::string_view name) const;

 private:
  std::vector<std::unique_ptr<const Engine>> engines_;
};

}  // namespace ridgeline
