#include <algorithm>
#include <array>
#include <numeric>

#include "engine/native/step.h"
#include "kernels/ref/binary.h"
#include "kernels/ref/move.h"
#include "kernels/ref/normalise.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

size_t axis_of(const Node& node, int64_t fallback, size_t rank) {
  const int64_t axis = node.int_or("axis", fallback);
  return static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(rank) : axis);
}

/// Reshape, Flatten, … change the frame, not the elements.
Result<Built> copy(const BuildContext& context) {
  if (context.out.size() > 1)
    return unsupported("{}: native gives its first output only", context.node.describe());
  return Built{"copy", [in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool&) -> Status {
                 ref::copy(slots[in], slots[out]);
                 return {};
               }};
}

Result<Built> transpose(const BuildContext& context) {
  std::vector<int64_t> reversed(context.input(0).shape.rank());
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  return Built{"ref",
               [order = context.node.ints_or("perm", reversed), in = *context.in[0], out = context.out[0]](
                   Slots slots, ThreadPool& pool) -> Status {
                 ref::transpose(slots[in], order, slots[out], pool);
                 return {};
               }};
}

Result<Built> concat(const BuildContext& context) {
  std::vector<size_t> in;
  for (const auto& slot : context.in) in.push_back(*slot);
  const size_t axis = axis_of(context.node, 0, context.output(0).shape.rank());
  return Built{"ref",
               [in, axis, views = std::vector<TensorView>(in.size()), out = context.out[0]](
                   Slots slots, ThreadPool&) mutable -> Status {
                 for (size_t i = 0; i < in.size(); ++i) views[i] = slots[in[i]];
                 ref::concat(views, axis, slots[out]);
                 return {};
               }};
}

Result<Built> expand(const BuildContext& context) {
  return Built{"ref", [in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::expand(slots[in], slots[out], pool);
                 return {};
               }};
}

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
               [axis = axis_of(context.node, -1, context.input(0).shape.rank()), in = *context.in[0],
                out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::softmax(slots[in], axis, logarithm, slots[out], pool);
                 return {};
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"BatchNormalization", batch_norm},
                                                  {"Concat", concat},
                                                  {"Dropout", copy},
                                                  {"Expand", expand},
                                                  {"Flatten", copy},
                                                  {"Identity", copy},
                                                  {"LogSoftmax", softmax<true>},
                                                  {"Reshape", copy},
                                                  {"Softmax", softmax<false>},
                                                  {"Squeeze", copy},
                                                  {"Transpose", transpose},
                                                  {"Unsqueeze", copy}});

}  // namespace

std::span<const BuilderRow> layout_builders() { return kRows; }

Builder find_builder(const Node& node) {
  if (!node.domain.empty()) return nullptr;
  for (const auto rows : {matrix_builders(), elementwise_builders(), layout_builders()})
    for (const BuilderRow& row : rows)
      if (row.op == node.op) return row.build;
  return nullptr;
}

}  // namespace ridgeline::native
