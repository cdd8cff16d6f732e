#pragma once

#include <span>
#include <string_view>

namespace ridgeline::serve {

inline constexpr std::string_view kEnsemblePlatform = "ensemble";

/// What runs a model. Names, platforms and default files are Triton's, so that its repositories are served as
/// they are.
struct KnownBackend {
  std::string_view name;
  std::string_view platform;      ///< that a configuration may name instead; empty: none
  std::string_view default_file;  ///< in a version's folder; empty: the backend needs no file
  int default_cpu_instances;      ///< of an instance group without a count
  std::string_view refusal;       ///< why it is not served here, and what is; empty: served
};

/// In the order in which a model file's name chooses one.
std::span<const KnownBackend> known_backends();
/// Null where the name is not known.
const KnownBackend* known_backend(std::string_view name);

}  // namespace ridgeline::serve
