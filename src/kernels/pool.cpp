#include "kernels/pool.h"

#include <algorithm>
#include <array>
#include <limits>

#include "kernels/broadcast.h"
#include "kernels/vector/row_kernels.h"

namespace ridgeline::kernels {
namespace {

using vector::RowKernels;

constexpr int64_t kWidestRow = 4096;
constexpr int64_t kLargestPlane = 4096;

/// Takes the maximum or the sum over a window: first down its columns, then along the rows that remain.
class Folder {
 public:
  Folder(const RowKernels& rows, const PoolCase& pool)
      : window_(pool.desc.window),
        into_(pool.kind == PoolKind::kMax ? rows.max_into : rows.add_into),
        neutral_(pool.kind == PoolKind::kMax ? -std::numeric_limits<float>::infinity() : 0.0F) {}

  /// One output row.
  void fold_row(const float* plane, const Size3& at, float* out) const {
    const Window& w = window_;
    std::array<float, kWidestRow> line;
    std::fill_n(line.data(), w.in[2], neutral_);
    const Range depths = taps_inside(w, 0, at[0]), heights = taps_inside(w, 1, at[1]);
    for (int64_t kd = depths.begin; kd < depths.end; ++kd) {
      const int64_t d = at[0] * w.stride[0] - w.pad[0] + kd * w.dilation[0];
      for (int64_t kh = heights.begin; kh < heights.end; ++kh) {
        const int64_t h = at[1] * w.stride[1] - w.pad[1] + kh * w.dilation[1];
        into_(plane + (d * w.in[1] + h) * w.in[2], 1, w.in[2], line.data());
      }
    }
    std::fill_n(out, w.out[2], neutral_);
    for (int64_t kw = 0; kw < w.kernel[2]; ++kw) {
      const Range columns = outputs_inside(w, 2, kw);
      if (columns.begin >= columns.end) continue;
      const float* in = line.data() + columns.begin * w.stride[2] - w.pad[2] + kw * w.dilation[2];
      into_(in, w.stride[2], columns.end - columns.begin, out + columns.begin);
    }
  }

  /// Whether a padded plane is small enough to be folded as one long row.
  bool takes_planes() const {
    const Window& w = window_;
    return w.in[0] == 1 && w.out[0] == 1 && w.kernel[0] == 1 && w.stride[1] == 1 && w.stride[2] == 1 &&
           padded_height() * padded_width() <= kLargestPlane;
  }

  /// All rows at once: those of a padded copy lie end to end, so that short ones cost no more than long ones.
  void fold_plane(const float* plane, float* out) const {
    const Window& w = window_;
    const int64_t pitch = padded_width(), count = w.out[1] * pitch;
    std::array<float, kLargestPlane> first, second;
    std::fill_n(first.data(), padded_height() * pitch, neutral_);
    const int64_t rows = std::min(w.in[1], padded_height() - w.pad[1]);
    const int64_t columns = std::min(w.in[2], pitch - w.pad[2]);
    for (int64_t row = 0; row < rows; ++row)
      std::copy_n(plane + row * w.in[2], columns, first.data() + (row + w.pad[1]) * pitch + w.pad[2]);
    std::fill_n(second.data(), count, neutral_);
    for (int64_t kh = 0; kh < w.kernel[1]; ++kh)
      into_(first.data() + kh * w.dilation[1] * pitch, 1, count, second.data());
    std::fill_n(first.data(), count, neutral_);
    for (int64_t kw = 0; kw < w.kernel[2]; ++kw)
      into_(second.data() + kw * w.dilation[2], 1, count - kw * w.dilation[2], first.data());
    for (int64_t row = 0; row < w.out[1]; ++row)
      std::copy_n(first.data() + row * pitch, w.out[2], out + row * w.out[2]);
  }

 private:
  int64_t padded_height() const { return window_.out[1] + (window_.kernel[1] - 1) * window_.dilation[1]; }
  int64_t padded_width() const { return window_.out[2] + (window_.kernel[2] - 1) * window_.dilation[2]; }

  const Window& window_;
  decltype(RowKernels::max_into) into_;
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
  const int64_t height = w.out[0] * w.out[1];
  const bool by_planes = folder.takes_planes();
  const int64_t chunks = pool.desc.planes * (by_planes ? 1 : height);
  const int64_t rows_each = by_planes ? height : 1;
  const int64_t work = std::max<int64_t>(1, rows_each * w.in[2] * (w.kernel[1] + w.kernel[2]));
  threads.parallel_for(chunks, std::max<int64_t>(1, kElementGrain / work), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin * rows_each; row < end * rows_each; ++row) {
      const float* plane = in.as<float>().data() + row / height * volume(w.in);
      const Size3 at = {row % height / w.out[1], row % w.out[1], 0};
      float* target = out.as<float>().data() + row * w.out[2];
      if (!by_planes)
        folder.fold_row(plane, at, target);
      else if (row % height == 0)
        folder.fold_plane(plane, target);
      if (pool.kind == PoolKind::kAverage) divide_row(pool, at, target);
    }
  });
  return {};
}

Status accepts(const PoolCase& pool) {
  if (pool.dtype != DType::kF32) return unsupported("takes fp32 only");
  if (pool.desc.window.in[2] > kWidestRow) return unsupported("takes rows of at most {}", kWidestRow);
  return {};
}

}  // namespace

std::span<const PoolImpl> pool_impls() {
  static constexpr std::array<PoolImpl, 3> kImpls = {{
      {"vector_avx512",
       [](const PoolCase& pool, const CpuFeatures& cpu) {
         return cpu.avx512f ? accepts(pool) : unsupported("needs avx512f");
       },
       run<vector::avx512_rows>},
      {"vector_avx2",
       [](const PoolCase& pool, const CpuFeatures& cpu) {
         return cpu.avx2 && cpu.fma ? accepts(pool) : unsupported("needs avx2 and fma");
       },
       run<vector::avx2_rows>},
      {"ref", [](const PoolCase&, const CpuFeatures&) { return Status(); },
       [](const PoolCase& pool, const TensorView& in, const TensorView& out, ThreadPool& threads) {
         return pool.kind == PoolKind::kMax ? ref::max_pool(pool.desc, false, in, out, TensorView{}, threads)
                                            : ref::average_pool(pool.desc, pool.padding, in, out, threads);
       }},
  }};
  return kImpls;
}

}  // namespace ridgeline::kernels
