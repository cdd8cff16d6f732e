#include "kernels/blocked/direct.h"

#include <algorithm>
#include <array>

#include "kernels/blocked/patch.h"

namespace ridgeline::kernels::blocked {
namespace {

constexpr int64_t kMostBlocks = 2;       ///< of a panel, on any instruction set
constexpr int64_t kMostColumns = 112;    ///< of a band: 8 blocks of 14 positions
constexpr int64_t kMostPositions = 112;  ///< of a band whose sums stay in the first-level cache
constexpr int64_t kRowsOfPlanes = 4;     ///< of a band, which share most of what they read
constexpr int64_t kRunsTogether = 18;    ///< whose weights of a panel, 36 KiB, are read along the way
constexpr int64_t kMostRuns = 1024;
/// Above this, a layer's weights are read once for all images, below it an image's values once for all
/// weights.
constexpr int64_t kWeightBytesToKeep = int64_t{1} << 20;
constexpr int64_t kWeightBytesAtHand = int64_t{256}
                                       << 10;  ///< which are found in a second-level cache anyway
constexpr int64_t kTasksPerThread = 16;
constexpr int64_t kFewestTasksPerThread = 4;  ///< below which fewer panels go together
constexpr int64_t kMostPanelsTogether = 4;    ///< for which a band's inputs are copied once
/// Of a band, below which a pass over the inputs costs less than to multiply the weights of each panel.
constexpr int64_t kFewestPositionsToScale = 56;
static_assert(kRunsTogether * kBlock * kMostBlocks * kBlock <= Patch::kFloats);

/// A pixel's products are the whole convolution, of each pixel or of every second one of every second row.
bool is_pointwise(const Window& w) {
  const bool takes_stride = w.stride == Size3{1, 1, 1} || w.stride == Size3{1, 2, 2};
  return volume(w.kernel) == 1 && takes_stride && w.pad == Size3{0, 0, 0};
}

/// Where each pixel counts, a plane is one long row.
Window flattened(const Window& w) {
  if (!is_pointwise(w) || volume(w.stride) != 1) return w;
  Window flat = w;
  flat.in = {1, 1, volume(w.in)};
  flat.out = flat.in;
  flat.in_plane = in_plane(w);
  flat.out_plane = out_plane(w);
  return flat;
}

/// Of the inputs' channels, those of an output channel's group.
Range channels_of(const ConvDesc& desc, int64_t out_channel) {
  const int64_t own = desc.in_channels / desc.groups;
  const int64_t first = out_channel / (desc.out_channels / desc.groups) * own;
  return {first, first + own};
}

/// Blocks that hold what `blocks` blocks of outputs from `first` on are made of.
Range inputs_of_blocks(const ConvDesc& desc, int64_t first, int64_t blocks) {
  const int64_t last = std::min(desc.out_channels, (first + blocks) * kBlock) - 1;
  return {channels_of(desc, first * kBlock).begin / kBlock, blocks_of(channels_of(desc, last).end)};
}

/// A panel of several blocks would multiply zeros where groups are small.
int64_t panel_of(const ConvDesc& desc, int64_t panel_blocks) {
  return desc.out_channels / desc.groups < panel_blocks * kBlock && desc.groups > 1 ? 1 : panel_blocks;
}

/// Of any panel.
int64_t most_inputs(const ConvDesc& desc, int64_t panel) {
  int64_t most = 0;
  for (int64_t first = 0; first < blocks_of(desc.out_channels); first += panel) {
    const Range inputs = inputs_of_blocks(desc, first, panel);
    most = std::max(most, inputs.end - inputs.begin);
  }
  return most;
}

/// How a convolution is cut: bands of positions, panels of output channels, chunks of input blocks.
struct Cuts {
  Cuts(const ConvDesc& desc, int64_t panel_blocks)
      : window(flattened(desc.window)),
        planes(takes_planes(desc)),
        in_place(!planes && is_pointwise(desc.window)),
        width(planes ? 1 : kBlock),
        in_image(planes ? desc.in_channels : blocks_of(desc.in_channels)),
        panel(panel_of(desc, panel_blocks)),
        inputs(desc.groups == 1 ? in_image : most_inputs(desc, panel)),
        taps(window.kernel[1] * window.kernel[2]),
        short_taps(!planes && desc.groups == 1 && desc.in_channels % kBlock != 0 ? taps : 0),
        out_blocks(blocks_of(desc.out_channels)),
        panels(ceil_div(out_blocks, panel)) {
    band.columns = ceil_div(window.out[2], bands_across(desc));
    const int64_t most_rows = std::max(kMostPositions / band.columns, planes ? kRowsOfPlanes : 1);
    band.rows = std::min(most_rows, window.out[1]);
    while (!fits() && band.rows > 1) band.rows = ceil_div(band.rows, 2);
    while (!fits() && band.columns > 1) band.columns = ceil_div(band.columns, 2);
    band_rows = ceil_div(window.out[1], band.rows);
    band_columns = ceil_div(window.out[2], band.columns);
    chunk = std::clamp<int64_t>((planes ? kMostRuns : kRunsTogether) / taps, 1, inputs);
    while (!in_place && chunk > 1 && chunk * patch().floats() > Patch::kFloats) --chunk;
  }

