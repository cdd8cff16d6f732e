#pragma once

#include <cstddef>
#include <span>

namespace ridgeline::serve {

/// Keeps this process alive where another one cuts short the file behind a mapping while its bytes are in
/// use. The kernel would end whoever touches what is gone (SIGBUS); here it becomes zeros that nobody shares,
/// up to the mapping's end. Costs nothing until then: no byte is copied, and nothing is asked before an
/// access. The first guard installs the signal's handler, which leaves every other fault to whoever had it
/// before.
class MappingGuard {
 public:
  /// `mapping` starts on a page, and stays mapped until this goes.
  explicit MappingGuard(std::span<std::byte> mapping);
  ~MappingGuard();
  MappingGuard(const MappingGuard&) = delete;
  MappingGuard& operator=(const MappingGuard&) = delete;

  /// It has been, and its end is shared no more.
  bool was_cut() const;

 private:
  struct Slot;
  friend struct BusErrors;

  Slot* slot_;
};

}  // namespace ridgeline::serve
