#include "kernels/lines/depthwise.h"

#include <algorithm>

#include "kernels/blocked/depthwise.h"

namespace ridgeline::kernels::lines {
namespace {

using blocked::kBlock;

constexpr int64_t kBandBytes = int64_t{256} << 10;  ///< of inputs and results, in a second-level cache
constexpr int64_t kTasksPerThread = 4;

/// How planes are cut into bands of rows, whose inputs and results lie in blocks between the lines.
struct Bands {
  explicit Bands(const LineConvDesc& desc) : window(desc.conv.window), rows(window.out[1]) {
    while (rows > 1 && bytes() > kBandBytes) rows = ceil_div(rows, int64_t{2});
    const int64_t planes = desc.conv.batch * blocks_of(desc.conv.in_channels);
    const int64_t wanted = desc.conv.threads > 1 ? kTasksPerThread * desc.conv.threads : 1;
    while (rows > 8 && planes * count() < wanted) rows = ceil_div(rows, int64_t{2});
  }

  int64_t count() const { return ceil_div(window.out[1], rows); }
  int64_t in_rows() const {
    const int64_t reach = (rows - 1) * window.stride[1] + (window.kernel[1] - 1) * window.dilation[1] + 1;
    return std::min(window.in[1], reach);
  }
  /// Of one of two blocks, in floats.
  int64_t in_floats() const { return in_rows() * window.in[2] * kBlock; }
  int64_t out_floats() const { return rows * window.out[2] * kBlock; }
  /// Two blocks' inputs, results and residuals.
  int64_t bytes() const { return 2 * (in_floats() + 2 * out_floats()) * static_cast<int64_t>(sizeof(float)); }

  const Window& window;
  int64_t rows;
};

class Depthwise {
 public:
  Depthwise(const DepthwiseKernels& kernels, const LineConvDesc& desc, const LineConvArgs& args)
      : kernels_(kernels), desc_(desc), args_(args), bands_(desc) {}

  void run(ThreadPool& pool) const {
    const int64_t tasks = desc_.conv.batch * blocks_ * bands_.count();
    pool.parallel_for(tasks, 1, [&](int64_t begin, int64_t end, int thread) {
      auto* const scratch =
          reinterpret_cast<float*>(static_cast<std::byte*>(args_.scratch) + thread * bands_.bytes());
      for (int64_t i = begin; i < end; ++i) compute(i / bands_.count(), i % bands_.count(), scratch);
    });
  }

 private:
  /// The window of a band alone: the rows of the input that it meets, and where they begin.
  struct Cut {
    Window window;
    int64_t first_in;
    int64_t first_out;
  };

  Cut cut(int64_t band) const {
    Cut cut{desc_.conv.window, 0, band * bands_.rows};
    Window& w = cut.window;
    w.out[1] = std::min(bands_.rows, w.out[1] - cut.first_out);
    const int64_t first = cut.first_out * w.stride[1] - w.pad[1];
    const int64_t reach = (w.out[1] - 1) * w.stride[1] + (w.kernel[1] - 1) * w.dilation[1] + 1;
    cut.first_in = std::clamp<int64_t>(first, 0, w.in[1]);
    w.in[1] = std::clamp<int64_t>(first + reach, cut.first_in, w.in[1]) - cut.first_in;
    w.pad[1] = cut.first_in - first;
    return cut;
  }

  void compute(int64_t plane, int64_t band, float* scratch) const {
    const Cut own = cut(band);
    const Window& whole = desc_.conv.window;
    const int64_t in_plane = volume(whole.in), out_plane = volume(whole.out), parts = parts_of(desc_.numbers);
    const int64_t first_line = plane * parts * out_plane + own.first_out * whole.out[2];
    const Pixels in{own.window.in[1] * whole.in[2], in_plane},
        out{own.window.out[1] * whole.out[2], out_plane};
    float* const results = scratch + 2 * bands_.in_floats();
    float* const residuals = results + 2 * bands_.out_floats();
    const bool has_second = plane % blocks_ * kChannels + kBlock < desc_.conv.in_channels;
    const auto second = [&](float* first, int64_t floats) { return has_second ? first + floats : nullptr; };
    kernels_.lines.to_blocks(
        in, static_cast<const Line*>(args_.in) + plane * parts * in_plane + own.first_in * whole.in[2],
        scratch, second(scratch, bands_.in_floats()));
    if (desc_.conv.has_residual)
      kernels_.lines.to_blocks(out, args_.residual + first_line, residuals,
                               second(residuals, bands_.out_floats()));
    for (int64_t half = 0; half <= (has_second ? 1 : 0); ++half)
      slide(own.window, plane % blocks_ * 2 + half, scratch + half * bands_.in_floats(),
            half * bands_.out_floats() + results);
    kernels_.lines.from_blocks(out, results, second(results, bands_.out_floats()), args_.out + first_line);
  }

  /// Over a band of one block.
  void slide(const Window& window, int64_t block, const float* in, float* out) const {
    alignas(64) float bias[kBlock];
    blocked::Finish finish(desc_.conv.activation);
    finish.bias = blocked::padded_bias(desc_.conv, args_.bias, block * kBlock, bias);
    const float* const weights =
        static_cast<const float*>(args_.weights) + block * volume(window.kernel) * kBlock;
    if (desc_.conv.has_residual) finish.residual = out + 2 * bands_.out_floats();
    kernels_.lanes.multiply({.window = window, .count = window.out[1], .plane = in, .out = out}, weights,
                            finish);
  }

  const DepthwiseKernels& kernels_;
  const LineConvDesc& desc_;
  const LineConvArgs& args_;
  Bands bands_;
  int64_t blocks_ = blocks_of(desc_.conv.in_channels);
};

}  // namespace

Status accepts_depthwise(const LineConvDesc& desc) {
  if (!desc.conv.sums_to.is_none() || !desc.conv.results_to.is_none())
    return unsupported("rounds to no steps");
  return blocked::accepts_depthwise(desc.conv);
}
size_t packed_depthwise_bytes(const LineConvDesc& desc) { return blocked::packed_depthwise_bytes(desc.conv); }
void pack_depthwise(const LineConvDesc& desc, const float* weights, void* packed) {
  blocked::pack_depthwise(desc.conv, weights, packed);
}

size_t depthwise_scratch_bytes(const LineConvDesc& desc) {
  return static_cast<size_t>(desc.conv.threads * Bands(desc).bytes());
}

void depthwise(const DepthwiseKernels& kernels, const LineConvDesc& desc, const LineConvArgs& args,
               ThreadPool& pool) {
  Depthwise(kernels, desc, args).run(pool);
}

}  // namespace ridgeline::kernels::lines