  /// Of no more than kMostColumns, and as soon done by all threads as can be where there is but one row.
  int64_t bands_across(const ConvDesc& desc) const {
    constexpr int64_t kEnoughTasksPerThread = 8;  // whatever is left over, threads end together almost
    const int64_t fewest = ceil_div(window.out[2], kMostColumns), tasks = desc.batch * panels * fewest;
    if (window.out[1] > 1 || desc.threads == 1 || tasks >= kEnoughTasksPerThread * desc.threads)
      return fewest;
    const auto time = [&](int64_t across) {
      return ceil_div(desc.batch * panels * across, desc.threads) * ceil_div(window.out[2], across);
    };
    const int64_t most =
        desc.has_factor ? std::max(fewest, window.out[2] / kFewestPositionsToScale) : 2 * fewest;
    int64_t best = fewest;
    for (int64_t across = fewest + 1; across <= most; ++across)
      if (time(across) < time(best)) best = across;
    return best;
  }
  Patch patch() const { return {window, band, width}; }
  bool fits() const { return in_place || (planes ? inputs : 1) * patch().floats() <= Patch::kFloats; }
  bool runs_fit() const { return chunk * taps <= kMostRuns; }
  /// Floats between a line's inputs and the next one's, where they are read in place.
  int64_t in_line() const { return window.stride[1] * window.in[2] * kBlock; }
  /// Floats of an input's element plane.
  int64_t in_plane() const { return kernels::in_plane(window) * width; }
  int64_t out_plane() const { return kernels::out_plane(window) * kBlock; }
  /// Of a panel with `blocks` blocks, those of one input.
  int64_t weights_of_input(int64_t blocks) const { return taps * width * blocks * kBlock; }
  int64_t weights() const { return inputs * weights_of_input(out_blocks); }
  int64_t weight_bytes() const { return weights() * static_cast<int64_t>(sizeof(float)); }
  int64_t bands() const { return band_rows * band_columns; }

  Window window;
  bool planes, in_place;
  int64_t width;
  int64_t in_image;  ///< inputs of an image: blocks, or channels of planes
  int64_t panel;     ///< blocks
  int64_t inputs;    ///< of a panel, at most
  int64_t taps;
  int64_t short_taps;  ///< of the last input, where it is a block with fewer channels
  int64_t out_blocks;
  int64_t panels;
  Band band;
  int64_t band_rows = 0, band_columns = 0;
  int64_t chunk = 1;  ///< inputs whose products are added together
};

class Convolution {
 public:
  Convolution(const PanelKernels& kernels, const ConvDesc& desc, const ConvArgs& args)
      : kernels_(kernels), desc_(desc), args_(args), cuts_(desc, kernels.blocks), patch_(cuts_.patch()) {
    size_t run = 0;
    for (int64_t input = 0; input < cuts_.chunk; ++input)
      for (int64_t kh = 0; kh < cuts_.window.kernel[1]; ++kh)
        for (int64_t kw = 0; kw < cuts_.window.kernel[2]; ++kw)
          offsets_[run++] =
              cuts_.in_place ? input * cuts_.in_plane() : input * patch_.floats() + patch_.offset_of(kh, kw);
    int64_t together = desc.groups == 1 ? std::min(kMostPanelsTogether, cuts_.panels) : 1;
    const int64_t wanted = desc.threads > 1 ? kFewestTasksPerThread * desc.threads : 1;
    while (together > 1 && desc.batch * ceil_div(cuts_.panels, together) * cuts_.bands() < wanted) --together;
    groups_ = ceil_div(cuts_.panels, together);
    while (tasks() < wanted * 2 && tasks() % desc.threads != 0 && groups_ < cuts_.panels) ++groups_;
    if (!cuts_.planes && cuts_.band_columns == 1 && cuts_.band.columns * 2 <= kernels.positions)
      lines_together_ = 2;
  }

