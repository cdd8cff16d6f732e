// Reductions, and what orders or accumulates along an axis.

#include <ATen/Functions.h>
#include <array>
#include <numeric>

#include "engine/libtorch/op.h"

namespace ridgeline::libtorch {

namespace {

using Dims = std::vector<int64_t>;
using Reduction = at::Tensor (*)(const at::Tensor&, const Dims& axes, bool keep);

Dims all_axes(const at::Tensor& x) {
  Dims axes(static_cast<size_t>(x.dim()));
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

/// `axes` is an attribute before opset 18 (13 for ReduceSum) and input 1 from then on.
template <Reduction reduction>
Result<Kernel> build_reduction(const OpSite& site) {
  const bool keep = site.node.int_or("keepdims", 1) != 0;
  const bool empty_means_none = site.node.int_or("noop_with_empty_axes", 0) != 0;
  return returns([keep, empty_means_none, axes = site.ints("axes", 1)](const Inputs& in) {
    Dims over = axes.read(in);
    if (over.empty() && empty_means_none) return in[0];
    if (over.empty()) over = all_axes(in[0]);
    return over.empty() ? reduction(in[0].unsqueeze(0), {0}, false) : reduction(in[0], over, keep);
  });
}

/// Integer sums stay in the type of their input.
at::Tensor sum(const at::Tensor& x, const Dims& axes, bool keep) {
  return x.sum(axes, keep, x.scalar_type());
}

at::Tensor mean(const at::Tensor& x, const Dims& axes, bool keep) {
  if (at::isFloatingType(x.scalar_type())) return x.mean(axes, keep);
  return x.to(at::kDouble).mean(axes, keep).to(x.scalar_type());
}

at::Tensor product(const at::Tensor& x, const Dims& axes, bool keep) {
  at::Tensor result = x;
  for (const int64_t axis : axes) result = result.prod(axis, true, x.scalar_type());
  return keep ? result : result.squeeze(axes);
}

/// ATen's amax and amin leave out booleans' order and empty axes; images have neither.
at::Tensor greatest(const at::Tensor& x, const Dims& axes, bool keep) { return x.amax(axes, keep); }
at::Tensor least(const at::Tensor& x, const Dims& axes, bool keep) { return x.amin(axes, keep); }
at::Tensor sum_of_magnitudes(const at::Tensor& x, const Dims& axes, bool keep) {
  return sum(x.abs(), axes, keep);
}
at::Tensor sum_of_squares(const at::Tensor& x, const Dims& axes, bool keep) {
  return sum(x.square(), axes, keep);
}
at::Tensor euclidean(const at::Tensor& x, const Dims& axes, bool keep) {
  return sum_of_squares(x, axes, keep).sqrt().to(x.scalar_type());
}
at::Tensor log_of_sum(const at::Tensor& x, const Dims& axes, bool keep) { return sum(x, axes, keep).log(); }
at::Tensor log_of_sum_of_exponentials(const at::Tensor& x, const Dims& axes, bool keep) {
  return at::logsumexp(x, axes, keep);
}

/// The first of equal extremes, or the last with select_last_index.
template <bool greatest>
Result<Kernel> build_arg_extreme(const OpSite& site) {
  const int64_t axis = site.node.int_or("axis", 0);
  const bool keep = site.node.int_or("keepdims", 1) != 0;
  const bool last = site.node.int_or("select_last_index", 0) != 0;
  return returns([axis, keep, last](const Inputs& in) {
    const at::Tensor x = last ? in[0].flip(axis) : in[0];
    const at::Tensor found = greatest ? x.argmax(axis, keep) : x.argmin(axis, keep);
    return last ? found.neg().add(x.size(axis) - 1) : found;
  });
}

/// ONNX orders equal elements by their index, which at::topk does not promise: hence the stable sort.
Result<Kernel> build_top_k(const OpSite& site) {
  const int64_t axis = site.node.int_or("axis", -1);
  const bool largest = site.node.int_or("largest", 1) != 0;
  return Kernel([axis, largest, count = site.ints(1)](const Inputs& in, const Outputs& out) {
    const Dims k = count.read(in);
    const auto [values, indices] = at::sort(in[0], true, axis, largest);
    out[0] = values.narrow(axis, 0, k.at(0));
    if (out.size() > 1) out[1] = indices.narrow(axis, 0, k.at(0));
  });
}

Result<Kernel> build_cumulative_sum(const OpSite& site) {
  const bool exclusive = site.node.int_or("exclusive", 0) != 0;
  const bool reverse = site.node.int_or("reverse", 0) != 0;
  return returns([exclusive, reverse, axis_input = site.ints(1)](const Inputs& in) {
    const int64_t axis = axis_input.read(in).at(0);
    const at::Tensor x = reverse ? in[0].flip(axis) : in[0];
    at::Tensor sums = x.cumsum(axis, x.scalar_type());
    if (exclusive) sums = sums.sub(x);
    return reverse ? sums.flip(axis) : sums;
  });
}

Result<Kernel> build_non_zero(const OpSite&) {
  return returns([](const Inputs& in) { return at::nonzero(in[0]).t().contiguous(); });
}

}  // namespace

std::span<const OpRow> reduce_ops() {
  static const std::array kRows = {
      OpRow{"ArgMax", build_arg_extreme<true>},
      OpRow{"ArgMin", build_arg_extreme<false>},
      OpRow{"CumSum", build_cumulative_sum},
      OpRow{.op = "NonZero", .build = build_non_zero, .shape_inputs = {}, .data_dependent = true},
      OpRow{"ReduceL1", build_reduction<sum_of_magnitudes>, {1}},
      OpRow{"ReduceL2", build_reduction<euclidean>, {1}},
      OpRow{"ReduceLogSum", build_reduction<log_of_sum>, {1}},
      OpRow{"ReduceLogSumExp", build_reduction<log_of_sum_of_exponentials>, {1}},
      OpRow{"ReduceMax", build_reduction<greatest>, {1}},
      OpRow{"ReduceMean", build_reduction<mean>, {1}},
      OpRow{"ReduceMin", build_reduction<least>, {1}},
      OpRow{"ReduceProd", build_reduction<product>, {1}},
      OpRow{"ReduceSum", build_reduction<sum>, {1}},
      OpRow{"ReduceSumSquare", build_reduction<sum_of_squares>, {1}},
      OpRow{"TopK", build_top_k, {1}},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
