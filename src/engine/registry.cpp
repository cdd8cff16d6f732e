#include "engine/registry.h"

#include <algorithm>
#include <fmt/ranges.h>

#include "engine/native/native_engine.h"
#include "engine/null/null_engine.h"
#include "engine/plugin_host.h"

namespace ridgeline {

namespace {

/// An engine's name and, where it is part of this binary, its maker; the others are plugins.
struct EngineRow {
  std::string_view name;
  std::unique_ptr<Engine> (*make)() = nullptr;
};

constexpr EngineRow kEngines[] = {
    {.name = "native", .make = make_native_engine},
    {.name = "onnxruntime"},
    {.name = "onnxruntime-tensorrt"},
    {.name = "openvino"},
    {.name = "libtorch"},
    {.name = "null", .make = make_null_engine},
};

}  // namespace

EngineRegistry::EngineRegistry() : EngineRegistry(plugin_directories()) {}

EngineRegistry::EngineRegistry(const std::vector<std::string>& directories) {
  for (const EngineRow& row : kEngines) {
    engines_.push_back(row.make != nullptr ? row.make()
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