  void run(ThreadPool& pool) const {
    const int64_t grain = pool.threads() == 1 ? tasks() : ceil_div(tasks(), kTasksPerThread * pool.threads());
    pool.parallel_for(tasks(), grain, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) compute(task_at(i));
    });
  }

 private:
  /// A band of an image's outputs, in the panels of a group.
  struct Task {
    int64_t image, group;
    Band band;
  };
  /// A chunk of inputs, from the panel's `input` on, whose products are added to its sums.
  struct Part {
    int64_t panel, input;
  };

  int64_t tasks() const { return desc_.batch * groups_ * cuts_.bands(); }

  /// Neighbours share a band's inputs, or weights that are too many to be at hand.
  Task task_at(int64_t i) const {
    const int64_t bands = cuts_.bands(), batch = desc_.batch;
    if (cuts_.weight_bytes() <= kWeightBytesToKeep)
      return {.image = i / groups_ / bands, .group = i % groups_, .band = band_at(i / groups_ % bands)};
    return {.image = i / bands % batch, .group = i / bands / batch, .band = band_at(i % bands)};
  }

  Band band_at(int64_t i) const {
    const auto first_row = [&](int64_t at) { return part_begin(cuts_.window.out[1], cuts_.band_rows, at); };
    const auto first_column = [&](int64_t at) {
      return part_begin(cuts_.window.out[2], cuts_.band_columns, at);
    };
    const int64_t down = i / cuts_.band_columns, across = i % cuts_.band_columns;
    const int64_t row = first_row(down), column = first_column(across);
    return {row, column, first_row(down + 1) - row, first_column(across + 1) - column};
  }

  void compute(const Task& task) const {
    alignas(64) float nearby[Patch::kFloats];
    const float* values = nullptr;
    const Part first{first_panel(task.group), 0};
    for (Part part = first; part.panel < end_of(task.group); part = next_of(part, task.group)) {
      if (part.panel == first.panel) values = values_of(task, part, nearby);
      add_products(task, part, values, nearby);
    }
  }

  int64_t first_panel(int64_t group) const { return part_begin(cuts_.panels, groups_, group); }
  int64_t end_of(int64_t group) const { return first_panel(group + 1); }
  /// The inputs that a panel is made of.
  Range inputs_of(int64_t panel) const {
    if (desc_.groups == 1) return {0, cuts_.inputs};
    return inputs_of_blocks(desc_, panel * cuts_.panel, cuts_.panel);
  }
  int64_t count_of(int64_t panel) const { return inputs_of(panel).end - inputs_of(panel).begin; }
  int64_t count_of(const Part& part) const {
    return std::min(cuts_.chunk, count_of(part.panel) - part.input);
  }

  /// In the order that they are computed, all panels of a chunk before the next chunk; past the last one of a
  /// group, the first of the next.
  Part next_of(const Part& part, int64_t group) const {
    const int64_t next_input = part.input + cuts_.chunk;
    if (part.panel + 1 < end_of(group)) return {part.panel + 1, part.input};
    if (next_input < count_of(first_panel(group))) return {first_panel(group), next_input};
    return {end_of(group), 0};
  }

  int64_t blocks_of_panel(int64_t panel) const {
    return std::min(cuts_.panel, cuts_.out_blocks - panel * cuts_.panel);
  }

