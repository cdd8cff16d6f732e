#include "kernels/tile/conv.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "kernels/ceil_div.h"
#include "kernels/tile/clamp.h"

namespace ridgeline::kernels::tile {
namespace {

constexpr int64_t kLanesPastTheEnd = 16;  // what a kernel may read after the last position
constexpr int64_t kWeightBytesPerTask =
    768 * 1024;  // so that a part's weights stay in the second-level cache

/// How one image lies for the product.
struct Geometry {
  explicit Geometry(const ConvDesc& desc) : w(desc.window), channels(desc.in_channels) {
    is_direct = w.kernel == Size3{1, 1, 1} && w.stride == Size3{1, 1, 1} && w.in == w.out;
    if (is_direct) {
      rows = 1;
      columns = pitch = plane = channel = volume(w.in);
      return;
    }
    for (size_t axis = 0; axis < 2; ++axis) {
      const int64_t reach = (w.kernel[axis + 1] - 1) * w.dilation[axis + 1];
      phases[axis] = std::min(w.stride[axis + 1], reach + 1);
      extra[axis] = reach / w.stride[axis + 1];
    }
    rows = w.out[1];
    columns = w.out[2];
    pitch = columns + extra[1];
    plane = (rows + extra[0]) * pitch;
    channel = phases[0] * phases[1] * plane;
  }

  /// Positions of one output channel, the dropped ones between its rows included.
  int64_t positions() const { return (rows - 1) * pitch + columns; }

  /// Of a tap's value for output position 0, in the channel's planes.
  int64_t offset_of(int64_t kh, int64_t kw) const {
    const int64_t y = kh * w.dilation[1], x = kw * w.dilation[2];
    const int64_t phase = y % w.stride[1] * phases[1] + x % w.stride[2];
    return phase * plane + y / w.stride[1] * pitch + x / w.stride[2];
  }

  const Window& w;
  int64_t channels;
  bool is_direct = false;      ///< the input serves as it is
  int64_t phases[2] = {1, 1};  ///< planes by row and column modulo the stride
  int64_t extra[2] = {0, 0};   ///< rows and columns of a plane past the output's
  int64_t rows = 1, columns = 1;
  int64_t pitch = 1;    ///< of a plane's row
  int64_t plane = 1;    ///< elements
  int64_t channel = 1;  ///< elements over all phases
};

struct Shape {
  Shape(const KernelSet& set, const ConvDesc& desc)
      : group_in(desc.in_channels / desc.groups),
        group_out(desc.out_channels / desc.groups),
        taps(group_in * volume(desc.window.kernel)),
        blocks(ceil_div(group_out, set.rows)) {}
  int64_t group_in, group_out;
  int64_t taps;
  int64_t blocks;  ///< of output channels, in a group
};

size_t round_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

/// The packed weights: offsets of the taps in the input's planes, then in a strip that is packed itself, then
/// the weights as [group][block][tap][row of the block].
struct Packed {
  Packed(const KernelSet& set, const ConvDesc& desc, void* memory)
      : Packed(Shape(set, desc), static_cast<std::byte*>(memory)) {}
  Packed(const Shape& shape, std::byte* memory)
      : offsets(reinterpret_cast<int32_t*>(memory)),
        strip_offsets(offsets + shape.taps),
        weights(reinterpret_cast<float*>(memory + table_bytes(shape))) {}
  static size_t table_bytes(const Shape& shape) {
    return round_up(2 * static_cast<size_t>(shape.taps) * sizeof(int32_t));
  }
  int32_t* offsets;
  int32_t* strip_offsets;
  float* weights;
};

/// One row of a phase plane: every stride-th element of an input row, zeros outside.
void copy_row(const Window& w, const float* in, int64_t first, float* row, int64_t count) {
  const int64_t stride = w.stride[2];
  const int64_t begin = std::min(ceil_div(-first, stride), count);
  const int64_t end = std::clamp<int64_t>(ceil_div(w.in[2] - first, stride), begin, count);
  std::fill_n(row, begin, 0.0F);
  if (stride == 1)
    std::copy_n(in + first + begin, end - begin, row + begin);
  else
    for (int64_t i = begin; i < end; ++i) row[i] = in[first + i * stride];
  std::fill_n(row + end, count - end, 0.0F);
}

void copy_channel(const Geometry& g, const float* in, float* out) {
  for (int64_t py = 0; py < g.phases[0]; ++py)
    for (int64_t px = 0; px < g.phases[1]; ++px)
      for (int64_t y = 0; y < g.rows + g.extra[0]; ++y, out += g.pitch) {
        const int64_t from = y * g.w.stride[1] + py - g.w.pad[1];
        if (from < 0 || from >= g.w.in[1])
          std::fill_n(out, g.pitch, 0.0F);
        else
          copy_row(g.w, in + from * g.w.in[2], px - g.w.pad[2], out, g.pitch);
      }
}

/// One image's convolution.
class Image {
 public:
  Image(const KernelSet& set, const ConvDesc& desc, const ConvArgs& args, int64_t image)
      : set_(set),
        desc_(desc),
        geometry_(desc),
        shape_(set, desc),
        packed_(set, desc, const_cast<void*>(args.weights)),
        clamp_(clamp_of(desc.activation)),
        bias_(desc.has_bias ? args.bias : nullptr),
        in_(args.in + image * desc.in_channels * volume(desc.window.in)),
        scratch_(static_cast<float*>(args.scratch)),
        out_plane_(volume(desc.window.out)) {
    const int64_t first = image * desc.out_channels * out_plane_;
    out_ = args.out + first;
    residual_ = desc.has_residual ? args.residual + first : nullptr;
  }

