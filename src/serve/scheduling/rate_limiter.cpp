#include "serve/scheduling/rate_limiter.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace ridgeline::serve {
namespace {

constexpr int kGlobal = std::numeric_limits<int>::min();

}  // namespace

RateLimiter::RateLimiter(std::vector<ResourceLimit> limits) : limits_(std::move(limits)) {}

/// The largest of the limits that apply, as in Triton; without any, the largest need.
uint64_t RateLimiter::limit_of(const Resource& resource) const {
  uint64_t most = 0;
  for (const ResourceLimit& limit : limits_) {
    const bool applies = resource.first == kGlobal || !limit.device || *limit.device == resource.first;
    if (limit.name == resource.second && applies) most = std::max(most, limit.count);
  }
  if (!limits_.empty()) return most;
  for (const auto& [instance, state] : instances_) {
    const auto need = state.needs.find(resource);
    if (need != state.needs.end()) most = std::max(most, need->second);
  }
  return most;
}

Status RateLimiter::add(Instance instance, InstanceNeeds needs) {
  State state;
  state.weight = std::max(needs.priority, 1U);
  for (const ResourceNeed& need : needs.resources) {
    uint64_t& count = state.needs[{need.global ? kGlobal : needs.device, need.name}];
    count = std::max(count, need.count);
  }
  const auto clashes = [&](const Resource& resource, const State& other) {
    return std::ranges::any_of(other.needs, [&](const auto& need) {
      return need.first.second == resource.second &&
             (need.first.first == kGlobal) != (resource.first == kGlobal);
    });
  };
  for (const auto& [resource, count] : state.needs) {
    bool both = clashes(resource, state);
    for (const auto& [name, other] : instances_) both = both || clashes(resource, other);
    if (both)
      return invalid_argument(
          "Resource \"{}\" is present as both global and device-specific resource in the model "
          "configuration.",
          resource.second);
    const uint64_t most = limits_.empty() ? count : limit_of(resource);
    if (most < count)
      return invalid_argument(
          "Resource count for \"{}\" is limited to {} which will prevent scheduling of one or more model "
          "instances, the minimum required count is {}",
          resource.second, most, count);
  }
  // One that comes late owes no executions, or the others would wait until it had caught up with them.
  std::optional<uint64_t> least;
  for (const auto& [name, other] : instances_) {
    const uint64_t scaled = other.executions * other.weight;
    least = std::min(least.value_or(scaled), scaled);
  }
  state.executions = least.value_or(0) / state.weight;
  instances_[instance] = std::move(state);
  return {};
}

void RateLimiter::remove(Instance instance) { instances_.erase(instance); }

void RateLimiter::ask(Instance instance, bool called) {
  State& state = instances_[instance];
  state.called = called || (state.asked && state.called);
  if (!state.asked) state.asked = turns_++;
}

void RateLimiter::withdraw(Instance instance) { instances_[instance].asked.reset(); }

bool RateLimiter::fits(const State& state, const std::map<Resource, uint64_t>& reserved) const {
  const auto count_in = [](const std::map<Resource, uint64_t>& counts, const Resource& resource) {
    const auto found = counts.find(resource);
    return found == counts.end() ? 0 : found->second;
  };
  return std::ranges::all_of(state.needs, [&](const auto& need) {
    const uint64_t kept = state.called ? 0 : count_in(reserved, need.first);
    return count_in(held_, need.first) + kept + need.second <= limit_of(need.first);
  });
}

std::vector<RateLimiter::Instance> RateLimiter::grant() {
  std::vector<std::tuple<uint64_t, uint64_t, Instance>> order;
  for (const auto& [name, state] : instances_)
    if (state.asked) order.emplace_back(state.executions * state.weight, *state.asked, name);
  std::ranges::sort(order);
  std::vector<Instance> granted;
  std::map<Resource, uint64_t> reserved;  // by those that could not run yet, against those behind them
  for (const auto& [scaled, turn, name] : order) {
    State& state = instances_[name];
    const bool runs = fits(state, reserved);
    for (const auto& [resource, count] : state.needs) (runs ? held_ : reserved)[resource] += count;
    if (!runs) continue;
    state.asked.reset();
    granted.push_back(name);
  }
  return granted;
}

void RateLimiter::release(Instance instance) {
  State& state = instances_[instance];
  for (const auto& [resource, count] : state.needs) held_[resource] -= count;
  ++state.executions;
}

}  // namespace ridgeline::serve
