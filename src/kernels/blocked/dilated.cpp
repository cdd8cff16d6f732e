#include "kernels/blocked/dilated.h"

#include <algorithm>
#include <array>

#include "kernels/blocked/direct.h"

namespace ridgeline::kernels::blocked {
namespace {

constexpr int64_t kMostBlocks = 2;       ///< of a panel, on any instruction set
constexpr int64_t kRunsTogether = 18;    ///< whose weights of a panel, 36 KiB, are read along the way
constexpr int64_t kMostPositions = 224;  ///< of a band, whose sums of a panel lie in the first-level cache
constexpr int64_t kFewestTasksPerThread = 4;

int64_t taps_of(const Window& w) { return w.kernel[1] * w.kernel[2]; }
Range rows_inside(const Window& w, int64_t tap) { return outputs_inside(w, 1, tap / w.kernel[2]); }
Range columns_inside(const Window& w, int64_t tap) { return outputs_inside(w, 2, tap % w.kernel[2]); }
int64_t length(const Range& range) { return range.end - range.begin; }

/// A tap that every output has a pixel for; as many as there are taps if none is so.
int64_t tap_of_all(const Window& w) {
  int64_t tap = 0;
  while (tap < taps_of(w) &&
         (length(rows_inside(w, tap)) < w.out[1] || length(columns_inside(w, tap)) < w.out[2]))
    ++tap;
  return tap;
}

/// Floats of a block of output channels: its weights of every tap.
int64_t weights_of_block(const ConvDesc& desc) {
  return taps_of(desc.window) * blocks_of(desc.in_channels) * kBlock * kBlock;
}

class Convolution {
 public:
  Convolution(const PanelKernels& kernels, const ConvDesc& desc, const ConvArgs& args)
      : kernels_(kernels),
        desc_(desc),
        args_(args),
        window_(desc.window),
        inputs_(blocks_of(desc.in_channels)),
        out_blocks_(blocks_of(desc.out_channels)),
        panels_(ceil_div(out_blocks_, kernels.blocks)),
        last_tap_(tap_of_all(window_)) {
    band_rows_ = std::clamp<int64_t>(kMostPositions / window_.out[2], 1, window_.out[1]);
    while (band_rows_ > 1 && tasks() < kFewestTasksPerThread * desc.threads)
      band_rows_ = ceil_div(band_rows_, 2);
    for (size_t run = 0; run < offsets_.size(); ++run)
      offsets_[run] = static_cast<int64_t>(run) * in_plane(window_) * kBlock;
  }

  /// Neighbours share weights.
  void run(ThreadPool& pool) const {
    pool.parallel_for(tasks(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = i % bands() * band_rows_;
        compute({.image = i / bands() % desc_.batch,
                 .panel = i / bands() / desc_.batch,
                 .rows = {first, std::min(first + band_rows_, window_.out[1])}});
      }
    });
  }

 private:
  /// Rows of an image's outputs in the channels of a panel.
  struct Task {
    int64_t image, panel;
    Range rows;
  };
  /// What a tap's inputs from a block on, as many as go together, add to a task's outputs.
  struct Part {
    int64_t tap, input;
  };

  int64_t bands() const { return std::max<int64_t>(1, ceil_div(window_.out[1], band_rows_)); }
  int64_t tasks() const { return desc_.batch * panels_ * bands(); }
  int64_t first_block(const Task& task) const { return task.panel * kernels_.blocks; }
  int64_t blocks_of_panel(const Task& task) const {
    return std::min(kernels_.blocks, out_blocks_ - first_block(task));
  }
  int64_t inputs_of(const Part& part) const { return std::min(kRunsTogether, inputs_ - part.input); }

  /// The tap that all outputs have comes last, and with it what is done to whole sums.
  void compute(const Task& task) const {
    clear(task);
    for (int64_t tap = 0; tap < taps_of(window_); ++tap)
      if (tap != last_tap_) add_tap(task, tap);
    add_tap(task, last_tap_);
  }

  void clear(const Task& task) const {
    for (int64_t block = 0; block < blocks_of_panel(task); ++block)
      std::fill_n(args_.out + offset_of(task, block, task.rows.begin, 0),
                  length(task.rows) * window_.out[2] * kBlock, 0.0F);
  }

  void add_tap(const Task& task, int64_t tap) const {
    const Range inside = rows_inside(window_, tap);
    const Range rows{std::max(inside.begin, task.rows.begin), std::min(inside.end, task.rows.end)};
    if (rows.begin >= rows.end || length(columns_inside(window_, tap)) <= 0) return;
    for (int64_t input = 0; input < inputs_; input += kRunsTogether) add_products(task, {tap, input}, rows);
  }

