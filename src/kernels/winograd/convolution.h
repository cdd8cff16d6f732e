#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "base/thread_pool.h"
#include "kernels/winograd/schedule.h"

namespace ridgeline::kernels::winograd {

constexpr int64_t kMostBlocks = 256;

/// Of the output's channels.
struct ChannelRange {
  int64_t first = 0;
  int64_t count = 0;
};

/// A convolution by a schedule, of images in any form: `Form` has read_inputs(step, tiles, planes), with a
/// tile every `step` pixels, and write_results(tile, channels, tiles, planes), with one every `tile`.
template <typename Form>
class Convolution {
 public:
  Convolution(const BlockedKernels& kernels, const ConvDesc& desc, const Form& form, const void* weights,
              void* scratch)
      : kernels_(kernels),
        form_(form),
        in_channels_(desc.in_channels),
        weights_(static_cast<const float*>(weights)),
        scratch_(static_cast<float*>(scratch)),
        schedule_(kernels, desc) {
    for (int64_t block = 0; block < schedule_.in_blocks; ++block)
      offsets_[static_cast<size_t>(block)] = block * schedule_.chunk * kBlock;
  }

  void run(ThreadPool& pool) const {
    if (!schedule_.shares_inputs) return run_chunks(pool);
    for (int64_t chunk = 0; chunk < schedule_.chunks; ++chunk) run_shared(chunk, pool);
  }

 private:
  static constexpr int64_t kBlock = blocked::kBlock;
  static constexpr int64_t kTilesToShare = 8;  ///< whose inputs are transformed at a time by a thread

  struct PanelRange {
    int64_t begin = 0;
    int64_t end = 0;
  };

  void run_chunks(ThreadPool& pool) const {
    pool.parallel_for(schedule_.chunks * schedule_.parts, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t task = begin; task < end; ++task) {
        const Tiles tiles = tiles_of(task / schedule_.parts);
        float* const memory = thread_memory(thread);
        const Planes in = in_planes(memory), out = out_planes(memory + schedule_.in_floats());
        read_inputs(tiles, in);
        const PanelRange part = part_at(task % schedule_.parts);
        for (int64_t panel = part.begin; panel < part.end; ++panel)
          compute({panel, panel + 1}, tiles, in, out);
      }
    });
  }

  void run_shared(int64_t chunk, ThreadPool& pool) const {
    const Tiles tiles = tiles_of(chunk);
    const Planes in = in_planes(scratch_ + schedule_.threads * schedule_.thread_floats());
    pool.parallel_for(tiles.end - tiles.begin, kTilesToShare, [&](int64_t begin, int64_t end) {
      Planes own = in;
      own.data += begin * kBlock;
      read_inputs({tiles.begin + begin, tiles.begin + end}, own);
    });
    pool.parallel_for(schedule_.parts, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t part = begin; part < end; ++part)
        compute(part_at(part), tiles, in, out_planes(thread_memory(thread)));
    });
  }

  Tiles tiles_of(int64_t chunk) const {
    return {.begin = chunk * schedule_.chunk,
            .end = std::min(schedule_.tiles, (chunk + 1) * schedule_.chunk)};
  }

  PanelRange part_at(int64_t part) const {
    return {schedule_.panels * part / schedule_.parts, schedule_.panels * (part + 1) / schedule_.parts};
  }

  float* thread_memory(int thread) const { return scratch_ + thread * schedule_.thread_floats(); }

  Planes in_planes(float* memory) const { return planes(memory, schedule_.in_plane()); }
  Planes out_planes(float* memory) const { return planes(memory, schedule_.out_plane()); }
  Planes planes(float* memory, int64_t plane) const {
    return {.data = memory, .plane = plane, .row = kBlock, .block = schedule_.chunk * kBlock};
  }

  void read_inputs(Tiles tiles, const Planes& in) const {
    form_.read_inputs(schedule_.tile * kernels_.tiles.stride, tiles, in);
  }

  void compute(const PanelRange& panels, Tiles tiles, const Planes& in, const Planes& out) const {
    const int64_t channels = kernels_.panels.blocks * kBlock;
    const int64_t point_floats = in_channels_ * channels;
    const auto weights = [&](int64_t point, int64_t panel) {
      return weights_ + (panel * schedule_.points + point) * point_floats;
    };
    for (int64_t point = 0; point < schedule_.points; ++point)
      for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
        const bool is_last = panel + 1 == panels.end;
        kernels_.panels.multiply(
            {.positions = tiles.end - tiles.begin,
             .blocks = kernels_.panels.blocks,
             .a = in.data + point * in.plane,
             .offsets = offsets_.data(),
             .count = schedule_.in_blocks,
             .b = weights(point, panel),
             .c = out.data + point * out.plane + (panel - panels.begin) * kernels_.panels.blocks * out.block,
             .c_block = out.block,
             .ahead = is_last ? weights(point + 1, panels.begin) : weights(point, panel + 1),
             .ahead_floats = point_floats});
      }
    form_.write_results(schedule_.tile, {panels.begin * channels, (panels.end - panels.begin) * channels},
                        tiles, out);
  }

  const BlockedKernels& kernels_;
  const Form& form_;
  int64_t in_channels_;
  const float* weights_;
  float* scratch_;
  Schedule schedule_;
  std::array<int64_t, kMostBlocks> offsets_;
};

}  // namespace ridgeline::kernels::winograd
