#pragma once

#include <unistd.h>
#include <utility>

namespace ridgeline {

/// A file descriptor that is closed at the end of the scope; -1 is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(other.release());
    return *this;
  }
  ~Descriptor() { reset(); }

  void reset(int value = -1) {
    if (value_ >= 0) close(value_);
    value_ = value;
  }
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_ = -1;
};

}  // namespace ridgeline
