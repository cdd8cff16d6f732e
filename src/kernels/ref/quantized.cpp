#include "kernels/ref/quantized.h"

#include <algorithm>
#include <array>

#include "kernels/broadcast.h"
#include "kernels/plane_sums.h"

namespace ridgeline::kernels::ref {
namespace {

using quantized::Finish;

constexpr int64_t kColumns = 64;
using Sums = std::array<int32_t, kColumns>;

/// Counted from the type's lowest.
int32_t step_at(DType dtype, const void* steps, int64_t i) {
  const uint8_t byte = static_cast<const uint8_t*>(steps)[i];
  return dtype == DType::kU8 ? byte : byte ^ 0x80;
}

void write(DType dtype, const Finish& finish, float value, void* out, int64_t i) {
  if (dtype == DType::kF32)
    static_cast<float*>(out)[i] = quantized::clamped(finish, value);
  else
    static_cast<uint8_t*>(out)[i] = static_cast<uint8_t>(quantized::step_of(finish, value));
}

/// Up to kColumns columns of an output row.
struct Piece {
  int64_t image, channel;
  Size3 at;
  int64_t count;
};

/// Adds what one row of taps contributes.
template <typename T>
void add_taps(const quantized::QuantizedConvDesc& desc, const T* in_row, const int8_t* taps,
              const Piece& piece, Sums& sums) {
  const Window& w = desc.conv.window;
  for (int64_t kw = 0; kw < w.kernel[2]; ++kw) {
    const Range inside = outputs_inside(w, 2, kw);
    const int64_t begin = std::max(inside.begin, piece.at[2]),
                  end = std::min(inside.end, piece.at[2] + piece.count);
    const int64_t offset = kw * w.dilation[2] - w.pad[2];
    for (int64_t c = begin; c < end; ++c)
      sums[static_cast<size_t>(c - piece.at[2])] +=
          (int32_t{in_row[c * w.stride[2] + offset]} - desc.in_zero) * taps[kw];
  }
}

template <typename T>
void sum_piece(const quantized::QuantizedConvDesc& desc, const quantized::QuantizedConvArgs& args,
               const Piece& piece, Sums& sums) {
  const Window& w = desc.conv.window;
  const int64_t group_in = desc.conv.in_channels / desc.conv.groups;
  const int64_t group = piece.channel / (desc.conv.out_channels / desc.conv.groups);
  const T* in = static_cast<const T*>(args.in) +
                (piece.image * desc.conv.in_channels + group * group_in) * volume(w.in);
  const int8_t* weights =
      static_cast<const int8_t*>(args.weights) + piece.channel * group_in * volume(w.kernel);
  const Range depths = taps_inside(w, 0, piece.at[0]), rows = taps_inside(w, 1, piece.at[1]);
  sums.fill(0);
  for (int64_t ic = 0; ic < group_in; ++ic)
    for (int64_t kd = depths.begin; kd < depths.end; ++kd)
      for (int64_t kh = rows.begin; kh < rows.end; ++kh) {
        const int64_t d = piece.at[0] * w.stride[0] - w.pad[0] + kd * w.dilation[0];
        const int64_t h = piece.at[1] * w.stride[1] - w.pad[1] + kh * w.dilation[1];
        add_taps(desc, in + ((ic * w.in[0] + d) * w.in[1] + h) * w.in[2],
                 weights + ((ic * w.kernel[0] + kd) * w.kernel[1] + kh) * w.kernel[2], piece, sums);
      }
}

}  // namespace

void quantized_conv(const quantized::QuantizedConvDesc& desc, const quantized::QuantizedConvArgs& args,
                    ThreadPool& pool) {
  const Window& w = desc.conv.window;
  const auto finish_piece = [&](const Piece& piece, const Sums& sums) {
    const float scale = args.scale[piece.channel], shift = args.shift[piece.channel];
    const int64_t plane = (piece.image * desc.conv.out_channels + piece.channel) * volume(w.out);
    const int64_t first = plane + (piece.at[0] * w.out[1] + piece.at[1]) * w.out[2] + piece.at[2];
    for (int64_t i = 0; i < piece.count; ++i) {
      float value = quantized::scaled(static_cast<float>(sums[static_cast<size_t>(i)]), scale, shift);
      if (desc.conv.has_residual)
        value = quantized::with_residual(
            desc.finish, value, static_cast<float>(step_at(desc.residual, args.residual, first + i)));
      write(desc.out, desc.finish, value, args.out, first + i);
    }
  };
  pool.parallel_for(desc.conv.batch * desc.conv.out_channels, 1, [&](int64_t begin, int64_t end) {
    Sums sums;
    for (int64_t i = begin; i < end; ++i)
      for (int64_t row = 0; row < w.out[0] * w.out[1]; ++row)
        for (int64_t column = 0; column < w.out[2]; column += kColumns) {
          const Piece piece{i / desc.conv.out_channels,
                            i % desc.conv.out_channels,
                            {row / w.out[1], row % w.out[1], column},
                            std::min(kColumns, w.out[2] - column)};
          desc.in == DType::kU8 ? sum_piece<uint8_t>(desc, args, piece, sums)
                                : sum_piece<int8_t>(desc, args, piece, sums);
          finish_piece(piece, sums);
        }
  });
}

Status quantized_add(const QuantizedAddDesc& desc, const TensorView& a, const TensorView& b,
                     const TensorView& out, ThreadPool& pool) {
  pool.parallel_for(out.shape.element_count(), kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float value =
          quantized::scaled(static_cast<float>(step_at(a.dtype, a.data, i)), desc.scale, desc.shift);
      write(out.dtype, desc.finish,
            quantized::with_residual(desc.finish, value, static_cast<float>(step_at(b.dtype, b.data, i))),
            out.data, i);
    }
  });
  return {};
}

