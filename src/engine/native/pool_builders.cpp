#include "engine/native/pool_builders.h"

#include <array>

#include "engine/native/operands.h"
#include "engine/native/windows.h"
#include "kernels/ref/reduce.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

Result<Window> pool_window(const Node& node, const Shape& x) {
  RETURN_IF_ERROR(check_spatial(node, x));
  const auto in = spatial(x);
  return resolve_window(node, {{in.begin(), in.end()}, node.ints_or("kernel_shape", {})});
}

ref::PoolDesc to_desc(const Shape& x, const Window& window) {
  return {.planes = x[0] * x[1], .window = to_window(window, spatial(x))};
}

/// A pool without indices, by the best implementation that takes it.
Result<Built> best_pool(const BuildContext& context) {
  ASSIGN_OR_RETURN(kernels::PoolCase pool, describe_pool(context.node, context.input(0).shape));
  pool.dtype = context.input(0).dtype;
  return build_pool(context, pool, *kernels::select(kernels::pool_impls(), pool, context.cpu).impl);
}

Result<Built> max_pool(const BuildContext& context) {
  const std::optional<size_t> indices = output_slot(context, 1);
  if (!indices) return best_pool(context);
  const Shape& x = context.input(0).shape;
  ASSIGN_OR_RETURN(const Window window, pool_window(context.node, x));
  return Built{
      "ref", [desc = to_desc(x, window), column_major = context.node.int_or("storage_order", 0) != 0,
              in = *context.in[0], out = context.out[0], indices = *indices](Slots slots, ThreadPool& pool) {
        return ref::max_pool(desc, slots[in], slots[out], {slots[indices].as<int64_t>().data(), column_major},
                             pool);
      }};
}

Result<Built> lp_pool(const BuildContext& context) {
  const Shape& x = context.input(0).shape;
  ASSIGN_OR_RETURN(const Window window, pool_window(context.node, x));
  return Built{"ref", [desc = to_desc(x, window), p = context.node.int_or("p", 2), in = *context.in[0],
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
  RETURN_IF_ERROR(check_spatial(context.node, context.input(0).shape));
  const TensorView &x = context.input(0), &y = context.output(0);
  if (context.input(1).dtype != DType::kI64 || context.input(1).shape != x.shape)
    return unsupported("{}: the indices are not i64 of input 0's shape", context.node.describe());
  const auto in = spatial(x.shape);
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

auto run_rows(const kernels::PoolCase& whole, const kernels::PoolImpl& impl, int64_t batch) {
  return [pool = whole, run = impl.run_part, batch](Slots, const Part& part, ThreadPool& threads) {
    kernels::PoolCase of_part = pool;
    of_part.desc = {pool.desc.planes / batch, part.window};
    run(of_part, reinterpret_cast<const float*>(part.in), part.out, threads);
  };
}

constexpr auto kRows = std::to_array<BuilderRow>({{"AveragePool", best_pool},
                                                  {"GlobalAveragePool", global_pool<ref::ReduceOp::kMean>},
                                                  {"GlobalLpPool", global_lp_pool},
                                                  {"GlobalMaxPool", global_pool<ref::ReduceOp::kMax>},
                                                  {"LpPool", lp_pool},
                                                  {"MaxPool", max_pool},
                                                  {"MaxUnpool", max_unpool}});

}  // namespace

Result<kernels::PoolCase> describe_pool(const Node& node, const Shape& x) {
  ASSIGN_OR_RETURN(const Window window, pool_window(node, x));
  if (node.op == "MaxPool") {
    if (node.has_output(1)) return unsupported("{}: positions are asked for", node.describe());
    return kernels::PoolCase{.kind = kernels::PoolKind::kMax, .desc = to_desc(x, window)};
  }
  return kernels::PoolCase{.kind = kernels::PoolKind::kAverage,
                           .desc = to_desc(x, window),
                           .padding = {.counted = node.int_or("count_include_pad", 0) != 0,
                                       .pad_end = to_size3(window.pad_end, 0)}};
}

Built build_pool(const BuildContext& context, const kernels::PoolCase& pool, const kernels::PoolImpl& impl) {
  const size_t in = *context.in[0], out = context.out[0];
  Built built{std::string(impl.name), [pool, run = impl.run, in, out](Slots slots, ThreadPool& threads) {
                return run(pool, slots[in], slots[out], threads);
              }};
  if (impl.run_part != nullptr && pool.kind == kernels::PoolKind::kMax)
    built.rows = RowWise{.in = in,
                         .out = out,
                         .window = pool.desc.window,
                         .run = run_rows(pool, impl, context.input(0).shape[0])};
  return built;
}

std::span<const BuilderRow> pool_builders() { return kRows; }

}  // namespace ridgeline::native
