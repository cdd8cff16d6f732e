#include "kernels/ref/normalise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "kernels/ref/lines.h"

namespace ridgeline::kernels::ref {
namespace {

int64_t product(const Shape& shape, size_t from, size_t to) {
  int64_t count = 1;
  for (size_t axis = from; axis < to; ++axis) count *= shape[axis];
  return count;
}

/// One line of a softmax: `count` elements that lie `stride` apart.
void softmax_line(const float* in, float* out, int64_t count, int64_t stride, bool logarithm) {
  float largest = in[0];
  for (int64_t i = 1; i < count; ++i) largest = std::max(largest, in[i * stride]);
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += std::exp(in[i * stride] - largest);
  const auto log_sum = static_cast<float>(std::log(sum));
  for (int64_t i = 0; i < count; ++i) {
    const float shifted = in[i * stride] - largest;
    out[i * stride] = logarithm ? shifted - log_sum : static_cast<float>(std::exp(shifted) / sum);
  }
}

struct Moments {
  double mean = 0;
  double variance = 0;
};

/// Sums in several lanes that the compiler can keep in vectors; mean first, so that large ones cancel
/// nothing.
Moments moments_of(const float* row, int64_t count) {
  constexpr int64_t kLanes = 8;
  const auto sum_of = [&](auto f) {
    std::array<double, kLanes> lanes{};
    const int64_t whole = count / kLanes * kLanes;
    for (int64_t i = 0; i < whole; i += kLanes)
      for (int64_t lane = 0; lane < kLanes; ++lane) lanes[static_cast<size_t>(lane)] += f(row[i + lane]);
    for (int64_t i = whole; i < count; ++i) lanes[0] += f(row[i]);
    return std::accumulate(lanes.begin(), lanes.end(), 0.0);
  };
  const auto elements = static_cast<double>(count);
  const double mean = sum_of([](float x) { return static_cast<double>(x); }) / elements;
  const double squares = sum_of([mean](float x) { return (x - mean) * (x - mean); });
  return {mean, squares / elements};
}

/// out = in · scale + shift over elements [0, count) that share both.
void scale_run(const float* in, float scale, float shift, int64_t count, float* out) {
  for (int64_t i = 0; i < count; ++i) out[i] = in[i] * scale + shift;
}

void normalise_row(const RowNorm& norm, const RowNormArgs& args, int64_t row) {
  const int64_t first = row * norm.count;
  const Moments moments = moments_of(args.in + first, norm.count);
  const auto mean = static_cast<float>(moments.mean);
  const auto inverse = static_cast<float>(1 / std::sqrt(moments.variance + norm.epsilon));
  if (args.mean != nullptr) args.mean[row] = mean;
  if (args.inverse_deviation != nullptr) args.inverse_deviation[row] = inverse;
  const float* in = args.in + first;
  float* out = args.out + first;
  if (norm.run == 1 && norm.affine_count == norm.count) {
    for (int64_t i = 0; i < norm.count; ++i) out[i] = (in[i] - mean) * inverse * args.scale[i];
    for (int64_t i = 0; i < norm.count && args.bias != nullptr; ++i) out[i] += args.bias[i];
    return;
  }
  for (int64_t i = 0; i < norm.count; i += norm.run) {
    const int64_t affine = (first + i) / norm.run % norm.affine_count;
    const float scale = inverse * args.scale[affine];
    const float bias = args.bias == nullptr ? 0.0F : args.bias[affine];
    scale_run(in + i, scale, bias - mean * scale, std::min(norm.run, norm.count - i), out + i);
  }
}

/// x / sum^beta; AlexNet's beta, which everybody uses, needs no power.
void divide_by_power(const float* x, const float* sums, float beta, int64_t count, float* out) {
  if (beta == 0.75F) {
    for (int64_t i = 0; i < count; ++i) {
      const float root = std::sqrt(sums[i]);
      out[i] = x[i] / (root * std::sqrt(root));
    }
  } else {
    for (int64_t i = 0; i < count; ++i) out[i] = x[i] / std::pow(sums[i], beta);
  }
}

}  // namespace

void batch_norm(const TensorView& in, const BatchNormArgs& args, const TensorView& out, ThreadPool& pool) {
  const int64_t channels = in.shape[1];
  const int64_t inner = product(in.shape, 2, in.shape.rank());
  const float* source = in.as<float>().data();
  float* target = out.as<float>().data();
  pool.parallel_for(in.shape[0] * channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const int64_t c = plane % channels;
      const float scale = args.scale[c] / std::sqrt(args.variance[c] + args.epsilon);
      const float shift = args.bias[c] - args.mean[c] * scale;
      for (int64_t i = plane * inner; i < (plane + 1) * inner; ++i) target[i] = source[i] * scale + shift;
    }
  });
}

