#pragma once

#include <new>
#include <string>
#include <utility>

#include "engine/plugin/codec.h"

namespace ridgeline::plugin {

/// Strings that a plugin's interface lends stay valid until the same thread's next call.
inline const char* lend(std::string text) {
  thread_local std::string lent;
  lent = std::move(text);
  return lent.c_str();
}

inline RidgelineStatus lend_status(const Status& status) {
  return {code_of(status), status.ok() ? "" : lend(status.message())};
}

/// The Status of `work`, or what it threw.
template <typename Work>
Status catch_all(Work work) {
  try {
    return work();
  } catch (const std::bad_alloc&) {
    return out_of_memory("the engine ran out of memory");
  } catch (const std::exception& error) {
    return internal_error("the engine threw: {}", one_line(error.what()));
  } catch (...) {
    return internal_error("the engine threw something that is not a std::exception");
  }
}

/// What a call of the C interface answers for `work`.
template <typename Work>
RidgelineStatus guarded(Work work) noexcept {
  return lend_status(catch_all(work));
}

}  // namespace ridgeline::plugin
