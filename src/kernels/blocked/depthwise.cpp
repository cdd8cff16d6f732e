#include "kernels/blocked/depthwise.h"

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

class Depthwise {
 public:
  Depthwise(const LaneKernels& kernels, const ConvDesc& desc, const ConvArgs& args)
      : kernels_(kernels), desc_(desc), args_(args) {}

  void run(ThreadPool& pool) const {
    for_each_band(desc_.batch * blocks_, desc_.window.out[1], pool,
                  [&](int64_t plane, const Range& rows) { compute(plane, rows); });
  }

 private:
  /// A band of a block of an image.
  void compute(int64_t plane, const Range& band) const {
    const Window& w = desc_.window;
    const int64_t block = plane % blocks_, offset = (plane * out_plane(w) + band.begin * w.out[2]) * kBlock;
    const LaneRows rows{.window = w,
                        .first = band.begin,
                        .count = band.end - band.begin,
                        .plane = args_.in + plane * in_plane(w) * kBlock,
                        .out = args_.out + offset};
    alignas(64) float bias[kBlock];
    Finish finish(desc_);
    finish.bias = padded_bias(desc_, args_.bias, block * kBlock, bias);
    if (desc_.has_residual) finish.residual = args_.residual + offset;
    kernels_.multiply(rows, static_cast<const float*>(args_.weights) + block * volume(w.kernel) * kBlock,
                      finish);
    if (desc_.has_row_means) leave_means(rows);
  }

  void leave_means(const LaneRows& rows) const {
    const int64_t columns = rows.window.out[2];
    float* const to = args_.row_means + (rows.out - args_.out) / columns;
    for (int64_t row = 0; row < rows.count; ++row)
      kernels_.mean(rows.out + row * columns * kBlock, columns, to + row * kBlock);
  }

  const LaneKernels& kernels_;
  const ConvDesc& desc_;
  const ConvArgs& args_;
  int64_t blocks_ = blocks_of(desc_.in_channels);
};

}  // namespace

void depthwise(const LaneKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  Depthwise(kernels, desc, args).run(pool);
}

}  // namespace ridgeline::kernels::blocked