void train_batch_norm(const TensorView& in, const BatchNormArgs& args, const RunningStatistics& running,
                      const TensorView& out, ThreadPool& pool) {
  const int64_t batch = in.shape[0], channels = in.shape[1], inner = product(in.shape, 2, in.shape.rank());
  const float* const source = in.as<float>().data();
  float* const target = out.as<float>().data();
  pool.parallel_for(channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      const auto for_each = [&](const auto& body) {
        for (int64_t n = 0; n < batch; ++n)
          for (int64_t i = 0; i < inner; ++i) body((n * channels + c) * inner + i);
      };
      const auto count = static_cast<double>(batch * inner);
      double sum = 0, squares = 0;
      for_each([&](int64_t at) { sum += double{source[at]}; });
      const double mean = sum / count;
      for_each([&](int64_t at) { squares += (double{source[at]} - mean) * (double{source[at]} - mean); });
      const double variance = squares / count, scale = args.scale[c] / std::sqrt(variance + args.epsilon);
      for_each([&](int64_t at) {
        target[at] = static_cast<float>((double{source[at]} - mean) * scale + args.bias[c]);
      });
      const auto moved = [&](float before, double now) {
        return static_cast<float>(running.momentum * before + (1 - running.momentum) * now);
      };
      if (running.mean != nullptr) running.mean[c] = moved(args.mean[c], mean);
      if (running.variance != nullptr) running.variance[c] = moved(args.variance[c], variance);
    }
  });
}

void softmax(const TensorView& in, size_t axis, bool logarithm, const TensorView& out, ThreadPool& pool) {
  const int64_t count = in.shape[axis];
  const int64_t inner = product(in.shape, axis + 1, in.shape.rank());
  const float* source = in.as<float>().data();
  float* target = out.as<float>().data();
  if (count == 0) return;
  pool.parallel_for(product(in.shape, 0, axis) * inner, 16, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) {
      const int64_t at = line / inner * inner * count + line % inner;
      softmax_line(source + at, target + at, count, inner, logarithm);
    }
  });
}

void normalise_rows(const RowNorm& norm, const RowNormArgs& args, ThreadPool& pool) {
  const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, norm.count));
  pool.parallel_for(norm.rows, grain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) normalise_row(norm, args, row);
  });
}

void normalise_channels(const ChannelNorm& norm, const ChannelNormArgs& args, ThreadPool& pool) {
  const auto channels = static_cast<double>(norm.channels);
  const int64_t grain = std::max<int64_t>(1, kElementGrain / std::max<int64_t>(1, norm.channels));
  pool.parallel_for(norm.batch * norm.pixels, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t first = i / norm.pixels * norm.channels * norm.pixels + i % norm.pixels;
      const auto at = [&](int64_t channel) { return first + channel * norm.pixels; };
      double sum = 0, squares = 0;
      for (int64_t c = 0; c < norm.channels; ++c) sum += double{args.in[at(c)]};
      const double mean = sum / channels;
      for (int64_t c = 0; c < norm.channels; ++c) squares += std::pow(args.in[at(c)] - mean, 2);
      const double factor = 1 / std::sqrt(squares / channels + norm.epsilon);
      for (int64_t c = 0; c < norm.channels; ++c) {
        const double y = (args.in[at(c)] - mean) * factor * args.scale[c];
        args.out[at(c)] = static_cast<float>(args.bias == nullptr ? y : y + args.bias[c]);
      }
    }
  });
}

void lrn(const LrnRule& rule, const TensorView& in, const TensorView& out, ThreadPool& pool) {
  constexpr int64_t kBlock = 256;  // positions whose sums stay in the first cache
  const int64_t channels = in.shape[1];
  const int64_t inner = product(in.shape, 2, in.shape.rank());
  const int64_t blocks = (inner + kBlock - 1) / kBlock;
  const int64_t before = (rule.size - 1) / 2, after = rule.size - 1 - before;
  const float alpha = rule.alpha / static_cast<float>(rule.size);
  pool.parallel_for(in.shape[0] * channels * blocks, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t plane = i / blocks, channel = plane % channels;
      const int64_t first = i % blocks * kBlock, count = std::min(kBlock, inner - first);
      const float* x = in.as<float>().data() + plane * inner + first;
      std::array<float, kBlock> sums;
      sums.fill(rule.bias);
      for (int64_t other = std::max(-channel, -before); other <= std::min(after, channels - 1 - channel);
           ++other)
        for (int64_t k = 0; k < count; ++k) {
          const float value = x[other * inner + k];
          sums[static_cast<size_t>(k)] += alpha * value * value;
        }
      divide_by_power(x, sums.data(), rule.beta, count, out.as<float>().data() + plane * inner + first);
    }
  });
}

void lp_norm(int64_t p, const TensorView& in, size_t axis, const TensorView& out, ThreadPool& pool) {
  const float* source = in.as<float>().data();
  float* target = out.as<float>().data();
  Lines(in.shape, axis).for_each(pool, [&](const Line& line) {
    double sum = 0;
    for (int64_t i = 0; i < line.count; ++i) {
      const double x = source[line.at(i)];
      sum += p == 1 ? std::abs(x) : x * x;
    }
    const double norm = p == 1 ? sum : std::sqrt(sum);
    for (int64_t i = 0; i < line.count; ++i)
      target[line.at(i)] = norm == 0 ? 0.0F : static_cast<float>(source[line.at(i)] / norm);
  });
}

void hardmax(const TensorView& in, size_t axis, const TensorView& out, ThreadPool& pool) {
  const float* source = in.as<float>().data();
  float* target = out.as<float>().data();
  Lines(in.shape, axis).for_each(pool, [&](const Line& line) {
    int64_t best = 0;
    for (int64_t i = 1; i < line.count; ++i)
      if (source[line.at(i)] > source[line.at(best)]) best = i;
    for (int64_t i = 0; i < line.count; ++i) target[line.at(i)] = i == best ? 1.0F : 0.0F;
  });
}

}  // namespace ridgeline::kernels::ref
