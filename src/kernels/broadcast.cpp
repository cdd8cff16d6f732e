#include "kernels/broadcast.h"

namespace ridgeline::kernels {

Dims strides_of(const Shape& shape) {
  Dims strides{};
  int64_t stride = 1;
  for (size_t axis = shape.rank(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

Dims broadcast_strides(const Shape& shape, const Shape& out) {
  const Dims own = strides_of(shape);
  const size_t missing = out.rank() - shape.rank();
  Dims strides{};
  for (size_t axis = 0; axis < shape.rank(); ++axis)
    strides[axis + missing] = shape[axis] == 1 ? 0 : own[axis];
  return strides;
}

}  // namespace ridgeline::kernels
