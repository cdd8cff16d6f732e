#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/status.h"
#include "serve/config/model_config.h"

namespace ridgeline::serve {

inline constexpr std::string_view kEnsemblePlatform = "ensemble";

/// What an instance takes of the cores that all models share.
enum class CoreUse : uint8_t {
  kMany,  ///< as many threads as it is given
  kOne,   ///< further threads are the model's own affair
  kNone   ///< it hardly computes
};

/// What runs a model. Names, platforms and default files are Triton's, so that its repositories are served as
/// they are.
struct KnownBackend {
  std::string_view name;
  std::string_view platform;      ///< that a configuration may name instead; empty: none
  std::string_view default_file;  ///< in a version's folder; empty: the backend needs no file
  int default_cpu_instances;      ///< of an instance group without a count
  std::string_view refusal;       ///< why it is not served here, and what is; empty: served
  std::string_view threads_key;   ///< the parameter that sets an instance's threads; empty: none
  CoreUse cores = CoreUse::kMany;
  bool tells_tensors = false;  ///< a model without inputs or outputs names them when it is loaded
  bool has_process = false;    ///< its instances are processes anyway
};

/// In the order in which a model file's name chooses one.
std::span<const KnownBackend> known_backends();
/// Null where the name is not known.
const KnownBackend* known_backend(std::string_view name);

/// What a backend with a threads_key of Triton's takes as well.
inline constexpr std::string_view kThreadsKey = "threads";

/// Where a model's instances live, by its parameter `isolation`; a backend whose instances are processes
/// anyway leaves that name to its models.
enum class Isolation : uint8_t { kThread, kProcess };
inline constexpr std::string_view kIsolationKey = "isolation";
/// kInvalidArgument, naming the parameter, for another value than "thread" and "process".
Result<Isolation> isolation_asked(const ModelConfig& config);

/// How many threads a model's parameters ask for each of its instances, for share_threads(). None where they
/// leave it to the server: absent, or 0 as for Triton's backends. kInvalidArgument, naming the parameter, for
/// what is no count.
Result<std::optional<int>> threads_asked(const ModelConfig& config);

}  // namespace ridgeline::serve
