#include <algorithm>
#include <array>
#include <numeric>

#include "engine/native/operands.h"
#include "kernels/ref/move.h"
#include "kernels/ref/strided.h"

namespace ridgeline::native {
namespace {

namespace ref = kernels::ref;

Built move_step(const BuildContext& context, const ref::StridedMove& move) {
  return {"ref", [move, in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
            move.run(slots[in], slots[out], pool);
            return {};
          }};
}

Result<Built> slice(const BuildContext& context) {
  const Shape &in = context.input(0).shape, &out = context.output(0).shape;
  ASSIGN_OR_RETURN(const std::vector<int64_t> starts, constant_ints(context, 1));
  ASSIGN_OR_RETURN(std::vector<int64_t> axes, constant_ints(context, 3));
  ASSIGN_OR_RETURN(std::vector<int64_t> steps, constant_ints(context, 4));
  if (axes.empty()) {
    axes.resize(starts.size());
    std::iota(axes.begin(), axes.end(), 0);
  }
  if (steps.empty()) steps.resize(starts.size(), 1);
  ref::Strided source = ref::dense(in);
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t axis = axis_from_start(axes[i], in.rank());
    const int64_t start = starts[i] < 0 ? starts[i] + in[axis] : starts[i];
    const int64_t last = std::max<int64_t>(0, in[axis] - (steps[i] < 0 ? 1 : 0));
    source.offset += std::clamp<int64_t>(start, 0, last) * source.strides[axis];
    if (out[axis] > 1) source.strides[axis] *= steps[i];
  }
  return move_step(context, ref::StridedMove(out.dims(), source, ref::dense(out)));
}

Result<Built> split(const BuildContext& context) {
  const TensorView& in = context.input(0);
  const size_t axis = axis_of(context, "axis", 0);
  struct Part {
    ref::StridedMove move;
    size_t out;
  };
  std::vector<Part> parts;
  ref::Strided source = ref::dense(in.shape);
  for (size_t i = 0; i < context.out.size(); ++i) {
    if (context.out.size() != context.node.outputs.size())
      return unsupported("{}: a part is left out", context.node.describe());
    const Shape& out = context.output(i).shape;
    parts.push_back({ref::StridedMove(out.dims(), source, ref::dense(out)), context.out[i]});
    source.offset += out[axis] * source.strides[axis];
  }
  return Built{"ref", [parts, in = *context.in[0]](Slots slots, ThreadPool& pool) -> Status {
                 for (const Part& part : parts) part.move.run(slots[in], slots[part.out], pool);
                 return {};
               }};
}

/// Each axis of the input becomes two: which copy, and where in it.
Result<Built> tile(const BuildContext& context) {
  const Shape &in = context.input(0).shape, &out = context.output(0).shape;
  if (2 * in.rank() > kernels::kMaxRank)
    return unsupported("{}: native tiles no more than {} axes", context.node.describe(),
                       kernels::kMaxRank / 2);
  const ref::Strided in_layout = ref::dense(in), out_layout = ref::dense(out);
  std::vector<int64_t> dims;
  ref::Strided source, target;
  for (size_t axis = 0; axis < in.rank(); ++axis) {
    dims.insert(dims.end(), {in[axis] == 0 ? 0 : out[axis] / in[axis], in[axis]});
    source.strides[2 * axis + 1] = in_layout.strides[axis];
    target.strides[2 * axis] = in[axis] * out_layout.strides[axis];
    target.strides[2 * axis + 1] = out_layout.strides[axis];
  }
  return move_step(context, ref::StridedMove(dims, source, target));
}

/// Blocks of b × b pixels in six axes: where DepthToSpace's and SpaceToDepth's small and large tensors keep
/// batch, block row, block column, channel, row and column.
struct BlockAxes {
  std::array<int64_t, 6> dims;
  ref::Strided deep;  ///< many channels
  ref::Strided wide;  ///< many pixels
};

BlockAxes block_axes(const Shape& deep, int64_t block, bool columns_first) {
  const int64_t channels = deep[1] / (block * block), height = deep[2], width = deep[3];
  const int64_t plane = height * width;
  BlockAxes axes{.dims = {deep[0], block, block, channels, height, width}, .deep = {}, .wide = {}};
  const int64_t per_channel = columns_first ? block * block * plane : plane;
  const int64_t per_column = columns_first ? plane : channels * plane;
  const std::array deep_strides = {deep[1] * plane, block * per_column, per_column, per_channel,
                                   width,           int64_t{1}};
  const std::array wide_strides = {deep[1] * plane,       width * block,         int64_t{1},
                                   plane * block * block, width * block * block, block};
  std::ranges::copy(deep_strides, axes.deep.strides.begin());
  std::ranges::copy(wide_strides, axes.wide.strides.begin());
  return axes;
}

Result<Built> depth_to_space(const BuildContext& context) {
  const bool columns_first = context.node.string_or("mode", "DCR") == "CRD";
  const BlockAxes axes =
      block_axes(context.input(0).shape, context.node.int_or("blocksize", 1), columns_first);
  return move_step(context, ref::StridedMove(axes.dims, axes.deep, axes.wide));
}

Result<Built> space_to_depth(const BuildContext& context) {
  const BlockAxes axes = block_axes(context.output(0).shape, context.node.int_or("blocksize", 1), false);
  return move_step(context, ref::StridedMove(axes.dims, axes.wide, axes.deep));
}

/// The input's position behind each output of an axis that is padded at its beginning by `begin`.
Result<ref::AxisSources> padded_sources(const std::string& mode, int64_t in, int64_t out, int64_t begin) {
  ref::AxisSources sources;
  for (int64_t i = 0; i < out; ++i) {
    int64_t at = i - begin;
    const bool inside = at >= 0 && at < in;
    if (!inside && mode == "constant") {
      at = ref::kNowhere;
    } else if (!inside && in == 0) {
      return unsupported("there is nothing to pad with");
    } else if (!inside && mode == "edge") {
      at = std::clamp<int64_t>(at, 0, in - 1);
    } else if (!inside && mode == "wrap") {
      at = (at % in + in) % in;
    } else if (!inside) {
      const int64_t period = std::max<int64_t>(1, 2 * (in - 1));
      at = (at % period + period) % period;
      at = std::min(at, period - at) % in;
    }
    sources.push_back(at);
  }
  return sources;
}

Result<Built> pad(const BuildContext& context) {
  const Shape &in = context.input(0).shape, &out = context.output(0).shape;
  const std::string mode = context.node.string_or("mode", "constant");
  ASSIGN_OR_RETURN(const std::vector<int64_t> pads, constant_ints(context, 1));
  ASSIGN_OR_RETURN(std::vector<int64_t> axes, constant_ints(context, 3));
  if (axes.empty()) {
    axes.resize(in.rank());
    std::iota(axes.begin(), axes.end(), 0);
  }
  std::vector<int64_t> begins(in.rank(), 0);
  for (size_t i = 0; i < axes.size(); ++i) begins[axis_from_start(axes[i], in.rank())] = pads[i];
  std::vector<ref::AxisSources> sources;
  for (size_t axis = 0; axis < in.rank(); ++axis) {
    RETURN_IF_ERROR(check_table(context, out[axis]));
    auto along = padded_sources(mode, in[axis], out[axis], begins[axis]);
    if (!along.ok()) return unsupported("{}: {}", context.node.describe(), along.status().message());
    sources.push_back(std::move(along).value());
  }
  const std::optional<size_t> fill = context.has(2) ? context.in[2] : std::nullopt;
  return Built{"ref",
               [remap = ref::Remap(in, std::move(sources)), fill, in_slot = *context.in[0],
                out_slot = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 const std::byte* filler = fill ? slots[*fill].data : nullptr;
                 remap.run(slots[in_slot], filler, slots[out_slot], pool);
                 return {};
               }};
}

Result<Built> trilu(const BuildContext& context) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> k, constant_ints(context, 1));
  return Built{"ref",
               [upper = context.node.int_or("upper", 1) != 0, diagonal = k.empty() ? 0 : k[0],
                in = *context.in[0], out = context.out[0]](Slots slots, ThreadPool& pool) -> Status {
                 ref::triangle(upper, diagonal, slots[in], slots[out], pool);
                 return {};
               }};
}

constexpr auto kRows = std::to_array<BuilderRow>({{"DepthToSpace", depth_to_space},
                                                  {"Pad", pad},
                                                  {"Slice", slice},
                                                  {"SpaceToDepth", space_to_depth},
                                                  {"Split", split},
                                                  {"Tile", tile},
                                                  {"Trilu", trilu}});

}  // namespace

std::span<const BuilderRow> cut_builders() { return kRows; }

}  // namespace ridgeline::native
