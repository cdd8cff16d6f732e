#include "engine/native/step.h"
#include "kernels/broadcast.h"

namespace ridgeline::native {
namespace {

Status check_operand(const BuilderRow& row, const Node& node, const TensorView& operand) {
  if (operand.dtype == DType::kString) return unsupported("{}: native takes no strings", node.describe());
  if (row.fp32_only && operand.dtype != DType::kF32)
    return unsupported("{}: native takes fp32 here, not {}", node.describe(), name_of(operand.dtype));
  if (operand.shape.rank() > kernels::kMaxRank)
    return unsupported("{}: native takes no more than {} axes", node.describe(), kernels::kMaxRank);
  return {};
}

}  // namespace

const BuilderRow* find_builder(const Node& node) {
  for (const auto rows : {conv_builders(), matrix_builders(), elementwise_builders(), layout_builders(),
                          normalise_builders(), cut_builders(), gather_builders(), reduce_builders(),
                          einsum_builders(), pool_builders(), conv_transpose_builders(), resize_builders(),
                          quantize_builders(), quantized_builders(), creation_builders()})
    for (const BuilderRow& row : rows)
      if (row.op == node.op && row.domain == node.domain) return &row;
  return nullptr;
}

Result<Built> build_step(const BuilderRow& row, const BuildContext& context) {
  for (const auto& slot : context.in)
    if (slot) RETURN_IF_ERROR(check_operand(row, context.node, context.slots[*slot]));
  for (const size_t slot : context.out)
    RETURN_IF_ERROR(check_operand(row, context.node, context.slots[slot]));
  return row.build(context);
}

}  // namespace ridgeline::native
