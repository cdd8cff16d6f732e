#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace ridgeline::serve {

/// A counted resource that an execution holds while it runs.
struct ResourceNeed {
  std::string name;
  bool global = false;  ///< shared by all devices; otherwise each device has its own
  uint64_t count = 1;
};

/// rate_limiter of an instance group, for one instance of it.
struct InstanceNeeds {
  std::vector<ResourceNeed> resources;
  int device = 0;
  uint32_t priority = 1;  ///< 2 runs half as often as 1 where both want to; 0 counts as 1
};

/// A limit as --rate-limit-resource gives it.
struct ResourceLimit {
  std::string name;
  uint64_t count = 0;
  std::optional<int> device;  ///< none: each device, and what is global
};

/// Which instances may execute now, so that the resources which all executions hold never pass their limits.
/// Unlike in Triton, one that lacks resources holds up only those behind it that want the same ones, so that
/// it is not overtaken for good; and not even those where they were called by one that runs, as its resources
/// come back only after their answer, and both would wait forever (server#8358). Without clock, thread or
/// lock; one thread at a time.
class RateLimiter {
 public:
  using Instance = uint64_t;  ///< the caller's name for it

  /// `limits` empty: each resource exists as often as the hungriest instance needs it.
  explicit RateLimiter(std::vector<ResourceLimit> limits);

  /// kInvalidArgument, in Triton's words, when it could never run or when a resource is both global and not.
  Status add(Instance instance, InstanceNeeds needs);
  /// Neither waiting nor running.
  void remove(Instance instance);

  /// `instance` has a batch to run. `called`: some of it was asked for by an instance that runs meanwhile (a
  /// Python model that calls others). Asking again tells that this has become so.
  void ask(Instance instance, bool called = false);
  /// Takes back ask(): the batch was cancelled.
  void withdraw(Instance instance);
  /// Those that may run now, and now count as running: the one that has executed least for its priority
  /// first, then the one that has asked first.
  std::vector<Instance> grant();
  /// Its execution is over.
  void release(Instance instance);

 private:
  using Resource = std::pair<int, std::string>;  ///< device, kGlobal for all; name
  struct State {
    std::map<Resource, uint64_t> needs;
    uint64_t weight = 1;
    uint64_t executions = 0;
    std::optional<uint64_t> asked;  ///< in which turn
    bool called = false;
  };

  uint64_t limit_of(const Resource& resource) const;
  bool fits(const State& state, const std::map<Resource, uint64_t>& reserved) const;

  std::vector<ResourceLimit> limits_;
  std::map<Instance, State> instances_;
  std::map<Resource, uint64_t> held_;
  uint64_t turns_ = 0;
};

}  // namespace ridgeline::serve
