#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cpu_features.h"
#include "base/status.h"

namespace ridgeline::kernels {

struct Refusal {
  std::string_view impl;
  std::string reason;
};

/// The first implementation of an ordered list that takes a case, and why those before it did not.
template <typename Impl>
struct Choice {
  const Impl* impl = nullptr;  ///< null only when even the last refused
  std::vector<Refusal> refusals;
};

/// Walks a list that is ordered best first. Impl has `name` and `accepts(desc, cpu)`, whose error is the
/// refusal.
template <typename Impl, typename Desc>
Choice<Impl> select(std::span<const Impl> impls, const Desc& desc, const CpuFeatures& cpu) {
  Choice<Impl> choice;
  for (const Impl& impl : impls) {
    const Status accepted = impl.accepts(desc, cpu);
    if (accepted.ok()) {
      choice.impl = &impl;
      break;
    }
    choice.refusals.push_back({impl.name, accepted.message()});
  }
  return choice;
}

}  // namespace ridgeline::kernels
