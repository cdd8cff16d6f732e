#include <algorithm>
#include <array>

#include "engine/native/step.h"
#include "graph/ops/window.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/ref/pool.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

using kernels::Size3;

/// Up to three spatial values, aligned at the last axis.
Size3 to_size3(std::span<const int64_t> values, int64_t fill) {
  Size3 size{fill, fill, fill};
  std::copy(values.begin(), values.end(), size.end() - static_cast<std::ptrdiff_t>(values.size()));
  return size;
}

std::span<const int64_t> spatial(const TensorView& view) { return std::span(view.shape.dims()).subspan(2); }

kernels::Window to_window(const Window& window, std::span<const int64_t> in) {
  return {.in = to_size3(in, 1),
          .out = to_size3(window.output, 1),
          .kernel = to_size3(window.kernel, 1),
          .stride = to_size3(window.stride, 1),
          .dilation = to_size3(window.dilation, 1),
          .pad = to_size3(window.pad_begin, 0)};
}

Status check_spatial(const BuildContext& context) {
  const size_t rank = context.input(0).shape.rank();
  if (rank < 3 || rank > 5)
    return unsupported("{}: native takes 1 to 3 spatial axes", context.node.describe());
  return {};
}

/// Constant `data` packed for an implementation, or as it is where that wants no packing.
template <typename Impl, typename Desc>
Result<const void*> pack(const BuildContext& context, const Impl& impl, const Desc& desc,
                         const std::byte* data) {
  const size_t bytes = impl.packed_bytes(desc);
  if (bytes == 0) return static_cast<const void*>(data);
  ASSIGN_OR_RETURN(Tensor packed, Tensor::zeros(DType::kU8, {static_cast<int64_t>(bytes)}));
  impl.pack(desc, reinterpret_cast<const float*>(data), packed.data());
  context.packed.push_back(packed);
  return static_cast<const void*>(packed.data());
}

const float* floats(Slots slots, std::optional<size_t> slot) {
  return slot ? reinterpret_cast<const float*>(slots[*slot].data) : nullptr;
}

/// The attributes that fuse_convs (graph/passes) writes.
kernels::Activation activation_of(const Node& node) {
  using Kind = kernels::Activation::Kind;
  const std::string name = node.string_or("activation", "");
  if (name == "Relu") return {Kind::kRelu};
  if (name == "Clip") return {Kind::kClip, node.float_or("min", 0), node.float_or("max", 0)};
  return {};
}

Result<Built> conv(const BuildContext& context) {
  RETURN_IF_ERROR(check_spatial(context));
  const TensorView &x = context.input(0), &w = context.input(1);
  const auto in = spatial(x), kernel = spatial(w);
  ASSIGN_OR_RETURN(const Window window,
                   resolve_window(context.node, {{in.begin(), in.end()}, {kernel.begin(), kernel.end()}}));
  kernels::ConvDesc desc{.batch = x.shape[0],
                         .in_channels = x.shape[1],
                         .out_channels = w.shape[0],
                         .groups = context.node.int_or("group", 1),
                         .window = to_window(window, in),
                         .has_bias = context.has(2),
                         .has_residual = context.has(3),
                         .has_constant_weights = context.is_constant(1),
                         .activation = activation_of(context.node)};
  const auto choice = kernels::select(kernels::conv_impls(), desc, context.cpu);
  const kernels::ConvImpl& impl = *choice.impl;
  ASSIGN_OR_RETURN(const void* weights, pack(context, impl, desc, w.data));
  const size_t scratch_bytes = impl.scratch_bytes(desc);
  const auto scratch = scratch_bytes > 0 ? std::optional(context.scratch) : std::nullopt;
  Run run = [desc, weights, scratch, run = impl.run, x_slot = *context.in[0], w_slot = *context.in[1],
             bias = context.slot(2), residual = context.slot(3),
             out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
    run(desc,
        {.in = floats(slots, x_slot),
         .weights = weights != nullptr ? weights : slots[w_slot].data,
         .bias = floats(slots, bias),
         .residual = floats(slots, residual),
         .out = reinterpret_cast<float*>(slots[out].data),
         .scratch = scratch ? slots[*scratch].data : nullptr},
        pool);
    return {};
  };
  Built built{std::string(impl.name), std::move(run), scratch_bytes};
  if (impl.packed_bytes(desc) > 0) built.packed_inputs = {1};
  return built;
}

/// A product's parts: `count` matrices, each operand advancing by its own step (0 where it is shared).
struct Product {
  kernels::GemmDesc desc;
  int64_t count = 1;
  int64_t step_a = 0, step_b = 0;
};

