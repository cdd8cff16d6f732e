#include <algorithm>
#include <array>

#include "engine/native/operands.h"
#include "engine/native/packing.h"
#include "engine/native/step.h"
#include "graph/ops/infer_context.h"
#include "kernels/broadcast.h"
#include "kernels/gemm.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

/// A product's parts: matrices of one shape, at their offsets in each operand.
struct Product {
  kernels::GemmDesc desc;
  std::vector<int64_t> offsets_a{0}, offsets_b{0}, offsets_c{0};
};

/// body(product, the threads that compute it): each by `alone`, a pool of one thread, where there are enough
/// of them.
template <typename Body>
void for_each_product(size_t count, ThreadPool& pool, ThreadPool& alone, const Body& body) {
  constexpr size_t kProductsPerThread = 4;
  if (count < kProductsPerThread * static_cast<size_t>(pool.threads())) {
    for (size_t i = 0; i < count; ++i) body(i, pool);
    return;
  }
  pool.parallel_for(static_cast<int64_t>(count), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) body(static_cast<size_t>(i), alone);
  });
}

/// Both operands are computed, or there are several second ones: where that pays, those are packed at each
/// run, all of them before the first product.
Built product_of_computed(const BuildContext& context, Product product) {
  constexpr int64_t kRowsThatPay = 4;
  product.desc.can_pack_b = product.desc.m >= kRowsThatPay;
  const kernels::GemmImpl& impl = *kernels::select(kernels::gemm_impls(), product.desc, context.cpu).impl;
  const size_t packed_bytes = (impl.packed_bytes(product.desc) + 63) / 64 * 64;
  const size_t scratch_bytes = packed_bytes * product.offsets_b.size();
  const auto scratch = scratch_bytes > 0 ? std::optional(context.scratch) : std::nullopt;
  Run run = [=, product = std::move(product), run = impl.run, pack = impl.pack, a_slot = *context.in[0],
             b_slot = *context.in[1], bias = context.slot(2), out = context.out[0],
             alone = std::make_shared<ThreadPool>(1)](Slots slots, ThreadPool& pool) -> Status {
    const float *a = floats(slots, a_slot), *b = floats(slots, b_slot);
    std::byte* packed = scratch ? slots[*scratch].data : nullptr;
    const auto count = static_cast<int64_t>(product.offsets_b.size());
    pool.parallel_for(packed == nullptr ? 0 : count, 1, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
        pack(product.desc, b + product.offsets_b[i], packed + i * packed_bytes);
    });
    auto* const c = reinterpret_cast<float*>(slots[out].data);
    const auto multiply = [&](size_t i, ThreadPool& threads) {
      const void* matrix = b + product.offsets_b[i];
      if (packed != nullptr) matrix = packed + i * packed_bytes;
      run(product.desc,
          {.a = a + product.offsets_a[i],
           .b = matrix,
           .bias = floats(slots, bias),
           .c = c + product.offsets_c[i]},
          threads);
    };
    for_each_product(product.offsets_a.size(), pool, *alone, multiply);
    return {};
  };
  return {std::string(impl.name), std::move(run), scratch_bytes};
}

