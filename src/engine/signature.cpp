#include "engine/signature.h"

namespace ridgeline {
namespace {

Status add_typed(const std::vector<ValueInfo>& values, const TypeMap& types, std::vector<ValueInfo>& typed) {
  for (const ValueInfo& value : values) {
    const auto type = types.find(value.name);
    if (type == types.end() || !type->second.shape || !type->second.shape->is_static())
      return unsupported("the shape of '{}' is not known before a run", value.name);
    typed.push_back({value.name, type->second, {}});
  }
  return {};
}

}  // namespace

Result<Signature> static_signature(const Graph& graph, const TypeMap& types) {
  Signature signature;
  RETURN_IF_ERROR(add_typed(graph.inputs, types, signature.inputs));
  RETURN_IF_ERROR(add_typed(graph.outputs, types, signature.outputs));
  return signature;
}

std::vector<TensorView> lent_outputs(const Signature& signature) {
  std::vector<TensorView> outputs;
  for (const ValueInfo& output : signature.outputs)
    outputs.push_back({output.type.dtype, output.type.shape.value_or(Shape()), nullptr});
  return outputs;
}

}  // namespace ridgeline
