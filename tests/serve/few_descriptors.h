#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace ridgeline::serve {

/// While it lives, this process may have `limit` descriptors open, and has all but `left` of them open.
class FewDescriptors {
 public:
  FewDescriptors(int limit, int left) {
    getrlimit(RLIMIT_NOFILE, &before_);
    rlimit now = before_;
    now.rlim_cur = static_cast<rlim_t>(limit);
    setrlimit(RLIMIT_NOFILE, &now);
    int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (; next >= 0 && next < limit - left; next = dup(next)) held_.push_back(next);
    if (next >= 0) close(next);
  }
  ~FewDescriptors() {
    for (const int held : held_) close(held);
    setrlimit(RLIMIT_NOFILE, &before_);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
  std::vector<int> held_;
};

}  // namespace ridgeline::serve
