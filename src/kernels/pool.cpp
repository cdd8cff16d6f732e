#include "kernels/pool.h"

#include <algorithm>
#include <array>
#include <limits>

#include "kernels/broadcast.h"
#include "kernels/needs.h"
#include "kernels/vector/row_kernels.h"

namespace ridgeline::kernels {
namespace {

using vector::RowKernels;
using vector::Taps;

constexpr int64_t kBuffer = 4096;  // floats: what stays in the first-level cache beside the rows read

/// Takes the maximum or the sum over a window: first down its columns, then along the rows that remain.
class Folder {
 public:
  Folder(const RowKernels& rows, const PoolCase& pool)
      : window_(pool.desc.window),
        fold_(pool.kind == PoolKind::kMax ? rows.max_taps : rows.sum_taps),
        neutral_(pool.kind == PoolKind::kMax ? -std::numeric_limits<float>::infinity() : 0.0F) {}

  /// Output rows that are folded together: where windows do not jump, their padded lines lie end to end and
  /// are folded as one, so that short rows cost no more than long ones.
  int64_t rows_together() const {
    const bool is_dense = window_.stride[2] == 1;
    return is_dense ? std::clamp<int64_t>(kBuffer / padded_width(window_), 1, window_.out[1]) : 1;
  }

  /// `count` rows of depth at[0], from at[1] on.
  void fold(const float* plane, const Size3& at, int64_t count, float* out) const {
    const Window& w = window_;
    const int64_t pitch = padded_width(w);
    std::array<float, kBuffer> lines, folded;
    std::fill_n(lines.data(), count * pitch, neutral_);
    for (int64_t row = 0; row < count; ++row)
      fold_columns(plane, {at[0], at[1] + row, 0}, lines.data() + row * pitch + w.pad[2]);
    const Taps along{.taps = w.kernel[2], .step = w.dilation[2], .stride = w.stride[2]};
    if (count == 1) return fold_(along, lines.data(), out, w.out[2]);
    fold_(along, lines.data(), folded.data(), (count - 1) * pitch + w.out[2]);
    for (int64_t row = 0; row < count; ++row)
      std::copy_n(folded.data() + row * pitch, w.out[2], out + row * w.out[2]);
  }

  static int64_t padded_width(const Window& w) {
    const int64_t reached = (w.out[2] - 1) * w.stride[2] + (w.kernel[2] - 1) * w.dilation[2] + 1;
    return std::max(reached, w.pad[2] + w.in[2]);
  }

 private:
  /// One line, as wide as the input. Where the window lies in the padding, the line stays as it is.
  void fold_columns(const float* plane, const Size3& at, float* line) const {
    const Window& w = window_;
    const Range depths = taps_inside(w, 0, at[0]), heights = taps_inside(w, 1, at[1]);
    if (heights.begin == heights.end) return;
    const int64_t h = at[1] * w.stride[1] - w.pad[1] + heights.begin * w.dilation[1];
    const Taps down{.taps = heights.end - heights.begin, .step = w.dilation[1] * w.in[2]};
    for (int64_t kd = depths.begin; kd < depths.end; ++kd) {
      const int64_t d = at[0] * w.stride[0] - w.pad[0] + kd * w.dilation[0];
      const float* rows = plane + (d * w.in[1] + h) * w.in[2];
      if (kd == depths.begin) {
        fold_(down, rows, line, w.in[2]);
      } else {
        fold_two(down, rows, line);
      }
    }
  }

  /// Folds another depth into a line: the line and the depth's own fold lie end to end, two taps apart.
  void fold_two(const Taps& down, const float* rows, float* line) const {
    std::array<float, 2 * kBuffer> both;
    const int64_t width = window_.in[2];
    std::copy_n(line, width, both.data());
    fold_(down, rows, both.data() + width, width);
    fold_({.taps = 2, .step = width}, both.data(), line, width);
  }

  const Window& window_;
  vector::FoldRow fold_;
  float neutral_;
};

/// Sums to averages. Away from the edges all columns count alike.
void divide_row(const PoolCase& pool, const Size3& at, float* out) {
  const Window& w = pool.desc.window;
  const auto outer = static_cast<float>(ref::counted_taps(w, pool.padding, 0, at[0]) *
                                        ref::counted_taps(w, pool.padding, 1, at[1]));
  const int64_t begin = std::min(outputs_inside(w, 2, 0).begin, w.out[2]);
  const int64_t end = std::clamp(outputs_inside(w, 2, w.kernel[2] - 1).end, begin, w.out[2]);
  const auto divide = [&](int64_t i) {
    out[i] /= outer * static_cast<float>(ref::counted_taps(w, pool.padding, 2, i));
  };
  for (int64_t i = 0; i < begin; ++i) divide(i);
  const float inner = outer * static_cast<float>(w.kernel[2]);
  for (int64_t i = begin; i < end; ++i) out[i] /= inner;
  for (int64_t i = end; i < w.out[2]; ++i) divide(i);
}

template <const RowKernels& (*rows)()>
Status run(const PoolCase& pool, const TensorView& in, const TensorView& out, ThreadPool& threads) {
  const Window& w = pool.desc.window;
  const Folder folder(rows(), pool);
  const int64_t together = folder.rows_together();
  const int64_t bands = (w.out[1] + together - 1) / together;  // of each depth
  const int64_t work = std::max<int64_t>(1, together * w.in[2] * (w.kernel[1] + w.kernel[2]));
  const int64_t grain = std::max<int64_t>(1, kElementGrain / work);
  threads.parallel_for(pool.desc.planes * w.out[0] * bands, grain, [&](int64_t begin, int64_t end) {
    for (int64_t band = begin; band < end; ++band) {
      const int64_t depth = band / bands, plane = depth / w.out[0];
      const Size3 at = {depth % w.out[0], band % bands * together, 0};
      const int64_t count = std::min(together, w.out[1] - at[1]);
      float* target = out.as<float>().data() + (depth * w.out[1] + at[1]) * w.out[2];
      folder.fold(in.as<float>().data() + plane * volume(w.in), at, count, target);
      if (pool.kind != PoolKind::kAverage) continue;
      for (int64_t row = 0; row < count; ++row)
        divide_row(pool, {at[0], at[1] + row, 0}, target + row * w.out[2]);
    }
  });
  return {};
}

Status accepts(const PoolCase& pool) {
  if (pool.dtype != DType::kF32) return unsupported("takes fp32 only");
  if (Folder::padded_width(pool.desc.window) > kBuffer)
    return unsupported("takes padded rows of at most {}", kBuffer);
  return {};
}

}  // namespace

std::span<const PoolImpl> pool_impls() {
  static constexpr std::array<PoolImpl, 3> kImpls = {{
      {"vector_avx512",
       [](const PoolCase& pool, const CpuFeatures& cpu) -> Status {
         RETURN_IF_ERROR(needs_avx512(cpu));
         return accepts(pool);
       },
       run<vector::avx512_rows>},
      {"vector_avx2",
       [](const PoolCase& pool, const CpuFeatures& cpu) -> Status {
         RETURN_IF_ERROR(needs_avx2(cpu));
         return accepts(pool);
       },
       run<vector::avx2_rows>},
      {"ref", [](const PoolCase&, const CpuFeatures&) { return Status(); },
       [](const PoolCase& pool, const TensorView& in, const TensorView& out, ThreadPool& threads) {
         return pool.kind == PoolKind::kMax ? ref::max_pool(pool.desc, in, out, {}, threads)
                                            : ref::average_pool(pool.desc, pool.padding, in, out, threads);
       }},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