Result<Built> product(const BuildContext& context, Product product) {
  if (product.offsets_b.size() > 1 || !context.is_constant(1))
    return product_of_computed(context, std::move(product));
  const auto choice = kernels::select(kernels::gemm_impls(), product.desc, context.cpu);
  ASSIGN_OR_RETURN(const void* packed, pack(context, *choice.impl, product.desc, context.input(1)));
  Run run = [product, packed, bias = context.slot(2), run = choice.impl->run, a_slot = *context.in[0],
             out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
    run(product.desc,
        {.a = floats(slots, a_slot),
         .b = packed,
         .bias = floats(slots, bias),
         .c = reinterpret_cast<float*>(slots[out].data)},
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

/// Where each matrix starts, of a view with steps along the axes of `batch` first.
std::vector<int64_t> strided_offsets(const Shape& batch, int64_t first, std::span<const int64_t> steps) {
  std::vector<int64_t> offsets;
  for (int64_t i = 0; i < batch.element_count(); ++i) {
    int64_t rest = i, offset = first;
    for (size_t axis = batch.rank(); axis-- > 0; rest /= batch[axis])
      offset += rest % batch[axis] * steps[axis];
    offsets.push_back(offset);
  }
  return offsets;
}

/// Where each of `own` matrices starts that a product over `batch` takes.
std::vector<int64_t> matrix_offsets(const Shape& own, int64_t elements, const Shape& batch) {
  kernels::Dims steps = kernels::broadcast_strides(own, batch);
  for (int64_t& step : steps) step *= elements;
  return strided_offsets(batch, 0, steps);
}

/// Numpy's product: a vector on the left is a row, one on the right a column, and batches broadcast. A
/// FusedMatMul has one constant matrix, and a bias for each of its columns.
Result<Built> matmul(const BuildContext& context) {
  Shape a = context.input(0).shape, b = context.input(1).shape;
  if (a.rank() == 1) a.dims().insert(a.dims().begin(), 1);
  if (b.rank() == 1) b.dims().push_back(1);
  Product parts{.desc = {.m = a[a.rank() - 2], .n = b[b.rank() - 1], .k = a[a.rank() - 1]}};
  const Shape batch_a(std::vector<int64_t>(a.begin(), a.end() - 2)),
      batch_b(std::vector<int64_t>(b.begin(), b.end() - 2));
  if (batch_b.element_count() == 1) {
    parts.desc.m *= batch_a.element_count();
    parts.desc.has_bias = context.has(2);
    parts.desc.bias_column_stride = context.has(2) ? 1 : 0;
    return product(context, parts);
  }
  const auto batch = ops::broadcast(batch_a, batch_b);
  if (!batch) return unsupported("{}: the batches do not broadcast", context.node.describe());
  RETURN_IF_ERROR(check_table(context, batch->element_count()));
  const int64_t m = parts.desc.m, n = parts.desc.n, k = parts.desc.k;
  parts.offsets_a = matrix_offsets(batch_a, m * k, *batch);
  parts.offsets_b = matrix_offsets(batch_b, k * n, *batch);
  parts.offsets_c = matrix_offsets(*batch, m * n, *batch);
  return product(context, parts);
}

/// passes/stride_products says what the attributes are.
Result<Built> strided_matmul(const BuildContext& context) {
  const std::vector<int64_t> sizes = context.node.ints_or("sizes", {}), a = context.node.ints_or("a", {}),
                             b = context.node.ints_or("b", {}), y = context.node.ints_or("y", {});
  const size_t axes = sizes.size() - 3;
  const Shape batch(std::vector<int64_t>(sizes.begin(), sizes.end() - 3));
  RETURN_IF_ERROR(check_table(context, batch.element_count()));
  Product parts{.desc = {.m = sizes[axes], .n = sizes[axes + 2], .k = sizes[axes + 1]},
                .offsets_a = strided_offsets(batch, a[0], std::span(a).subspan(1)),
                .offsets_b = strided_offsets(batch, b[0], std::span(b).subspan(1)),
                .offsets_c = strided_offsets(batch, 0, y)};
  kernels::GemmDesc& desc = parts.desc;
  const int64_t a_row = a[axes + 1], a_term = a[axes + 2], b_term = b[axes + 1], b_column = b[axes + 2];
  desc.transpose_a = a_term != 1 && desc.k != 1;
  desc.transpose_b = b_column != 1 && desc.n != 1;
  desc.a_line = desc.transpose_a ? a_term : a_row;
  desc.b_line = desc.transpose_b ? b_column : b_term;
  desc.c_line = y[axes];
  desc.alpha = context.node.float_or("alpha", 1);
  return product_of_computed(context, std::move(parts));
}

constexpr auto kRows = std::to_array<BuilderRow>({{"FusedMatMul", matmul, true, "ridgeline"},
                                                  {"Gemm", gemm, true},
                                                  {"MatMul", matmul, true},
                                                  {"StridedMatMul", strided_matmul, true, "ridgeline"}});

}  // namespace

std::span<const BuilderRow> matrix_builders() { return kRows; }

}  // namespace ridgeline::native
