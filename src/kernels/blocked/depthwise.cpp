#include "kernels/blocked/depthwise.h"

#include <algorithm>

namespace ridgeline::kernels::blocked {

Status accepts_depthwise(const ConvDesc& desc) {
  if (!desc.has_constant_weights) return unsupported("needs constant weights");
  if (desc.has_factor) return unsupported("multiplies no inputs");
  if (desc.groups == 1 || desc.groups != desc.in_channels || desc.out_channels != desc.in_channels)
    return unsupported("takes a group for each of several channels");
  if (desc.window.in[0] != 1 || desc.window.out[0] != 1 || desc.window.kernel[0] != 1)
    return unsupported("takes two spatial axes");
  return {};
}

size_t packed_depthwise_bytes(const ConvDesc& desc) {
  return static_cast<size_t>(blocks_of(desc.in_channels) * kBlock * volume(desc.window.kernel)) *
         sizeof(float);
}

/// [block][tap][lane].
void pack_depthwise(const ConvDesc& desc, const float* weights, void* packed) {
  const int64_t taps = volume(desc.window.kernel);
  auto* to = static_cast<float*>(packed);
  for (int64_t first = 0; first < desc.in_channels; first += kBlock)
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t channel = first; channel < first + kBlock; ++channel)
        *to++ = channel < desc.in_channels ? weights[channel * taps + tap] : 0.0F;
}

namespace {

constexpr int64_t kMostPaddedFloats = 6144;  ///< of a plane that stays in a first-level cache

/// The same outputs over an image with its padding.
Window padded(const Window& window) {
  Window all = window;
  for (const size_t axis : {1, 2}) {
    all.in[axis] =
        (window.out[axis] - 1) * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis] + 1;
    all.pad[axis] = 0;
  }
  return all;
}

/// What is done for a block's rows.
class Rows {
 public:
  Rows(const LaneKernels& kernels, const ConvDesc& desc, const ConvArgs& args)
      : kernels_(kernels),
        desc_(desc),
        args_(args),
        blocks_(blocks_of(desc.in_channels)),
        taps_(volume(desc.window.kernel)),
        columns_(desc.window.out[2]) {}

  /// `count` rows from `first` on.
  void make(const LaneRow& first, int64_t count, int64_t plane) const {
    const int64_t block = plane % blocks_;
    alignas(64) float bias[kBlock];
    Finish finish(desc_);
    finish.bias = padded_bias(desc_, args_.bias, block * kBlock, bias);
    if (desc_.has_residual) finish.residual = args_.residual + (first.out - args_.out);
    kernels_.multiply(first, count, static_cast<const float*>(args_.weights) + block * taps_ * kBlock,
                      finish);
    if (desc_.has_row_means) leave_means(first.out, count);
  }

 private:
  void leave_means(const float* row, int64_t count) const {
    float* to = args_.row_means + (row - args_.out) / columns_;
    for (const float* const end = row + count * columns_ * kBlock; row != end; to += kBlock) {
      kernels_.mean(row, columns_, to);
      row += columns_ * kBlock;
    }
  }

  const LaneKernels& kernels_;
  const ConvDesc& desc_;
  const ConvArgs& args_;
  int64_t blocks_, taps_, columns_;
};

/// Of small planes most windows reach over a border, which is slower than a copy of the plane with its
/// padding.
void over_padded_planes(const ConvDesc& desc, const ConvArgs& args, const Rows& rows, ThreadPool& pool) {
  const Window &w = desc.window, around = padded(w);
  const Range lines = {std::min(w.pad[1], around.in[1]), std::min(w.pad[1] + w.in[1], around.in[1])};
  const int64_t columns = std::min(w.in[2], around.in[2] - w.pad[2]);
  const int64_t planes = desc.batch * blocks_of(desc.in_channels);
  pool.parallel_for(planes, ceil_div(planes, 4 * pool.threads()), [&](int64_t begin, int64_t end) {
    alignas(64) float copy[kMostPaddedFloats];
    std::fill_n(copy, volume(around.in) * kBlock, 0.0F);
    for (int64_t plane = begin; plane < end; ++plane) {
      const float* from = args.in + plane * in_plane(w) * kBlock;
      for (int64_t y = lines.begin; y < lines.end; ++y, from += w.in[2] * kBlock)
        std::copy_n(from, columns * kBlock, copy + (y * around.in[2] + w.pad[2]) * kBlock);
      rows.make(row_of(around, 0, copy, args.out + plane * out_plane(w) * kBlock), w.out[1], plane);
    }
  });
}

}  // namespace

void depthwise(const LaneKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  const Rows rows(kernels, desc, args);
  const Window around = padded(desc.window);
  const bool has_border = around.in != desc.window.in;
  if (has_border && volume(around.in) * kBlock <= kMostPaddedFloats)
    return over_padded_planes(desc, args, rows, pool);
  for_each_row(desc.window, desc.batch * blocks_of(desc.in_channels), args.in, args.out, pool,
               [&](const LaneRow& row, int64_t plane) { rows.make(row, 1, plane); });
}

}  // namespace ridgeline::kernels::blocked
