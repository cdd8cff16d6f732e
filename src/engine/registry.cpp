#include "engine/registry.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/ranges.h>

#include "base/file.h"
#include "engine/native/native_engine.h"
#include "engine/null/null_engine.h"
#include "engine/plugin_host.h"

namespace ridgeline {

namespace {

/// Empty for none.
std::string plan_folder(PlanCache cache) {
  const char* const wanted = std::getenv("RIDGELINE_PLAN_CACHE");
  const std::string_view answer = wanted == nullptr ? "" : wanted;
  const bool is_on = answer == "on" || (answer != "off" && cache == PlanCache::kOn);
  const Result<std::string> folder = cache_folder();
  return is_on && folder.ok() ? *folder + "/plans" : "";
}

/// An engine's name and, where it is part of this binary, its maker; the others are plugins.
struct EngineRow {
  std::string_view name;
  std::unique_ptr<Engine> (*make)(PlanCache cache) = nullptr;
};

constexpr EngineRow kEngines[] = {
    {.name = "native", .make = [](PlanCache cache) { return make_native_engine({plan_folder(cache)}); }},
    {.name = "onnxruntime"},
    {.name = "onnxruntime-tensorrt"},
    {.name = "openvino"},
    {.name = "libtorch"},
    {.name = "null", .make = [](PlanCache) { return make_null_engine(); }},
};

}  // namespace

EngineRegistry::EngineRegistry(PlanCache cache) : EngineRegistry(plugin_directories(), cache) {}

EngineRegistry::EngineRegistry(const std::vector<std::string>& directories, PlanCache cache) {
  for (const EngineRow& row : kEngines) {
    engines_.push_back(row.make != nullptr ? row.make(cache)
                                           : make_plugin_engine(std::string(row.name), directories));
  }
  for (const std::string& name : plugin_names(directories)) {
    const auto known = names();
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      engines_.push_back(make_plugin_engine(name, directories));
    }
  }
}

std::vector<std::string_view> EngineRegistry::names() const {
  std::vector<std::string_view> names;
  names.reserve(engines_.size());
  for (const auto& engine : engines_) names.push_back(engine->name());
  return names;
}

Result<const Engine*> EngineRegistry::find(std::string_view name) const {
  for (const auto& engine : engines_) {
    if (engine->name() == name) return engine.get();
  }
  return invalid_argument("unknown engine '{}'; engines: {}", name, fmt::join(names(), ", "));
}

}  // namespace ridgeline
