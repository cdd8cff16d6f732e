#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace ridgeline {

/// Where plugins are looked for, the first hit wins: the directories of RIDGELINE_PLUGINS (separated by ':'),
/// the one that the running program lies in, and ../lib/ridgeline seen from there.
std::vector<std::string> plugin_directories();

/// The path of libridgeline_<name>.so in the first of `directories` that has one.
std::optional<std::string> find_plugin(std::string_view name, const std::vector<std::string>& directories);

/// The same, or kUnavailable that names the directories and the remedy.
Result<std::string> require_plugin(std::string_view name, const std::vector<std::string>& directories);

/// The address of `symbol` in the shared object at `path`. The library stays open until the process ends:
/// engine libraries keep threads and thread-locals that don't survive unloading.
Result<void*> plugin_symbol(const std::string& path, const char* symbol);

/// The engines that have a libridgeline_<name>.so in any of `directories`, sorted, each once. Trainers
/// (libridgeline_train_<name>.so) are none.
std::vector<std::string> plugin_names(const std::vector<std::string>& directories);

/// An engine that lives in libridgeline_<name>.so. The library is opened on the first call that needs it. A
/// missing or broken one is an engine whose probe() says why, and what to do; its other calls
/// answer kUnavailable.
std::unique_ptr<Engine> make_plugin_engine(std::string name, std::vector<std::string> directories);

}  // namespace ridgeline
