#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace ridgeline {

template <typename Signature>
class FunctionRef;

/// What a function is handed to call before it returns: a pointer to an object that can be called, which it
/// does not own.
template <typename Result, typename... Args>
class FunctionRef<Result(Args...)> {
 public:
  template <typename Callable>
    requires(std::is_object_v<Callable> && !std::same_as<Callable, FunctionRef> &&
             std::is_invocable_r_v<Result, const Callable&, Args...>)
  // NOLINTNEXTLINE(google-explicit-constructor): a lambda is handed over as it is
  FunctionRef(const Callable& callable)
      : callable_(std::addressof(callable)), call_([](const void* target, Args... args) -> Result {
          return std::invoke(*static_cast<const Callable*>(target), std::forward<Args>(args)...);
        }) {}

  Result operator()(Args... args) const { return call_(callable_, std::forward<Args>(args)...); }

 private:
  const void* callable_;
  Result (*call_)(const void*, Args...);
};

}  // namespace ridgeline
