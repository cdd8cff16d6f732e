#include "engine/native/channel_norm_builder.h"

#include "engine/native/packing.h"

namespace ridgeline::native {

kernels::ref::ChannelNorm channel_norm_of(const Node& node, const Shape& x) {
  return {.batch = x[0], .channels = x[1], .pixels = x[2] * x[3], .epsilon = node.float_or("epsilon", 1e-5F)};
}

Built build_channel_norm(const BuildContext& context, const kernels::ref::ChannelNorm& norm,
                         std::string_view kernel,
                         void (*run)(const kernels::ref::ChannelNorm&, const kernels::ref::ChannelNormArgs&,
                                     ThreadPool&)) {
  return {std::string(kernel),
          [norm, run, x = *context.in[0], scale = *context.in[1], bias = context.slot(2), y = context.out[0]](
              Slots slots, ThreadPool& pool) -> Status {
            run(norm,
                {.in = floats(slots, x),
                 .scale = floats(slots, scale),
                 .bias = floats(slots, bias),
                 .out = slots[y].as<float>().data()},
                pool);
            return {};
          }};
}

}  // namespace ridgeline::native
