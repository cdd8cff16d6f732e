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

constexpr int64_t kTasksPerThread = 8;
constexpr int64_t kRowsOfBand = 4;  ///< which share most of what they read

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

}  // namespace

void depthwise(const LaneKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  const Window& w = desc.window;
  const Rows rows(kernels, desc, args);
  const int64_t bands = ceil_div(w.out[1], kRowsOfBand),
                count = desc.batch * blocks_of(desc.in_channels) * bands;
  pool.parallel_for(count, ceil_div(count, kTasksPerThread * pool.threads()),
                    [&](int64_t begin, int64_t end) {
                      for (int64_t i = begin; i < end; ++i) {
                        const int64_t plane = i / bands, row = i % bands * kRowsOfBand;
                        rows.make(row_of(w, row, args.in + plane * in_plane(w) * kBlock,
                                         args.out + plane * out_plane(w) * kBlock),
                                  std::min(kRowsOfBand, w.out[1] - row), plane);
                      }
                    });
}

}  // namespace ridgeline::kernels::blocked