  const float* weights_of(const Part& part) const {
    return static_cast<const float*>(args_.weights) +
           part.panel * cuts_.panel * cuts_.inputs * cuts_.weights_of_input(1) +
           part.input * cuts_.weights_of_input(blocks_of_panel(part.panel));
  }

  bool fetches_ahead() const { return cuts_.weight_bytes() > kWeightBytesAtHand; }

  /// Where inputs are read in place, `nearby` is free for weights.
  void add_products(const Task& task, const Part& part, const float* values, float* nearby) const {
    const int64_t first_block = part.panel * cuts_.panel, blocks = blocks_of_panel(part.panel);
    const int64_t inputs = count_of(part);
    const int64_t share = ceil_div(inputs * cuts_.weights_of_input(blocks), task.band.rows);
    alignas(64) float bias[kMostBlocks * kBlock];
    const Scaling scaling{.weights = weights_of(part), .factors = factors_of(task, part), .scaled = nearby};
    Finish finish = finish_of(task, first_block, blocks, bias);
    PanelProduct product{.inputs = cuts_.planes ? Inputs::kPlanes : Inputs::kBlocks,
                         .positions = task.band.columns,
                         .step = cuts_.in_place ? cuts_.window.stride[2] : 1,
                         .a_line = cuts_.in_place ? cuts_.in_line() : patch_.row_floats(),
                         .blocks = blocks,
                         .a = values,
                         .offsets = offsets_.data(),
                         .count = inputs * cuts_.taps,
                         .short_count = part.input + inputs == cuts_.inputs ? cuts_.short_taps : 0,
                         .short_terms = desc_.in_channels % kBlock,
                         .b = desc_.has_factor ? nearby : weights_of(part),
                         .scaling = desc_.has_factor ? &scaling : nullptr,
                         .c = args_.out + offset_of(task, first_block),
                         .c_block = cuts_.out_plane(),
                         .adds = part.input > 0,
                         .finish = part.input + inputs == count_of(part.panel) ? &finish : nullptr,
                         .ahead = fetches_ahead() ? weights_of(next_of(part, task.group)) : nullptr};
    const int64_t row_floats = cuts_.window.out[2] * kBlock;
    for (int64_t row = 0; row < task.band.rows; row += product.lines) {
      product.lines = std::min(lines_together_, task.band.rows - row);
      product.ahead_floats = product.lines * share;
      kernels_.multiply(product);
      product.a += product.lines * product.a_line;
      product.c += product.lines * row_floats;
      product.ahead += product.ahead_floats;
      if (finish.residual != nullptr) finish.residual += product.lines * row_floats;
    }
  }

  /// Of the inputs of a part; null without any.
  const float* factors_of(const Task& task, const Part& part) const {
    return desc_.has_factor ? args_.factor + (task.image * cuts_.in_image + part.input) * kBlock : nullptr;
  }

  /// The inputs of a part, as the offsets find them.
  const float* values_of(const Task& task, const Part& part, float* patch) const {
    const int64_t first = inputs_of(part.panel).begin + part.input;
    const float* const plane = args_.in + (task.image * cuts_.in_image + first) * cuts_.in_plane();
    if (cuts_.in_place)
      return plane + task.band.row * cuts_.in_line() + task.band.column * cuts_.window.stride[2] * kBlock;
    for (int64_t input = 0; input < count_of(part); ++input)
      patch_.fill(plane + input * cuts_.in_plane(), task.band, patch + input * patch_.floats(),
                  kernels_.copy_every_second);
    return patch;
  }

  /// Of a block's value at the band's first position, in the output.
  int64_t offset_of(const Task& task, int64_t block) const {
    return (task.image * cuts_.out_blocks + block) * cuts_.out_plane() +
           (task.band.row * cuts_.window.out[2] + task.band.column) * kBlock;
  }

  Finish finish_of(const Task& task, int64_t first_block, int64_t blocks, float* bias) const {
    Finish finish(desc_);
    finish.bias =
        padded_bias(desc_, args_.bias, first_block * kBlock, {bias, static_cast<size_t>(blocks * kBlock)});
    if (desc_.has_residual) finish.residual = args_.residual + offset_of(task, first_block);
    return finish;
  }

