#pragma once

#include <memory>
#include <string>

#include "engine/engine.h"

namespace ridgeline {

struct NativeOptions {
  /// Where packed weights are kept for later sessions; empty: they end with the sessions that hold them.
  std::string plan_folder{};
};

/// Ridgeline's own engine: its kernels behind ordered lists, on the CPU; INT8 of quantised models. Its
/// sessions share the packed weights that they have in common, whatever their shapes. A session's signature
/// leaves dimensions unknown that neither the graph nor the options fix; each call brings its own.
std::unique_ptr<Engine> make_native_engine(const NativeOptions& options = {});

}  // namespace ridgeline
