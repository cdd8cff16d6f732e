#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/version.h"

namespace ridgeline::serve {

/// The protocol's extensions that are served, as server metadata list them. CUDA shared memory is not.
inline constexpr std::array<std::string_view, 12> kExtensions = {"classification",
                                                                 "sequence",
                                                                 "model_repository",
                                                                 "model_repository(unload_dependents)",
                                                                 "schedule_policy",
                                                                 "model_configuration",
                                                                 "system_shared_memory",
                                                                 "binary_tensor_data",
                                                                 "parameters",
                                                                 "statistics",
                                                                 "trace",
                                                                 "logging"};

/// What a server says of itself, whatever the protocol.
struct Identity {
  std::string name = "triton";  ///< clients look for it; --id gives another
  std::string version{kVersion};
};

}  // namespace ridgeline::serve
