#include "engine/native/byte_product.h"

#include <algorithm>

#include "engine/native/packing.h"
#include "engine/native/quantized_builders.h"
#include "kernels/blocked/block.h"
#include "kernels/bytes/conv.h"
#include "kernels/bytes/image.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

namespace bytes = kernels::bytes;
using kernels::blocked::kBlock;

/// The rows, the columns and the memory between them.
struct Parts {
  bytes::RowTurn in, out;
  bytes::QuantizedConvDesc conv;
  size_t in_bytes = 0, out_bytes = 0;
};

Parts parts_of(const BuildContext& context) {
  Parts parts{.conv = describe_quantized_gemm(context)};
  kernels::ConvDesc& conv = parts.conv.conv;
  const int64_t rows = conv.batch;
  conv.batch = 1;
  conv.window.in = conv.window.out = {1, 1, rows};
  parts.in = {rows, conv.in_channels, parts.conv.in};
  parts.out = {rows, conv.out_channels, parts.conv.out};
  parts.in_bytes = static_cast<size_t>(lines_of(parts.in)) * sizeof(bytes::Line);
  parts.out_bytes = static_cast<size_t>(lines_of(parts.out)) * sizeof(bytes::Line) *
                    (parts.conv.out == DType::kF32 ? sizeof(float) : 1);
  return parts;
}

/// From FP32 blocks of pixels.
void to_rows(const bytes::RowTurn& turn, const float* blocks, float* rows) {
  for (int64_t row = 0; row < turn.rows; ++row)
    for (int64_t column = 0; column < turn.columns; column += kBlock)
      std::copy_n(blocks + column * turn.rows + row * kBlock, std::min(kBlock, turn.columns - column),
                  rows + row * turn.columns + column);
}

}  // namespace

Result<Built> build_byte_product(const BuildContext& context) {
  RETURN_IF_ERROR(check_quantized_operands(context));
  const Parts parts = parts_of(context);
  auto choice = kernels::select(bytes::conv_impls(), parts.conv, context.cpu);
  const bytes::QuantizedConvImpl& impl = *choice.impl;
  ASSIGN_OR_RETURN(const float* scales, keep_scales(context, parts.conv.conv.out_channels));
  ASSIGN_OR_RETURN(const void* weights, pack(context, impl, parts.conv, context.input(1)));
  const size_t own_bytes = parts.in_bytes + parts.out_bytes;
  Run run = [parts, weights, scales, own_bytes, run = impl.run, a = *context.in[0], out = context.out[0],
             scratch = context.scratch](Slots slots, ThreadPool& pool) -> Status {
    std::byte* const memory = slots[scratch].data;
    auto* const in_lines = reinterpret_cast<bytes::Line*>(memory);
    std::byte* const results = memory + parts.in_bytes;
    bytes::from_rows(parts.in, reinterpret_cast<const uint8_t*>(slots[a].data), in_lines, pool);
    run(parts.conv,
        {.in = in_lines,
         .weights = weights,
         .scale = scales,
         .shift = scales + parts.conv.conv.out_channels,
         .out = results,
         .scratch = memory + own_bytes},
        pool);
    if (parts.conv.out == DType::kF32)
      to_rows(parts.out, reinterpret_cast<const float*>(results), slots[out].as<float>().data());
    else
      bytes::to_rows(parts.out, reinterpret_cast<const bytes::Line*>(results),
                     reinterpret_cast<uint8_t*>(slots[out].data), pool);
    return {};
  };
  Built built{std::string(impl.name),
              std::move(run),
              own_bytes + impl.scratch_bytes(parts.conv),
              {1},
              std::move(choice.refusals)};
  if (context.has(2)) built.packed_inputs.push_back(2);
  return built;
}

}  // namespace ridgeline::native