  const PanelKernels& kernels_;
  const ConvDesc& desc_;
  const ConvArgs& args_;
  Cuts cuts_;
  Patch patch_;
  int64_t groups_ = 1;          ///< of panels that share copied inputs
  int64_t lines_together_ = 1;  ///< whose sums fit the registers
  std::array<int64_t, kMostRuns> offsets_;
};

Status accepts_factor(const ConvDesc& desc, const Cuts& cuts) {
  if (!cuts.in_place || volume(cuts.window.stride) != 1 || desc.groups != 1)
    return unsupported("multiplies inputs of 1x1 convolutions with stride 1 and one group alone");
  if (cuts.band.columns < kFewestPositionsToScale)
    return unsupported("multiplies inputs of at least {} positions", kFewestPositionsToScale);
  return {};
}

}  // namespace

bool takes_planes(const ConvDesc& desc) { return desc.groups == 1 && desc.in_channels <= 4; }

Status accepts_direct(const PanelKernels& kernels, const ConvDesc& desc) {
  if (!desc.has_constant_weights) return unsupported("needs constant weights");
  if (desc.has_row_means) return unsupported("leaves no means");
  if (desc.groups != 1 && desc.groups == desc.in_channels && desc.groups == desc.out_channels)
    return unsupported("takes no group for each channel");
  if (desc.window.in[0] != 1 || desc.window.out[0] != 1 || desc.window.kernel[0] != 1)
    return unsupported("takes two spatial axes");
  const Cuts cuts(desc, kernels.blocks);
  if (!cuts.fits() || !cuts.runs_fit())
    return unsupported("takes windows whose inputs fit a first-level cache");
  if (desc.has_factor) return accepts_factor(desc, cuts);
  return {};
}

bool direct_replaces_residual(const PanelKernels& kernels, const ConvDesc& desc) {
  const Cuts cuts(desc, kernels.blocks);
  return cuts.chunk == cuts.inputs && Finish(desc).is_bounded();
}

size_t packed_direct_bytes(const PanelKernels& kernels, const ConvDesc& desc) {
  return static_cast<size_t>(Cuts(desc, kernels.blocks).weights()) * sizeof(float);
}

/// [panel][input][tap][the input's term][lane of the panel]; terms and lanes past the last channel are zero,
/// and terms of other groups.
void pack_direct(const PanelKernels& kernels, const ConvDesc& desc, const float* weights, void* packed) {
  const Cuts cuts(desc, kernels.blocks);
  const int64_t own = desc.in_channels / desc.groups;
  auto* to = static_cast<float*>(packed);
  for (int64_t first = 0; first < cuts.out_blocks; first += cuts.panel) {
    const int64_t lanes = std::min(cuts.panel, cuts.out_blocks - first) * kBlock;
    const int64_t first_input = desc.groups == 1 ? 0 : inputs_of_blocks(desc, first, cuts.panel).begin;
    std::array<Range, kMostBlocks * kBlock> groups{};
    for (int64_t lane = 0; lane < lanes; ++lane)
      groups[static_cast<size_t>(lane)] =
          channels_of(desc, std::min(first * kBlock + lane, desc.out_channels - 1));
    for (int64_t input = 0; input < cuts.inputs; ++input)
      for (int64_t tap = 0; tap < cuts.taps; ++tap)
        for (int64_t term = 0; term < cuts.width; ++term)
          for (int64_t lane = 0; lane < lanes; ++lane) {
            const int64_t oc = first * kBlock + lane, ic = (first_input + input) * cuts.width + term;
            const Range& group = groups[static_cast<size_t>(lane)];
            const bool is_real = oc < desc.out_channels && ic >= group.begin && ic < group.end;
            *to++ = is_real ? weights[(oc * own + ic - group.begin) * cuts.taps + tap] : 0.0F;
          }
  }
}

void direct(const PanelKernels& kernels, const ConvDesc& desc, const ConvArgs& args, ThreadPool& pool) {
  Convolution(kernels, desc, args).run(pool);
}

}  // namespace ridgeline::kernels::blocked
