#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/status.h"

namespace ridgeline::cli {

/// Flags that tritonserver has and this server does not act on. None is ignored silently: one is refused
/// where leaving it out would change what is served, and warned of where it would not.
class OtherFlags {
 public:
  OtherFlags();
  void declare(CLI::App& app);
  /// The warnings, a line each. kUnsupported naming the first that is refused, and the remedy. Nothing is
  /// said of a flag whose value is what this server does anyway.
  Result<std::vector<std::string>> judge() const;

 private:
  std::vector<std::vector<std::string>> given_;  ///< values, in the order of the table
};

}  // namespace ridgeline::cli
