#include <algorithm>
#include <array>
#include <numeric>

#include "engine/native/operands.h"
#include "kernels/ref/binary.h"
#include "kernels/ref/move.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

/// Reshape, Flatten, … change the frame, not the elements: where nobody else reads them, they stay in place.
Result<Built> copy(const BuildContext& context) {
  const size_t in = *context.in[0];
  return Built{.kernel = "copy",
               .run = [in, out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::copy(slots[in], slots[out], pool);
                 return {};
               },
               .replaced = in};
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
  return concat_along(context, axis_of(context, "axis", 0));
}

Result<Built> expand(const BuildContext& context) {
  return Built{"ref", [in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::expand(slots[in], slots[out], pool);
                 return {};
               }};
}

/// Inference: every element passes, and a mask says so.
Result<Built> dropout(const BuildContext& context) {
  if (context.has(2)) {
    if (!context.is_constant(2) || *context.input(2).data != std::byte{0})
      return unsupported("{}: native does not train", context.node.describe());
  }
  const auto mask = context.out.size() > 1 ? std::optional(context.out[1]) : std::nullopt;
  return Built{"copy",
               [in = *context.in[0], mask, out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::copy(slots[in], slots[out], pool);
                 if (mask) std::ranges::fill(slots[*mask].as<bool>(), true);
                 return {};
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"Concat", concat},
                                                  {"Dropout", dropout},
                                                  {"Expand", expand},
                                                  {"Flatten", copy},
                                                  {"Identity", copy},
                                                  {"Reshape", copy},
                                                  {"Squeeze", copy},
                                                  {"Transpose", transpose},
                                                  {"Unsqueeze", copy}});

}  // namespace

Built concat_along(const BuildContext& context, size_t axis) {
  std::vector<size_t> in;
  for (const auto& slot : context.in) in.push_back(*slot);
  return Built{"ref",
               [in, axis, views = std::vector<TensorView>(in.size()), out = context.out[0]](
                   Slots slots, ThreadPool& pool) mutable -> Status {
                 for (size_t i = 0; i < in.size(); ++i) views[i] = slots[in[i]];
                 ref::concat(views, axis, slots[out], pool);
                 return {};
               }};
}

std::span<const BuilderRow> layout_builders() { return kRows; }

}  // namespace ridgeline::native