  void run(ThreadPool& pool) {
    prepare(pool);
    const int64_t strips = ceil_div(geometry_.positions(), set_.columns());
    const int64_t parts = part_count(pool.threads(), strips);
    const int64_t blocks = ceil_div(shape_.blocks, parts);
    pool.parallel_for(desc_.groups * parts * strips, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t part = i / strips % parts;
        compute(
            {i / strips / parts, i % strips, part * blocks, std::min(shape_.blocks, (part + 1) * blocks)});
      }
    });
  }

 private:
  struct Task {
    int64_t group, strip;
    int64_t first_block, end_block;
  };

  void prepare(ThreadPool& pool) {
    if (geometry_.is_direct) return pack_last_strip();
    pool.parallel_for(desc_.in_channels, 1, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c)
        copy_channel(geometry_, in_ + c * volume(desc_.window.in), scratch_ + c * geometry_.channel);
    });
  }

  /// Whole vectors read past the input's end there, so that strip is copied.
  void pack_last_strip() {
    const int64_t first = last_strip() * set_.columns();
    for (int64_t c = 0; c < desc_.in_channels; ++c)
      std::copy_n(in_ + c * geometry_.channel + first, geometry_.positions() - first,
                  scratch_ + c * set_.columns());
  }

  int64_t last_strip() const { return (geometry_.positions() - 1) / set_.columns(); }

  /// Enough tasks for the threads to share evenly, and few enough weights in each.
  int64_t part_count(int threads, int64_t strips) const {
    const auto bytes = shape_.group_out * shape_.taps * static_cast<int64_t>(sizeof(float));
    const int64_t for_threads = threads > 1 ? ceil_div(4 * threads, desc_.groups * strips) : 1;
    return std::clamp<int64_t>(std::max(for_threads, ceil_div(bytes, kWeightBytesPerTask)), 1, shape_.blocks);
  }

  void compute(const Task& task) const {
    alignas(64) float sums[KernelSet::kMaxBlock];
    const bool is_packed = geometry_.is_direct && task.strip == last_strip();
    const int64_t first = task.strip * set_.columns();
    const int64_t count = std::min(set_.columns(), geometry_.positions() - first);
    const int64_t channel = task.group * shape_.group_in;
    Product product{.depth = shape_.taps, .a_row = 1, .a_step = set_.rows, .c = sums};
    if (is_packed) {
      product.b = scratch_ + channel * set_.columns();
      product.b_offsets = packed_.strip_offsets;
    } else {
      product.b = (geometry_.is_direct ? in_ : scratch_) + channel * geometry_.channel + first;
      product.b_offsets = packed_.offsets;
    }
    for (int64_t block = task.first_block; block < task.end_block; ++block) {
      const int64_t rows = std::min(set_.rows, shape_.group_out - block * set_.rows);
      product.a = packed_.weights + (task.group * shape_.blocks + block) * shape_.taps * set_.rows;
      set_.run(rows, count, product);
      store(sums, {task.group * shape_.group_out + block * set_.rows, rows}, first, count);
    }
  }

  struct Channels {
    int64_t first, count;
  };

  void store(const float* sums, Channels channels, int64_t first, int64_t count) const {
    Finish finish{.rows = channels.count, .out_row = out_plane_, .low = clamp_.low, .high = clamp_.high};
    if (bias_ != nullptr) {
      finish.bias = bias_ + channels.first;
      finish.bias_row = 1;
    }
    for (int64_t at = first; at < first + count;) {
      const int64_t row = at / geometry_.pitch, column = at % geometry_.pitch;
      finish.columns = std::min(geometry_.columns - column, first + count - at);
      if (finish.columns > 0) {
        const int64_t out = channels.first * out_plane_ + row * geometry_.columns + column;
        finish.c = sums + (at - first);
        finish.out = out_ + out;
        finish.residual = residual_ != nullptr ? residual_ + out : nullptr;
        set_.finish(finish);
      }
      at = (row + 1) * geometry_.pitch;
    }
  }

  const KernelSet& set_;
  const ConvDesc& desc_;
  Geometry geometry_;
  Shape shape_;
  Packed packed_;
  Clamp clamp_;
  const float* bias_;
  const float* in_;
  float* scratch_;
  int64_t out_plane_;
  float* out_ = nullptr;
  const float* residual_ = nullptr;
};

}  // namespace

