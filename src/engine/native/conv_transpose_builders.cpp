#include <array>

#include "engine/native/windows.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/ref/columns.h"
#include "kernels/ref/conv.h"
#include "kernels/select.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

/// Each group of each image as a product, transposed input × weights, whose columns are then put in place.
/// The product's second operand is constant, so that the packing kernels take it.
Result<Built> by_product(const BuildContext& context, const kernels::ConvDesc& desc) {
  const kernels::Window& w = desc.window;
  const int64_t group_in = desc.in_channels / desc.groups, group_out = desc.out_channels / desc.groups;
  const kernels::GemmDesc product{.m = kernels::volume(w.out),
                                  .n = group_out * kernels::volume(w.kernel),
                                  .k = group_in,
                                  .transpose_a = true};
  const kernels::GemmImpl& impl = *kernels::select(kernels::gemm_impls(), product, context.cpu).impl;
  const int64_t weights_step = product.k * product.n;
  const auto* weights = reinterpret_cast<const float*>(context.input(1).data);
  std::vector<const void*> packed;
  for (int64_t group = 0; group < desc.groups; ++group) {
    packed.push_back(weights + group * weights_step);
    const size_t bytes = impl.packed_bytes(product);
    if (bytes == 0) continue;
    ASSIGN_OR_RETURN(Tensor memory, Tensor::zeros(DType::kU8, {static_cast<int64_t>(bytes)}));
    impl.pack(product, weights + group * weights_step, memory.data());
    packed.back() = memory.data();
    context.packed.push_back(std::move(memory));
  }
  Run run = [=, run = impl.run, x = *context.in[0], bias = context.slot(2), y = context.out[0],
             scratch = context.scratch](Slots slots, ThreadPool& pool) -> Status {
    auto* columns = reinterpret_cast<float*>(slots[scratch].data);
    const float* in = slots[x].as<float>().data();
    float* out = slots[y].as<float>().data();
    for (int64_t i = 0; i < desc.batch * desc.groups; ++i) {
      const auto group = static_cast<size_t>(i % desc.groups);
      run(product, {.a = in + i * product.k * product.m, .b = packed[group], .c = columns}, pool);
      const float* group_bias = bias ? slots[*bias].as<float>().subspan(group * group_out).data() : nullptr;
      ref::columns_to_image({desc.window, group_out}, columns, group_bias,
                            out + i * group_out * kernels::volume(desc.window.in), pool);
    }
    return {};
  };
  Built built{std::string(impl.name), std::move(run),
              static_cast<size_t>(product.m * product.n) * sizeof(float)};
  if (impl.packed_bytes(product) > 0) built.packed_inputs = {1};
  return built;
}

Result<Built> conv_transpose(const BuildContext& context) {
  RETURN_IF_ERROR(check_spatial(context.node, context.input(0).shape));
  const TensorView &x = context.input(0), &w = context.input(1);
  const auto in = spatial(x.shape), kernel = spatial(w.shape);
  ASSIGN_OR_RETURN(Window window, resolve_transposed_window(context.node, {{in.begin(), in.end()},
                                                                           {kernel.begin(), kernel.end()}}));
  // The kernel sees the convolution that this is the gradient of: in and out change places.
  const std::vector<int64_t> out_size = std::move(window.output);
  window.output.assign(in.begin(), in.end());
  const int64_t groups = context.node.int_or("group", 1);
  const kernels::ConvDesc desc{.batch = x.shape[0],
                               .in_channels = x.shape[1],
                               .out_channels = w.shape[1] * groups,
                               .groups = groups,
                               .window = to_window(window, out_size),
                               .has_bias = context.has(2)};
  if (context.is_constant(1)) return by_product(context, desc);
  return Built{"ref",
               [desc, x_slot = *context.in[0], w_slot = *context.in[1], bias = context.slot(2),
                out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::conv_transpose(desc,
                                     {.in = slots[x_slot].as<float>().data(),
                                      .weights = slots[w_slot].data,
                                      .bias = bias ? slots[*bias].as<float>().data() : nullptr,
                                      .out = slots[out].as<float>().data()},
                                     pool);
                 return {};
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"ConvTranspose", conv_transpose, true}});

}  // namespace

std::span<const BuilderRow> conv_transpose_builders() { return kRows; }

}  // namespace ridgeline::native
