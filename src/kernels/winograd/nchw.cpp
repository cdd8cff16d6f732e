#include "kernels/winograd/nchw.h"

#include "kernels/ceil_div.h"
#include "kernels/tile/clamp.h"
#include "kernels/winograd/workspace.h"

namespace ridgeline::kernels::winograd {
namespace {

/// Below this many tiles the transformed weights, four times the plain ones, take as long to fetch as the
/// products save.
constexpr int64_t kFewestTiles = 16;
/// Parts of a loop that each thread may take, so that one which is late leaves the rest to the others.
constexpr int64_t kPartsPerThread = 4;

Conv3x3 describe(const ConvDesc& desc) {
  return {.batch = desc.batch,
          .height = desc.window.in[1],
          .width = desc.window.in[2],
          .in_channels = desc.in_channels,
          .out_channels = desc.out_channels};
}

/// Images that are convolved together: as many as a chunk has room for.
Conv3x3 group_of(const ConvDesc& desc) {
  Conv3x3 group = describe(desc);
  const Images images{.height = group.height, .width = group.width};
  group.batch = std::clamp<int64_t>(kChunk / images.tiles_per_image(), 1, desc.batch);
  return group;
}

size_t image_floats(const Conv3x3& group, int64_t channels) {
  return static_cast<size_t>(group.batch * group.height * group.width * channels);
}

/// One call's images in NHWC, between both turns.
class Turned {
 public:
  Turned(const TileKernels& kernels, const ConvDesc& desc, const ConvArgs& args)
      : kernels_(kernels), desc_(desc), args_(args), pixels_(volume(desc.window.in)) {
    const Conv3x3 group = group_of(desc);
    x_ = static_cast<float*>(args.scratch);
    y_ = x_ + image_floats(group, desc.in_channels);
    workspace_ = y_ + image_floats(group, desc.out_channels);
  }

  void run(int64_t first, const Conv3x3& group, Parallel parallel) const {
    const Means means{.kernels = kernels_,
                      .scratch = workspace_,
                      .weights = static_cast<float*>(const_cast<void*>(args_.weights)),
                      .parallel = parallel};
    for_each_block(group.batch, desc_.in_channels, parallel, [&](int64_t image, int64_t channel) {
      kernels_.to_nhwc(args_.in + ((first + image) * desc_.in_channels + channel) * pixels_,
                       {.pixels = pixels_, .channels = desc_.in_channels},
                       x_ + image * pixels_ * desc_.in_channels + channel);
    });
    convolve(group, means, x_, y_);
    for_each_block(group.batch, desc_.out_channels, parallel,
                   [&](int64_t image, int64_t channel) { finish(first + image, image, channel); });
  }

 private:
  /// body(image, channel) for the first of each block of channels that is turned at once.
  template <typename Body>
  void for_each_block(int64_t images, int64_t channels, Parallel parallel, const Body& body) const {
    const int64_t blocks = channels / kernels_.lanes;
    parallel(images * blocks, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) body(i / blocks, i % blocks * kernels_.lanes);
    });
  }

  void finish(int64_t image, int64_t turned, int64_t channel) const {
    const int64_t at = (image * desc_.out_channels + channel) * pixels_;
    const tile::Clamp clamp = tile::clamp_of(desc_.activation);
    kernels_.to_nchw(y_ + turned * pixels_ * desc_.out_channels + channel,
                     {.pixels = pixels_, .channels = desc_.out_channels},
                     {.bias = desc_.has_bias ? args_.bias + channel : nullptr,
                      .residual = desc_.has_residual ? args_.residual + at : nullptr,
                      .low = clamp.low,
                      .high = clamp.high},
                     args_.out + at);
  }

  const TileKernels& kernels_;
  const ConvDesc& desc_;
  const ConvArgs& args_;
  int64_t pixels_;
  float* x_;
  float* y_;
  float* workspace_;
};

Status accepts_geometry(const ConvDesc& desc) {
  const Window& w = desc.window;
  if (!desc.has_constant_weights) return unsupported("needs constant weights");
  if (desc.groups != 1) return unsupported("takes no groups");
  const bool is_3x3 = w.kernel == Size3{1, 3, 3} && w.stride == Size3{1, 1, 1} &&
                      w.dilation == Size3{1, 1, 1} && w.pad == Size3{0, 1, 1} && w.in == w.out;
  return is_3x3 ? Status() : unsupported("takes 3 x 3 with stride 1 and padding 1");
}

}  // namespace

Status accepts_conv(const TileKernels& kernels, const ConvDesc& desc) {
  RETURN_IF_ERROR(accepts_geometry(desc));
  return accepts(describe(desc), kernels, kFewestTiles);
}

size_t packed_conv_bytes(const ConvDesc& desc) { return weight_floats(describe(desc)) * sizeof(float); }

void pack_conv(const TileKernels& kernels, const ConvDesc& desc, const float* weights, void* packed) {
  const auto here = [](int64_t count, FunctionRef<void(int64_t, int64_t)> body) { body(0, count); };
  const Means means{
      .kernels = kernels, .scratch = nullptr, .weights = static_cast<float*>(packed), .parallel = here};
  read_weights(describe(desc), means,
               {.data = weights, .row_step = kTaps, .column_step = kTaps * desc.in_channels, .tap_step = 1});
}

size_t conv_scratch_bytes(const ConvDesc& desc) {
  const Conv3x3 group = group_of(desc);
  return (image_floats(group, desc.in_channels) + image_floats(group, desc.out_channels) +
          scratch_floats(group)) *
         sizeof(float);
}

void conv(const TileKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  const auto on_pool = [&](int64_t count, FunctionRef<void(int64_t, int64_t)> body) {
    pool.parallel_for(count, ceil_div(count, kPartsPerThread * pool.threads()), body);
  };
  const Turned turned(kernels, desc, args);
  Conv3x3 group = group_of(desc);
  const int64_t most = group.batch;
  for (int64_t first = 0; first < desc.batch; first += most) {
    group.batch = std::min(most, desc.batch - first);
    turned.run(first, group, on_pool);
  }
}

}  // namespace ridgeline::kernels::winograd