Status accepts_conv(const ConvDesc& desc) {
  if (!desc.has_constant_weights) return unsupported("needs constant weights");
  RETURN_IF_ERROR(has_no_factor_nor_means(desc));
  if (!desc.activation.is_clamp()) return unsupported("takes activations that are clamps");
  if (!desc.sums_to.is_none() || !desc.results_to.is_none()) return unsupported("rounds to no steps");
  if (desc.window.in[0] != 1 || desc.window.out[0] != 1 || desc.window.kernel[0] != 1)
    return unsupported("takes one or two spatial axes");
  if (desc.in_channels * Geometry(desc).channel > std::numeric_limits<int32_t>::max())
    return unsupported("takes images of fewer than 2^31 elements");
  return {};
}

size_t packed_conv_bytes(const KernelSet& set, const ConvDesc& desc) {
  const Shape shape(set, desc);
  return Packed::table_bytes(shape) +
         static_cast<size_t>(desc.groups * shape.blocks * set.rows * shape.taps) * sizeof(float);
}

void pack_conv(const KernelSet& set, const ConvDesc& desc, const float* weights, void* memory) {
  const Shape shape(set, desc);
  const Geometry geometry(desc);
  const Packed packed(shape, static_cast<std::byte*>(memory));
  int64_t tap = 0;
  for (int64_t ic = 0; ic < shape.group_in; ++ic)
    for (int64_t kh = 0; kh < desc.window.kernel[1]; ++kh)
      for (int64_t kw = 0; kw < desc.window.kernel[2]; ++kw, ++tap) {
        packed.offsets[tap] = static_cast<int32_t>(ic * geometry.channel + geometry.offset_of(kh, kw));
        packed.strip_offsets[tap] = static_cast<int32_t>(ic * set.columns());
      }
  for (int64_t oc = 0; oc < desc.out_channels; ++oc) {
    const int64_t group = oc / shape.group_out, within = oc % shape.group_out;
    const int64_t block = group * shape.blocks + within / set.rows;
    float* to = packed.weights + block * shape.taps * set.rows + within % set.rows;
    for (int64_t k = 0; k < shape.taps; ++k) to[k * set.rows] = weights[oc * shape.taps + k];
  }
}

size_t conv_scratch_bytes(const KernelSet& set, const ConvDesc& desc) {
  const Geometry geometry(desc);
  const int64_t floats =
      desc.in_channels * (geometry.is_direct ? set.columns() : geometry.channel) + kLanesPastTheEnd;
  return static_cast<size_t>(floats) * sizeof(float);
}

void conv(const KernelSet& set, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  for (int64_t image = 0; image < desc.batch; ++image) Image(set, desc, args, image).run(pool);
}

}  // namespace ridgeline::kernels::tile
