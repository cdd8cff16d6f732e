// Pools over windows and over whole images.

#include <ATen/Functions.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/libtorch/window.h"

namespace ridgeline::libtorch {

namespace {

/// ATen's pools pad both sides alike, by at most half a window.
bool aten_pads(const Window& window, const Padding& padding) {
  if (!padding.is_symmetric()) return false;
  for (size_t axis = 0; axis < window.rank(); ++axis) {
    if (padding.before[axis] > window.kernel[axis] / 2) return false;
  }
  return true;
}

Dims spatial_axes(const at::Tensor& input) {
  Dims axes;
  for (int64_t axis = 2; axis < input.dim(); ++axis) axes.push_back(axis);
  return axes;
}

/// One axis more before the others, so that 1-D pools run as 2-D ones.
Dims with_leading(Dims values, int64_t first) {
  values.insert(values.begin(), first);
  return values;
}

Window as_2d(const Window& window) {
  return {.kernel = with_leading(window.kernel, 1),
          .strides = with_leading(window.strides, 1),
          .dilations = with_leading(window.dilations, 1),
          .padding = {with_leading(window.padding.before, 0), with_leading(window.padding.after, 0)},
          .auto_pad = window.auto_pad,
          .ceil_mode = window.ceil_mode};
}

struct AveragePool {
  Window window;  ///< two or three axes
  bool counts_padding = false;
};

at::Tensor pooled(const Window& window, const at::Tensor& x, const Dims& padding, bool counts_padding,
                  std::optional<int64_t> divisor) {
  const auto pool = window.rank() == 2 ? at::avg_pool2d : at::avg_pool3d;
  return pool(x, window.kernel, window.strides, padding, window.ceil_mode, counts_padding, divisor);
}

at::Tensor window_sums(const Window& window, const at::Tensor& x, const Padding& padding) {
  return pooled(window, padded(x, padding, 0), Dims(window.rank(), 0), true, 1);
}

at::Tensor average(const AveragePool& pool, const at::Tensor& x) {
  const Padding padding = pool.window.padding_for(x, pool.window.kernel);
  if (aten_pads(pool.window, padding))
    return pooled(pool.window, x, padding.before, pool.counts_padding, std::nullopt);
  at::Tensor ones = at::ones_like(x.slice(0, 0, 1).slice(1, 0, 1));
  const Padding none{Dims(pool.window.rank(), 0), Dims(pool.window.rank(), 0)};
  if (pool.counts_padding) ones = padded(ones, padding, 1);
  return window_sums(pool.window, x, padding)
      .div(window_sums(pool.window, ones, pool.counts_padding ? none : padding));
}

/// `pool` on two or three spatial axes, given a window and an input of one to three.
template <typename Pool>
Result<Kernel> lifted_to_2d(const Window& window, Pool pool) {
  if (window.rank() > 3) return unsupported("a pool over {} axes", window.rank());
  if (window.rank() > 1) return returns([=](const Inputs& in) { return pool(window, in[0]); });
  return returns([window = as_2d(window), pool](const Inputs& in) {
    return pool(window, in[0].unsqueeze(2)).squeeze(2);
  });
}

bool has_dilation(const Window& window) {
  return std::any_of(window.dilations.begin(), window.dilations.end(),
                     [](int64_t step) { return step != 1; });
}

Result<Kernel> build_average_pool(const OpSite& site) {
  ASSIGN_OR_RETURN(const Window window, Window::from(site));
  if (has_dilation(window)) return unsupported("attribute dilations: ATen's average pools have none");
  const bool counts_padding = site.node.int_or("count_include_pad", 0) != 0;
  return lifted_to_2d(window, [counts_padding](const Window& lifted, const at::Tensor& x) {
    return average({lifted, counts_padding}, x);
  });
}

/// (Σ |x|^p)^(1/p) over each window.
Result<Kernel> build_lp_pool(const OpSite& site) {
  ASSIGN_OR_RETURN(const Window window, Window::from(site));
  if (has_dilation(window)) return unsupported("attribute dilations: ATen's pools of sums have none");
  const auto p = static_cast<double>(site.node.int_or("p", 2));
  return lifted_to_2d(window, [p](const Window& lifted, const at::Tensor& x) {
    return window_sums(lifted, x.abs().pow(p), lifted.padding_for(x, lifted.kernel)).pow(1 / p);
  });
}

double lowest(at::ScalarType type) {
  if (at::isFloatingType(type)) return -std::numeric_limits<double>::infinity();
  return type == at::kChar ? std::numeric_limits<int8_t>::min() : 0;
}

/// Flat positions within padded images become positions in the whole unpadded tensor, as ONNX counts them.
at::Tensor onnx_positions(const at::Tensor& indices, const at::Tensor& x, const Padding& padding,
                          bool column_major) {
  at::Tensor rest = indices;
  at::Tensor position = at::zeros_like(indices);
  int64_t plane = 1;
  int64_t row_stride = 1;
  const int64_t rank = x.dim() - 2;
  for (int64_t axis = rank; axis-- > 0;) plane *= x.size(axis + 2);
  int64_t column_stride = plane;
  for (int64_t axis = rank; axis-- > 0;) {
    const int64_t size = x.size(axis + 2);
    const auto at_axis = static_cast<size_t>(axis);
    const int64_t padded_size = size + padding.before[at_axis] + padding.after[at_axis];
    column_stride /= size;
    const at::Tensor coordinate = rest.remainder(padded_size).sub(padding.before[at_axis]);
    position = position.add(coordinate.mul(column_major ? column_stride : row_stride));
    rest = rest.div(padded_size, "floor");
    row_stride *= size;
  }
  Dims per_image(static_cast<size_t>(x.dim()), 1);
  per_image[0] = x.size(0);
  per_image[1] = x.size(1);
  return position.add(at::arange(x.size(0) * x.size(1), indices.options()).mul(plane).view(per_image));
}

struct MaxPool {
  bool wants_positions = false;
  bool column_major = false;
};

void max_pool(const MaxPool& pool, const Window& window, const at::Tensor& x, const Outputs& out) {
  const Padding padding = window.padding_for(x, window.kernel);
  const bool aten_pads_it = aten_pads(window, padding);
  const Dims none(window.rank(), 0);
  const at::Tensor source = aten_pads_it ? x : padded(x, padding, lowest(x.scalar_type()));
  const Dims& side = aten_pads_it ? padding.before : none;
  if (!pool.wants_positions) {
    const auto run = window.rank() == 2 ? at::max_pool2d : at::max_pool3d;
    out[0] = run(source, window.kernel, window.strides, side, window.dilations, window.ceil_mode);
    return;
  }
  const auto run = window.rank() == 2 ? at::max_pool2d_with_indices : at::max_pool3d_with_indices;
  auto [values, indices] =
      run(source, window.kernel, window.strides, side, window.dilations, window.ceil_mode);
  out[0] = values;
  out[1] = onnx_positions(indices, x, aten_pads_it ? Padding{none, none} : padding, pool.column_major);
}

Result<Kernel> build_max_pool(const OpSite& site) {
  ASSIGN_OR_RETURN(const Window window, Window::from(site));
  if (window.rank() > 3) return unsupported("a pool over {} axes", window.rank());
  const MaxPool pool{.wants_positions = site.node.has_output(1),
                     .column_major = site.node.int_or("storage_order", 0) == 1};
  if (window.rank() > 1) {
    return Kernel([=](const Inputs& in, const Outputs& out) { max_pool(pool, window, in[0], out); });
  }
  return Kernel([pool, window = as_2d(window)](const Inputs& in, const Outputs& out) {
    max_pool(pool, window, in[0].unsqueeze(2), out);
    for (size_t i = 0; i < (pool.wants_positions ? 2U : 1U); ++i) out[i] = out[i].squeeze(2);
  });
}

Dims unpooled_sizes(const Window& window, const at::Tensor& x) {
  Dims sizes = x.sizes().slice(0, 2).vec();
  for (size_t axis = 0; axis < window.rank(); ++axis) {
    sizes.push_back((x.size(static_cast<int64_t>(axis) + 2) - 1) * window.strides[axis] +
                    window.kernel[axis] - window.padding.before[axis] - window.padding.after[axis]);
  }
  return sizes;
}

/// The positions count through the tensor that the pool read; an output_shape larger than that leaves the
/// rest zero.
at::Tensor unpooled(const Window& window, const Inputs& in, const Dims& output_shape) {
  const Dims sizes = unpooled_sizes(window, in[0]);
  int64_t count = 1;
  for (const int64_t size : sizes) count *= size;
  at::Tensor result = at::zeros({count}, in[0].options())
                          .scatter(0, in[1].flatten().to(at::kLong), in[0].flatten())
                          .view(sizes);
  if (output_shape.empty() || output_shape == sizes) return result;
  Padding rest{Dims(window.rank(), 0), Dims(window.rank(), 0)};
  for (size_t axis = 0; axis < window.rank(); ++axis)
    rest.after[axis] = output_shape[axis + 2] - sizes[axis + 2];
  return padded(result, rest, 0);
}

Result<Kernel> build_max_unpool(const OpSite& site) {
  ASSIGN_OR_RETURN(Window window, Window::from(site));
  return returns([window = std::move(window), output_shape = site.ints(2)](const Inputs& in) {
    return unpooled(window, in, output_shape.read(in));
  });
}

Result<Kernel> build_global_average_pool(const OpSite&) {
  return returns([](const Inputs& in) {
    return in[0].dim() == 4 ? at::adaptive_avg_pool2d(in[0], {1, 1}) : in[0].mean(spatial_axes(in[0]), true);
  });
}

Result<Kernel> build_global_max_pool(const OpSite&) {
  return returns([](const Inputs& in) { return in[0].amax(spatial_axes(in[0]), true); });
}

Result<Kernel> build_global_lp_pool(const OpSite& site) {
  const auto p = static_cast<double>(site.node.int_or("p", 2));
  return returns(
      [p](const Inputs& in) { return in[0].abs().pow(p).sum(spatial_axes(in[0]), true).pow(1 / p); });
}

}  // namespace

std::span<const OpRow> pool_ops() {
  static const std::array kRows = {
      OpRow{"AveragePool", build_average_pool},
      OpRow{"GlobalAveragePool", build_global_average_pool},
      OpRow{"GlobalLpPool", build_global_lp_pool},
      OpRow{"GlobalMaxPool", build_global_max_pool},
      OpRow{"LpPool", build_lp_pool},
      OpRow{"MaxPool", build_max_pool},
      OpRow{"MaxUnpool", build_max_unpool, {2}},
  };
  return kRows;
}

}  // namespace ridgeline::libtorch