Status quantized_average(const QuantizedAverageDesc& desc, const TensorView& in, const TensorView& out,
                         ThreadPool& pool) {
  const Window& w = desc.pool.window;
  const auto sum_of = [&](int64_t plane, const Size3& at) {
    const Range depths = taps_inside(w, 0, at[0]), rows = taps_inside(w, 1, at[1]),
                columns = taps_inside(w, 2, at[2]);
    const auto position = [&](size_t axis, int64_t tap) {
      return at[axis] * w.stride[axis] - w.pad[axis] + tap * w.dilation[axis];
    };
    int64_t sum = 0;
    for (int64_t kd = depths.begin; kd < depths.end; ++kd)
      for (int64_t kh = rows.begin; kh < rows.end; ++kh)
        for (int64_t kw = columns.begin; kw < columns.end; ++kw) {
          const int64_t pixel = (position(0, kd) * w.in[1] + position(1, kh)) * w.in[2] + position(2, kw);
          sum += step_at(in.dtype, in.data, plane * volume(w.in) + pixel) - desc.in_zero;
        }
    return static_cast<float>(sum);
  };
  pool.parallel_for(desc.pool.planes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * volume(w.out); i < end * volume(w.out); ++i) {
      const Size3 at{i / (w.out[1] * w.out[2]) % w.out[0], i / w.out[2] % w.out[1], i % w.out[2]};
      int64_t taps = 1;
      for (size_t axis = 0; axis < 3; ++axis) taps *= counted_taps(w, desc.padding, axis, at[axis]);
      const float factor = desc.scale / static_cast<float>(taps);
      write(out.dtype, desc.finish, sum_of(i / volume(w.out), at) * factor, out.data, i);
    }
  });
  return {};
}

void lookup(const TensorView& in, const TensorView& table, const TensorView& out, ThreadPool& pool) {
  const auto* const from = reinterpret_cast<const uint8_t*>(in.data);
  pool.parallel_for(in.shape.element_count(), kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out.data[i] = table.data[from[i]];
  });
}

void lookup_mean(const LookupMeanDesc& desc, const TensorView& in, const TensorView& out, ThreadPool& pool) {
  const auto* const steps = reinterpret_cast<const uint8_t*>(in.data);
  pool.parallel_for(desc.planes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const PlaneParts parts(desc.plane);
      float sum = 0;
      for (int64_t part = 0; part < parts.count; ++part) {
        const int64_t begin_of = part * parts.size, end_of = std::min(begin_of + parts.size, desc.plane);
        float of_part = 0;
        for (int64_t first = begin_of; first < end_of; first += kSummedTogether) {
          float together = 0;
          for (int64_t i = first; i < std::min(first + kSummedTogether, end_of); ++i)
            together += desc.values[steps[plane * desc.plane + i]];
          of_part += together;
        }
        sum += of_part;
      }
      write(out.dtype, desc.finish, sum * desc.factor, out.data, plane);
    }
  });
}

void lookup_product(const LookupProductDesc& desc, const TensorView& in, const TensorView& steps,
                    const TensorView& out, ThreadPool& pool) {
  const auto* const from = reinterpret_cast<const uint8_t*>(in.data);
  const auto* const of_planes = reinterpret_cast<const uint8_t*>(steps.data);
  pool.parallel_for(desc.planes, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * desc.plane; i < end * desc.plane; ++i)
      write(out.dtype, desc.finish, desc.values[from[i]] * desc.factors[of_planes[i / desc.plane]], out.data,
            i);
  });
}

}  // namespace ridgeline::kernels::ref
