#include "tensor/shape.h"

#include <algorithm>

namespace ridgeline {

bool Shape::is_static() const {
  return std::all_of(dims_.begin(), dims_.end(), [](int64_t dim) { return dim >= 0; });
}

int64_t Shape::element_count() const {
  if (std::find(dims_.begin(), dims_.end(), 0) != dims_.end()) return 0;
  int64_t count = 1;
  for (int64_t dim : dims_) count *= dim;
  return count;
}

Result<int64_t> Shape::checked_element_count(size_t element_bytes) const {
  constexpr int64_t kMaxBytes = int64_t{1} << 48;
  if (!is_static()) return invalid_argument("shape {} has an unknown dimension", to_string());
  if (std::find(dims_.begin(), dims_.end(), 0) != dims_.end()) return int64_t{0};
  const int64_t limit = kMaxBytes / static_cast<int64_t>(std::max<size_t>(element_bytes, 1));
  int64_t count = 1;
  for (int64_t dim : dims_) {
    if (dim > limit / count) return invalid_argument("shape {} is too large to hold in memory", to_string());
    count *= dim;
  }
  return count;
}

std::string Shape::to_string() const {
  if (dims_.empty()) return "scalar";
  std::string text;
  for (int64_t dim : dims_) {
    if (!text.empty()) text += 'x';
    text += dim < 0 ? "?" : std::to_string(dim);
  }
  return text;
}

std::vector<int64_t> row_major_strides(const Shape& shape) {
  std::vector<int64_t> strides(shape.rank(), 1);
  for (size_t axis = shape.rank(); axis-- > 1;) strides[axis - 1] = strides[axis] * shape[axis];
  return strides;
}

}  // namespace ridgeline
