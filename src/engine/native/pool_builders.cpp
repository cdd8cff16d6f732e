#include <array>

#include "engine/native/operands.h"
#include "engine/native/windows.h"
#include "kernels/pool.h"
#include "kernels/ref/reduce.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

Result<Window> pool_window(const BuildContext& context) {
  RETURN_IF_ERROR(check_spatial(context));
  const auto in = spatial(context.input(0));
  return resolve_window(context.node, {{in.begin(), in.end()}, context.node.ints_or("kernel_shape", {})});
}

ref::PoolDesc to_desc(const BuildContext& context, const Window& window) {
  const TensorView& x = context.input(0);
  return {.planes = x.shape[0] * x.shape[1], .window = to_window(window, spatial(x))};
}

/// A pool without indices, by the best implementation that takes it.
Built best_pool(const BuildContext& context, const kernels::PoolCase& pool_case) {
  const kernels::PoolImpl& impl = *kernels::select(kernels::pool_impls(), pool_case, context.cpu).impl;
  return {std::string(impl.name),
          [pool_case, run = impl.run, in = *context.in[0], out = context.out[0]](
              Slots slots, ThreadPool& pool) { return run(pool_case, slots[in], slots[out], pool); }};
}

Result<Built> max_pool(const BuildContext& context) {
  ASSIGN_OR_RETURN(const Window window, pool_window(context));
  const ref::PoolDesc desc = to_desc(context, window);
  const std::optional<size_t> indices = output_slot(context, 1);
  if (!indices)
    return best_pool(context,
                     {.kind = kernels::PoolKind::kMax, .desc = desc, .dtype = context.input(0).dtype});
  return Built{"ref", [desc, column_major = context.node.int_or("storage_order", 0) != 0, in = *context.in[0],
                       out = context.out[0], indices = *indices](Slots slots, ThreadPool& pool) {
                 return ref::max_pool(desc, slots[in], slots[out],
                                      {slots[indices].as<int64_t>().data(), column_major}, pool);
               }};
}

Result<Built> average_pool(const BuildContext& context) {
  ASSIGN_OR_RETURN(const Window window, pool_window(context));
  return best_pool(context, {.kind = kernels::PoolKind::kAverage,
                             .desc = to_desc(context, window),
                             .padding = {.counted = context.node.int_or("count_include_pad", 0) != 0,
                                         .pad_end = to_size3(window.pad_end, 0)},
                             .dtype = context.input(0).dtype});
}

Result<Built> lp_pool(const BuildContext& context) {
  ASSIGN_OR_RETURN(const Window window, pool_window(context));
  return Built{"ref", [desc = to_desc(context, window), p = context.node.int_or("p", 2), in = *context.in[0],
                       out = context.out[0]](Slots slots, ThreadPool& pool) {
                 return ref::lp_pool(desc, p, slots[in], slots[out], pool);
               }};
}

Result<Built> global_pool(const BuildContext& context, ref::ReduceOp op) {
  ref::AxisSet axes;
  for (size_t axis = 2; axis < context.input(0).shape.rank(); ++axis) axes.set(axis);
  return Built{"ref", [op, axes, in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool& pool) {
                 return ref::reduce(op, slots[in], axes, slots[out], pool);
               }};
}

template <ref::ReduceOp op>
Result<Built> global_pool(const BuildContext& context) {
  return global_pool(context, op);
}

Result<Built> global_lp_pool(const BuildContext& context) {
  const int64_t p = context.node.int_or("p", 2);
  if (p != 1 && p != 2) return unsupported("{}: native takes p 1 or 2", context.node.describe());
  return global_pool(context, p == 1 ? ref::ReduceOp::kL1 : ref::ReduceOp::kL2);
}

Result<Built> max_unpool(const BuildContext& context) {
  RETURN_IF_ERROR(check_spatial(context));
  const TensorView &x = context.input(0), &y = context.output(0);
  if (context.input(1).dtype != DType::kI64 || context.input(1).shape != x.shape)
    return unsupported("{}: the indices are not i64 of input 0's shape", context.node.describe());
  const auto in = spatial(x);
  ASSIGN_OR_RETURN(const Window window,
                   resolve_transposed_window(
                       context.node, {{in.begin(), in.end()}, context.node.ints_or("kernel_shape", {})}));
  Shape pooled{x.shape[0], x.shape[1]};
  pooled.dims().insert(pooled.dims().end(), window.output.begin(), window.output.end());
  for (size_t axis = 0; axis < pooled.rank(); ++axis)
    if (y.shape.rank() != pooled.rank() || y.shape[axis] < pooled[axis])
      return unsupported("{}: output {} is smaller than what was pooled, {}", context.node.describe(),
                         y.shape.to_string(), pooled.to_string());
  return Built{"ref", [pooled, in = *context.in[0], indices = *context.in[1], out = context.out[0]](
                          Slots slots, ThreadPool&) {
                 return ref::max_unpool(slots[in], slots[indices], pooled, slots[out]);
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"AveragePool", average_pool},
                                                  {"GlobalAveragePool", global_pool<ref::ReduceOp::kMean>},
                                                  {"GlobalLpPool", global_lp_pool},
                                                  {"GlobalMaxPool", global_pool<ref::ReduceOp::kMax>},
                                                  {"LpPool", lp_pool},
                                                  {"MaxPool", max_pool},
                                                  {"MaxUnpool", max_unpool}});

}  // namespace

std::span<const BuilderRow> pool_builders() { return kRows; }

}  // namespace ridgeline::native
