#include <array>

#include "engine/native/operands.h"
#include "kernels/ref/normalise.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

Result<Built> batch_norm(const BuildContext& context) {
  if (context.out.size() > 1) return unsupported("{}: native does not train", context.node.describe());
  std::array<size_t, 5> in;
  for (size_t i = 0; i < in.size(); ++i) in[i] = *context.in[i];
  return Built{"ref",
               [in, epsilon = context.node.float_or("epsilon", 1e-5F), out = context.out[0]](
                   Slots slots, ThreadPool& pool) -> Status {
                 const auto floats = [&](size_t i) { return slots[in[i]].as<float>().data(); };
                 ref::batch_norm(slots[in[0]], {floats(1), floats(2), floats(3), floats(4), epsilon},
                                 slots[out], pool);
                 return {};
               }};
}

template <bool logarithm>
Result<Built> softmax(const BuildContext& context) {
  return Built{"ref",
               [axis = axis_of(context, "axis", -1), in = *context.in[0], out = context.out[0]](
                   Slots slots, ThreadPool& pool) -> Status {
                 ref::softmax(slots[in], axis, logarithm, slots[out], pool);
                 return {};
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"BatchNormalization", batch_norm, true},
                                                  {"LogSoftmax", softmax<true>, true},
                                                  {"Softmax", softmax<false>, true}});

}  // namespace

std::span<const BuilderRow> normalise_builders() { return kRows; }

}  // namespace ridgeline::native
