#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/dtype.h"

namespace ridgeline::wire::http {

/// Turns the values of a JSON list, given one after another, into the bytes of a tensor. Integers too large
/// for the datatype wrap, as Triton lets them. A value of another kind is remembered and told by finish(),
/// because whether it or the count is at fault depends on the shape.
class TensorDataReader {
 public:
  explicit TensorDataReader(DType dtype) : dtype_(dtype) {}

  DType dtype() const { return dtype_; }
  uint64_t count() const { return count_; }

  void boolean(bool value);
  void natural(uint64_t value);
  void negative(int64_t value);
  void real(double value);
  void text(std::string_view value);
  void other();  ///< null, or an object

  /// kInternal, in Triton's words, unless `expected` values of the right kind were given. The count of BYTES
  /// is left to check_against().
  Status finish(uint64_t expected) const;
  std::vector<std::byte> take_bytes() && { return std::move(bytes_); }

 private:
  template <typename T>
  void put(T value);
  void put_integer(uint64_t bits);
  void put_real(double value);
  void mismatch();

  DType dtype_;
  bool mismatched_ = false;
  uint64_t first_mismatch_ = 0;
  uint64_t count_ = 0;
  std::vector<std::byte> bytes_;
};

}  // namespace ridgeline::wire::http
