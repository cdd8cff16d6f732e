// Ops that move elements without computing: transposes, cuts, joins, pads.

#include <ATen/Functions.h>
#include <algorithm>
#include <array>

#include "engine/libtorch/op.h"

namespace ridgeline::libtorch {

namespace {

using Dims = std::vector<int64_t>;

Result<Kernel> build_transpose(const OpSite& site) {
  return returns([order = site.node.ints_or("perm", {})](const Inputs& in) {
    if (!order.empty()) return in[0].permute(order);
    Dims reversed;
    for (int64_t axis = in[0].dim(); axis-- > 0;) reversed.push_back(axis);
    return in[0].permute(reversed);
  });
}

Result<Kernel> build_concat(const OpSite& site) {
  return returns([axis = site.node.int_or("axis", 0)](const Inputs& in) {
    std::vector<at::Tensor> parts;
    for (size_t i = 0; i < in.size(); ++i) parts.push_back(in[i]);
    return at::cat(parts, axis);
  });
}

/// Sizes from the attribute (opset 11) or input; else equal parts, the last one smaller.
Result<Kernel> build_split(const OpSite& site) {
  const int64_t axis = site.node.int_or("axis", 0);
  return Kernel([axis, given = site.ints("split", 1)](const Inputs& in, const Outputs& out) {
    Dims sizes = given.read(in);
    if (sizes.empty()) {
      const int64_t total = in[0].size(axis);
      const auto count = static_cast<int64_t>(out.size());
      const int64_t each = (total + count - 1) / count;
      for (int64_t i = 0; i < count; ++i) sizes.push_back(std::clamp<int64_t>(total - i * each, 0, each));
    }
    const std::vector<at::Tensor> parts = at::split_with_sizes(in[0], sizes, axis);
    for (size_t i = 0; i < parts.size() && i < out.size(); ++i) out[i] = parts[i];
  });
}

struct Cut {
  int64_t start;
  int64_t end;
  int64_t step;
};

/// ATen slices forward only; a backward cut is gathered.
at::Tensor cut_axis(const at::Tensor& x, int64_t axis, Cut cut) {
  const int64_t size = x.size(axis);
  const auto from_start = [size](int64_t index) { return index < 0 ? index + size : index; };
  if (cut.step > 0) return x.slice(axis, cut.start, cut.end, cut.step);
  if (cut.step == 0) throw std::invalid_argument("input steps has a 0");
  const int64_t start = std::clamp<int64_t>(from_start(cut.start), -1, size - 1);
  const int64_t end = std::clamp<int64_t>(from_start(cut.end), -1, size - 1);
  Dims indices;
  for (int64_t index = start; index > end; index += cut.step) indices.push_back(index);
  return x.index_select(axis, at::tensor(indices, at::TensorOptions().dtype(at::kLong)).to(x.device()));
}

Result<Kernel> build_slice(const OpSite& site) {
  return returns([starts = site.ints("starts", 1), ends = site.ints("ends", 2), axes = site.ints("axes", 3),
                  steps = site.ints(4)](const Inputs& in) {
    const Dims from = starts.read(in);
    const Dims to = ends.read(in);
    const Dims along = axes.read(in);
    const Dims by = steps.read(in);
    at::Tensor result = in[0];
    for (size_t i = 0; i < from.size(); ++i) {
      const int64_t axis = along.empty() ? static_cast<int64_t>(i) : along.at(i);
      result = cut_axis(result, axis, {from[i], to.at(i), by.empty() ? 1 : by.at(i)});
    }
    return result;
  });
}

/// Where element `index` of the padded axis comes from.
int64_t source_of(int64_t index, int64_t size, const std::string& mode) {
  if (mode == "edge") return std::clamp<int64_t>(index, 0, size - 1);
  if (mode == "wrap") return ((index % size) + size) % size;
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);  // reflect
  const int64_t phase = ((index % period) + period) % period;
  return std::min(phase, period - phase);
}

at::Tensor padded_by_copies(const at::Tensor& x, int64_t axis, int64_t before, int64_t after,
                            const std::string& mode) {
  if (before == 0 && after == 0) return x;
  const int64_t size = x.size(axis);
  Dims sources;
  for (int64_t index = -before; index < size + after; ++index)
    sources.push_back(source_of(index, size, mode));
  return x.index_select(axis, at::tensor(sources, at::TensorOptions().dtype(at::kLong)).to(x.device()));
}

struct PadCounts {
  Dims before;  ///< one element per axis; negative ones cut
  Dims after;
};

/// `axes` (opset 18) names the axes that `pads` speaks of; all of them when empty.
PadCounts pad_counts(const Dims& pads, const Dims& axes, int64_t rank) {
  PadCounts counts{Dims(static_cast<size_t>(rank), 0), Dims(static_cast<size_t>(rank), 0)};
  const size_t named = axes.empty() ? static_cast<size_t>(rank) : axes.size();
  if (pads.size() != 2 * named)
    throw std::invalid_argument("input pads must have two elements for each axis");
  for (size_t i = 0; i < named; ++i) {
    const auto axis = axes.empty() ? i : static_cast<size_t>(normalized_axis(axes[i], rank));
    counts.before[axis] = pads[i];
    counts.after[axis] = pads[named + i];
  }
  return counts;
}

at::Tensor pad(const at::Tensor& x, const PadCounts& counts, const std::string& mode,
               const at::Scalar& value) {
  if (mode == "constant") {
    Dims last_axis_first;
    for (size_t axis = counts.before.size(); axis-- > 0;) {
      last_axis_first.push_back(counts.before[axis]);
      last_axis_first.push_back(counts.after[axis]);
    }
    return at::constant_pad_nd(x, last_axis_first, value);
  }
  at::Tensor result = x;
  for (size_t axis = 0; axis < counts.before.size(); ++axis) {
    result =
        padded_by_copies(result, static_cast<int64_t>(axis), counts.before[axis], counts.after[axis], mode);
  }
  return result;
}

Result<Kernel> build_pad(const OpSite& site) {
  const std::string mode = site.node.string_or("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap")
    return unsupported("attribute mode '{}'", mode);
  const at::Tensor* known = site.constant(2);
  const std::optional<at::Scalar> value = known == nullptr ? std::nullopt : std::optional(known->item());
  return returns([mode, value, pads = site.ints("pads", 1), axes = site.ints(3)](const Inputs& in) {
    const at::Scalar fill = value ? *value : (in.has(2) ? in[2].item() : at::Scalar(0));
    return pad(in[0], pad_counts(pads.read(in), axes.read(in), in[0].dim()), mode, fill);
  });
}

/// Blocks of channels become blocks of pixels; DCR takes the channels of a block first, CRD last.
Result<Kernel> build_depth_to_space(const OpSite& site) {
  const int64_t block = site.node.int_or("blocksize", 1);
  if (site.node.string_or("mode", "DCR") == "CRD") {
    return returns([block](const Inputs& in) { return at::pixel_shuffle(in[0], block); });
  }
  return returns([block](const Inputs& in) {
    const at::Tensor& x = in[0];
    const int64_t channels = x.size(1) / (block * block);
    return x.reshape({x.size(0), block, block, channels, x.size(2), x.size(3)})
        .permute({0, 3, 4, 1, 5, 2})
        .reshape({x.size(0), channels, x.size(2) * block, x.size(3) * block});
  });
}

Result<Kernel> build_space_to_depth(const OpSite& site) {
  const int64_t block = site.node.int_or("blocksize", 1);
  return returns([block](const Inputs& in) {
    const at::Tensor& x = in[0];
    const int64_t height = x.size(2) / block;
    const int64_t width = x.size(3) / block;
    return x.reshape({x.size(0), x.size(1), height, block, width, block})
        .permute({0, 3, 5, 1, 2, 4})
        .reshape({x.size(0), x.size(1) * block * block, height, width});
  });
}

Result<Kernel> build_trilu(const OpSite& site) {
  const bool upper = site.node.int_or("upper", 1) != 0;
  return returns([upper, diagonal = site.ints(1)](const Inputs& in) {
    const Dims given = diagonal.read(in);
    const int64_t k = given.empty() ? 0 : given[0];
    return upper ? in[0].triu(k) : in[0].tril(k);
  });
}

}  // namespace

std::span<const OpRow> layout_ops() {
  static const std::array kRows = {
      OpRow{"Concat", build_concat},
      OpRow{"DepthToSpace", build_depth_to_space},
      OpRow{"Pad", build_pad, {1, 3}},
      OpRow{"Slice", build_slice, {1, 2, 3, 4}},
      OpRow{"SpaceToDepth", build_space_to_depth},
      OpRow{"Split", build_split, {1}},
      OpRow{"Transpose", build_transpose},
      OpRow{"Trilu", build_trilu},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