Result<Built> product(const BuildContext& context, Product product) {
  product.desc.has_constant_b = product.count == 1 && context.is_constant(1);
  const auto choice = kernels::select(kernels::gemm_impls(), product.desc, context.cpu);
  const std::byte* constant = product.desc.has_constant_b ? context.input(1).data : nullptr;
  ASSIGN_OR_RETURN(const void* packed, pack(context, *choice.impl, product.desc, constant));
  Run run = [product, packed, bias = context.slot(2), run = choice.impl->run, a_slot = *context.in[0],
             b_slot = *context.in[1], out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
    const float* a = floats(slots, a_slot);
    const float* b = floats(slots, b_slot);
    auto* c = reinterpret_cast<float*>(slots[out].data);
    for (int64_t i = 0; i < product.count; ++i)
      run(product.desc,
          {.a = a + i * product.step_a,
           .b = packed != nullptr ? packed : b + i * product.step_b,
           .bias = floats(slots, bias),
           .c = c + i * product.desc.m * product.desc.n},
          pool);
    return {};
  };
  Built built{std::string(choice.impl->name), std::move(run)};
  if (choice.impl->packed_bytes(product.desc) > 0) built.packed_inputs = {1};
  return built;
}

Result<Built> gemm(const BuildContext& context) {
  const Node& node = context.node;
  const TensorView &a = context.input(0), &c = context.output(0);
  if (node.float_or("beta", 1) != 1 && context.has(2))
    return unsupported("{}: native takes beta 1 only", node.describe());
  const bool turn_a = node.int_or("transA", 0) != 0;
  Product parts{.desc = {.m = c.shape[0], .n = c.shape[1], .k = a.shape[turn_a ? 0 : 1]}};
  parts.desc.transpose_a = turn_a;
  parts.desc.transpose_b = node.int_or("transB", 0) != 0;
  parts.desc.alpha = node.float_or("alpha", 1);
  parts.desc.has_bias = context.has(2);
  if (context.has(2)) {
    const Shape& bias = context.input(2).shape;
    const int64_t columns = bias.rank() > 0 ? bias[bias.rank() - 1] : 1;
    const int64_t rows = bias.rank() > 1 ? bias[0] : 1;
    parts.desc.bias_column_stride = columns > 1 ? 1 : 0;
    parts.desc.bias_row_stride = rows > 1 ? columns : 0;
  }
  return product(context, parts);
}

Result<Built> matmul(const BuildContext& context) {
  const Shape &a = context.input(0).shape, &b = context.input(1).shape;
  if (a.rank() < 2 || b.rank() < 2)
    return unsupported("{}: native multiplies matrices, not vectors", context.node.describe());
  Product parts{.desc = {.m = a[a.rank() - 2], .n = b[b.rank() - 1], .k = a[a.rank() - 1]}};
  const Shape batch_a(std::vector<int64_t>(a.begin(), a.end() - 2)),
      batch_b(std::vector<int64_t>(b.begin(), b.end() - 2));
  if (batch_b.element_count() == 1) {
    parts.desc.m *= batch_a.element_count();
  } else if (batch_a == batch_b) {
    parts.count = batch_a.element_count();
    parts.step_a = parts.desc.m * parts.desc.k;
    parts.step_b = parts.desc.k * parts.desc.n;
  } else {
    return unsupported("{}: native does not broadcast the batches of a product", context.node.describe());
  }
  return product(context, parts);
}

enum class Pooling { kMax, kAverage };

Built pool_step(const BuildContext& context, Pooling kind, const kernels::ref::PoolDesc& desc,
                const kernels::ref::AveragePadding& padding) {
  return {"ref",
          [kind, desc, padding, in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool& pool) {
            if (kind == Pooling::kMax)
              return kernels::ref::max_pool(desc, false, slots[in], slots[out], TensorView{}, pool);
            return kernels::ref::average_pool(desc, padding, slots[in], slots[out], pool);
          }};
}

template <Pooling kind>
Result<Built> pool(const BuildContext& context) {
  RETURN_IF_ERROR(check_spatial(context));
  if (context.node.has_output(1)) return unsupported("{}: native gives no indices", context.node.describe());
  const TensorView& x = context.input(0);
  const auto in = spatial(x);
  ASSIGN_OR_RETURN(
      const Window window,
      resolve_window(context.node, {{in.begin(), in.end()}, context.node.ints_or("kernel_shape", {})}));
  return pool_step(
      context, kind, {.planes = x.shape[0] * x.shape[1], .window = to_window(window, in)},
      {.counted = context.node.int_or("count_include_pad", 0) != 0, .pad_end = to_size3(window.pad_end, 0)});
}

template <Pooling kind>
Result<Built> global_pool(const BuildContext& context) {
  RETURN_IF_ERROR(check_spatial(context));
  const TensorView& x = context.input(0);
  const Size3 whole = to_size3(spatial(x), 1);
  return pool_step(context, kind,
                   {.planes = x.shape[0] * x.shape[1], .window = {.in = whole, .kernel = whole}}, {});
}

constexpr auto kRows = std::to_array<BuilderRow>({{"AveragePool", pool<Pooling::kAverage>},
                                                  {"Conv", conv, true},
                                                  {"FusedConv", conv, true, "ridgeline"},
                                                  {"Gemm", gemm, true},
                                                  {"GlobalAveragePool", global_pool<Pooling::kAverage>},
                                                  {"GlobalMaxPool", global_pool<Pooling::kMax>},
                                                  {"MatMul", matmul, true},
                                                  {"MaxPool", pool<Pooling::kMax>}});

}  // namespace

std::span<const BuilderRow> matrix_builders() { return kRows; }

}  // namespace ridgeline::native