  void add_products(const Task& task, const Part& part, const Range& rows) const {
    const Range columns = columns_inside(window_, part.tap);
    const int64_t weights = inputs_of(part) * kBlock * blocks_of_panel(task) * kBlock;
    alignas(64) float bias[kMostBlocks * kBlock];
    Finish finish = finish_of(task, bias);
    const bool is_last = part.tap == last_tap_ && part.input + inputs_of(part) == inputs_;
    PanelProduct product{.positions = length(columns),
                         .blocks = blocks_of_panel(task),
                         .a = input_of(task, part, rows.begin, columns.begin),
                         .offsets = offsets_.data(),
                         .count = inputs_of(part),
                         .b = weights_of(task, part),
                         .c = args_.out + offset_of(task, 0, rows.begin, columns.begin),
                         .c_block = out_plane(window_) * kBlock,
                         .adds = true,
                         .finish = is_last ? &finish : nullptr,
                         .ahead = weights_of(task, part) + weights,
                         .ahead_floats = ceil_div(weights, length(rows))};
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      kernels_.multiply(product);
      product.a += window_.in[2] * kBlock;
      product.c += window_.out[2] * kBlock;
      product.ahead += product.ahead_floats;
      if (finish.residual != nullptr) finish.residual += window_.out[2] * kBlock;
    }
  }

  /// Of a tap's pixel for the output at `row` and `column`.
  const float* input_of(const Task& task, const Part& part, int64_t row, int64_t column) const {
    const int64_t y = row + part.tap / window_.kernel[2] * window_.dilation[1] - window_.pad[1];
    const int64_t x = column + part.tap % window_.kernel[2] * window_.dilation[2] - window_.pad[2];
    return args_.in +
           ((task.image * inputs_ + part.input) * in_plane(window_) + y * window_.in[2] + x) * kBlock;
  }

  const float* weights_of(const Task& task, const Part& part) const {
    return static_cast<const float*>(args_.weights) + first_block(task) * weights_of_block(desc_) +
           (part.tap * inputs_ + part.input) * kBlock * blocks_of_panel(task) * kBlock;
  }

  /// Of a position in the panel's `block`.
  int64_t offset_of(const Task& task, int64_t block, int64_t row, int64_t column) const {
    return ((task.image * out_blocks_ + first_block(task) + block) * out_plane(window_) +
            row * window_.out[2] + column) *
           kBlock;
  }

  Finish finish_of(const Task& task, std::span<float> bias) const {
    Finish finish(desc_);
    finish.bias = padded_bias(desc_, args_.bias, first_block(task) * kBlock,
                              bias.first(static_cast<size_t>(blocks_of_panel(task) * kBlock)));
    if (desc_.has_residual) finish.residual = args_.residual + offset_of(task, 0, task.rows.begin, 0);
    return finish;
  }

  const PanelKernels& kernels_;
  const ConvDesc& desc_;
  const ConvArgs& args_;
  const Window& window_;
  int64_t inputs_, out_blocks_, panels_, last_tap_;
  int64_t band_rows_ = 1;
  std::array<int64_t, kRunsTogether> offsets_;
};

}  // namespace

int64_t positions_inside(const Window& window) {
  int64_t positions = 0;
  for (int64_t tap = 0; tap < taps_of(window); ++tap)
    positions += length(rows_inside(window, tap)) * length(columns_inside(window, tap));
  return positions;
}

Status accepts_dilated(const ConvDesc& desc) {
  const Window& w = desc.window;
  if (!desc.has_constant_weights) return unsupported("needs constant weights");
  RETURN_IF_ERROR(has_no_factor_nor_means(desc));
  if (w.in[0] != 1 || w.out[0] != 1 || w.kernel[0] != 1) return unsupported("takes two spatial axes");
  if (desc.groups != 1) return unsupported("takes no groups");
  if (takes_planes(desc)) return unsupported("takes blocks");
  if (std::max(w.dilation[1], w.dilation[2]) == 1 || w.stride != Size3{1, 1, 1})
    return unsupported("takes dilations with stride 1");
  if (tap_of_all(w) == taps_of(w)) return unsupported("needs a tap that no output has padding for");
  return {};
}

size_t packed_dilated_bytes(const ConvDesc& desc) {
  return static_cast<size_t>(blocks_of(desc.out_channels) * weights_of_block(desc)) * sizeof(float);
}

/// [panel][tap][input][the input's term][lane of the panel]; terms and lanes past the last channel are zero.
void pack_dilated(const PanelKernels& kernels, const ConvDesc& desc, const float* weights, void* packed) {
  const int64_t taps = taps_of(desc.window), blocks = blocks_of(desc.out_channels);
  auto* to = static_cast<float*>(packed);
  for (int64_t first = 0; first < blocks; first += kernels.blocks) {
    const int64_t lanes = std::min(kernels.blocks, blocks - first) * kBlock;
    for (int64_t tap = 0; tap < taps; ++tap)
      for (int64_t ic = 0; ic < blocks_of(desc.in_channels) * kBlock; ++ic)
        for (int64_t oc = first * kBlock; oc < first * kBlock + lanes; ++oc) {
          const bool is_real = ic < desc.in_channels && oc < desc.out_channels;
          *to++ = is_real ? weights[(oc * desc.in_channels + ic) * taps + tap] : 0.0F;
        }
  }
}

void dilated(const PanelKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  Convolution(kernels, desc, args).run(pool);
}

}  // namespace ridgeline::kernels::blocked
