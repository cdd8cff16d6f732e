#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tensor/dtype.h"
#include "tensor/shape.h"

namespace ridgeline::wire {

/// An input or output as the model's configuration declares it: without the batch dimension where the model
/// has one, Shape::kUnknownDim for a dimension that requests choose.
struct TensorSignature {
  std::string name;
  DType datatype = DType::kF32;
  Shape dims;
  bool optional = false;
  bool shape_tensor = false;  ///< holds a shape for the whole batch, so it has no batch dimension
};

/// What requests to a model are held to.
struct ModelSignature {
  std::string name;
  int64_t max_batch_size = 0;  ///< 0: the model has no batch dimension of its own
  std::vector<TensorSignature> inputs;
  std::vector<TensorSignature> outputs;

  /// The shape that a request's tensor has: the batch dimension before the declared ones.
  Shape full_shape(const TensorSignature& tensor) const {
    Shape shape = tensor.dims;
    if (max_batch_size > 0 && !tensor.shape_tensor)
      shape.dims().insert(shape.dims().begin(), Shape::kUnknownDim);
    return shape;
  }
};

}  // namespace ridgeline::wire
