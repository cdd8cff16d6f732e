#include "engine/plugin/input_shape.h"

namespace ridgeline::plugin {

namespace {

bool fits(const Shape& wanted, const std::optional<Shape>& promised) {
  if (!wanted.is_static()) return false;
  if (!promised) return true;
  if (wanted.rank() != promised->rank()) return false;
  for (size_t axis = 0; axis < wanted.rank(); ++axis) {
    if ((*promised)[axis] != Shape::kUnknownDim && (*promised)[axis] != wanted[axis]) return false;
  }
  return true;
}

}  // namespace

Result<Shape> shape_to_compile(const ValueInfo& input, const SessionOptions& options) {
  const std::string promised = input.type.shape ? input.type.shape->to_string() : "of any rank";
  const auto given = options.input_shapes.find(input.name);
  if (given != options.input_shapes.end()) {
    if (fits(given->second, input.type.shape)) return given->second;
    return invalid_argument("input '{}' of the model is {}, it can't be compiled for {}", input.name,
                            promised, given->second.to_string());
  }
  if (input.type.shape && input.type.shape->is_static()) return *input.type.shape;
  return invalid_argument("input '{}' is {}: say which shape to compile for", input.name, promised);
}

}  // namespace ridgeline::plugin
