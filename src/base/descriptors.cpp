#include "base/descriptors.h"

#include <algorithm>
#include <limits>
#include <sys/resource.h>

namespace ridgeline {
namespace {

int64_t in_int64(rlim_t limit) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return limit > static_cast<rlim_t>(kMost) ? kMost : static_cast<int64_t>(limit);
}

rlimit current_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

}  // namespace

int64_t raise_descriptor_limit() {
  rlimit limit = current_limit();
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return in_int64(current_limit().rlim_cur);
}

bool is_among_the_last(int descriptor) {
  constexpr int64_t kMostKeptFree = 256;
  constexpr int64_t kPart = 8;
  const int64_t limit = in_int64(current_limit().rlim_cur);
  return descriptor >= limit - std::min(kMostKeptFree, limit / kPart);
}

}  // namespace ridgeline
