#include "kernels/ref/conv.h"

#include <algorithm>
#include <numeric>

namespace ridgeline::kernels::ref {
namespace {

/// out[i] += weight * in[i * stride]
void add_scaled_row(float* out, const float* in, int64_t count, int64_t stride, float weight) {
  if (stride == 1) {
    for (int64_t i = 0; i < count; ++i) out[i] += weight * in[i];
  } else {
    for (int64_t i = 0; i < count; ++i) out[i] += weight * in[i * stride];
  }
}

/// One input channel: its plane, its taps and what it is multiplied by.
struct Channel {
  const float* in;
  const float* weights;
  float factor;
};

/// Adds to one output row what one input channel contributes to it.
void add_channel_to_row(const Window& w, const Channel& channel, const Size3& at, float* row) {
  const Range depths = taps_inside(w, 0, at[0]);
  const Range rows = taps_inside(w, 1, at[1]);
  for (int64_t kd = depths.begin; kd < depths.end; ++kd) {
    for (int64_t kh = rows.begin; kh < rows.end; ++kh) {
      const int64_t d = at[0] * w.stride[0] - w.pad[0] + kd * w.dilation[0];
      const int64_t h = at[1] * w.stride[1] - w.pad[1] + kh * w.dilation[1];
      const float* in_row = channel.in + (d * w.in[1] + h) * w.in[2];
      const float* taps = channel.weights + (kd * w.kernel[1] + kh) * w.kernel[2];
      for (int64_t kw = 0; kw < w.kernel[2]; ++kw) {
        const Range columns = outputs_inside(w, 2, kw);
        const int64_t first = columns.begin * w.stride[2] - w.pad[2] + kw * w.dilation[2];
        add_scaled_row(row + columns.begin, in_row + first, columns.end - columns.begin, w.stride[2],
                       taps[kw] * channel.factor);
      }
    }
  }
}

void finish_row(const ConvDesc& desc, const float* residual, float* row) {
  const int64_t count = desc.window.out[2];
  if (!desc.sums_to.is_none())
    for (int64_t i = 0; i < count; ++i) row[i] = apply(desc.sums_to, row[i]);
  if (residual != nullptr)
    for (int64_t i = 0; i < count; ++i) row[i] += residual[i];
  if (desc.activation.kind == Activation::Kind::kNone && desc.results_to.is_none()) return;
  for (int64_t i = 0; i < count; ++i) row[i] = apply(desc.results_to, apply(desc.activation, row[i]));
}

/// One output channel of one image.
void conv_plane(const ConvDesc& desc, const ConvArgs& args, int64_t image, int64_t channel) {
  const Window& w = desc.window;
  const int64_t group_in = desc.in_channels / desc.groups;
  const int64_t group = channel / (desc.out_channels / desc.groups);
  const int64_t first_in = image * desc.in_channels + group * group_in;
  const float* weights = static_cast<const float*>(args.weights) + channel * group_in * volume(w.kernel);
  const int64_t plane = (image * desc.out_channels + channel) * volume(w.out);
  for (int64_t od = 0; od < w.out[0]; ++od) {
    for (int64_t oh = 0; oh < w.out[1]; ++oh) {
      const int64_t offset = plane + (od * w.out[1] + oh) * w.out[2];
      float* row = args.out + offset;
      std::fill_n(row, w.out[2], desc.has_bias ? args.bias[channel] : 0.0F);
      for (int64_t ic = 0; ic < group_in; ++ic)
        add_channel_to_row(w,
                           {args.in + (first_in + ic) * volume(w.in), weights + ic * volume(w.kernel),
                            desc.has_factor ? args.factor[first_in + ic] : 1},
                           {od, oh, 0}, row);
      finish_row(desc, desc.has_residual ? args.residual + offset : nullptr, row);
      if (desc.has_row_means)
        args.row_means[offset / w.out[2]] =
            std::accumulate(row, row + w.out[2], 0.0F) / static_cast<float>(w.out[2]);
    }
  }
}

/// Spreads one input element's row of taps over the output channel's plane.
void scatter_plane(const Window& w, const float* in, const float* weights, float* out) {
  for (int64_t d = 0; d < w.out[0]; ++d) {
    for (int64_t h = 0; h < w.out[1]; ++h) {
      const float* in_row = in + (d * w.out[1] + h) * w.out[2];
      const Range depths = taps_inside(w, 0, d);
      const Range rows = taps_inside(w, 1, h);
      for (int64_t kd = depths.begin; kd < depths.end; ++kd) {
        for (int64_t kh = rows.begin; kh < rows.end; ++kh) {
          const int64_t od = d * w.stride[0] - w.pad[0] + kd * w.dilation[0];
          const int64_t oh = h * w.stride[1] - w.pad[1] + kh * w.dilation[1];
          float* out_row = out + (od * w.in[1] + oh) * w.in[2];
          for (int64_t kw = 0; kw < w.kernel[2]; ++kw) {
            const float tap = weights[(kd * w.kernel[1] + kh) * w.kernel[2] + kw];
            const Range columns = outputs_inside(w, 2, kw);
            for (int64_t c = columns.begin; c < columns.end; ++c)
              out_row[c * w.stride[2] - w.pad[2] + kw * w.dilation[2]] += tap * in_row[c];
          }
        }
      }
    }
  }
}

}  // namespace

void conv(const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  pool.parallel_for(desc.batch * desc.out_channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      conv_plane(desc, args, i / desc.out_channels, i % desc.out_channels);
  });
}

void conv_transpose(const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  const Window& w = desc.window;
  const int64_t group_in = desc.in_channels / desc.groups;
  const int64_t group_out = desc.out_channels / desc.groups;
  const auto* weights = static_cast<const float*>(args.weights);
  pool.parallel_for(desc.batch * desc.out_channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / desc.out_channels, channel = i % desc.out_channels;
      const int64_t group = channel / group_out;
      float* out = args.out + i * volume(w.in);
      std::fill_n(out, volume(w.in), desc.has_bias ? args.bias[channel] : 0.0F);
      for (int64_t ic = group * group_in; ic < (group + 1) * group_in; ++ic)
        scatter_plane(w, args.in + (image * desc.in_channels + ic) * volume(w.out),
                      weights + (ic * group_out + channel % group_out) * volume(w.kernel), out);
    }
  });
}

}  // namespace ridgeline::kernels::ref
