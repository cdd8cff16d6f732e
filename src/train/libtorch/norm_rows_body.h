// The passes of norm_rows.h, compiled once for each instruction set: included by norm_rows_*.cpp alone, which
// define kLanes. Products and sums in one expression are fused: -ffp-contract=fast.

#include <cstdint>
#include <cstring>

#include "train/libtorch/norm_rows.h"

namespace ridgeline::train {
namespace {

using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));

template <typename T>
T load(const float* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

template <typename T>
void store(float* to, T value) {
  std::memcpy(to, &value, sizeof(T));
}

/// Calls work(T(), position, channel) for every row's channels: T is Lanes, or float for the channels that
/// are left over. Row after row, as memory lies: what a channel needs comes from the first-level cache.
template <typename Work>
void for_each_vector(int64_t channels, int64_t begin, int64_t end, const Work& work) {
  for (int64_t row = begin; row < end; ++row) {
    const int64_t first = row * channels;
    int64_t c = 0;
    for (; c + kLanes <= channels; c += kLanes) work(Lanes(), first + c, c);
    for (; c < channels; ++c) work(float(), first + c, c);
  }
}

/// Zero, not minus zero; NaN passes.
template <typename T>
T activated(T by, T value) {
  return by <= 0 ? T{} : value;
}

template <bool kRelu, bool kResidual>
void forward_rows(const NormForward& norm, int64_t begin, int64_t end) {
  for_each_vector(norm.channels, begin, end, [=]<typename T>(T, int64_t at, int64_t c) {
    T value = load<T>(norm.x + at) * load<T>(norm.scale + c) + load<T>(norm.shift + c);
    if constexpr (kResidual) value += load<T>(norm.residual + at);
    store(norm.y + at, kRelu ? activated(value, value) : value);
  });
}

/// How the activation's gradient is known.
enum class Mask { kNone, kByInput, kByOutput };

/// The gradient dz of a norm's result.
template <Mask kMask, typename T>
T gradient_at(const NormGradient& norm, int64_t at, int64_t c, T x) {
  const T dy = load<T>(norm.dy + at);
  if constexpr (kMask == Mask::kByInput)
    return activated(T(x * load<T>(norm.scale + c) + load<T>(norm.shift + c)), dy);
  if constexpr (kMask == Mask::kByOutput) return activated(load<T>(norm.y + at), dy);
  return dy;
}

template <Mask kMask, bool kKeeps>
void reduce_rows(const NormGradient& norm, int64_t begin, int64_t end, const NormSums& sums) {
  for_each_vector(norm.channels, begin, end, [=]<typename T>(T, int64_t at, int64_t c) {
    const T x = load<T>(norm.x + at);
    const T dz = gradient_at<kMask>(norm, at, c, x);
    if constexpr (kKeeps) store(sums.dz + at, dz);
    store(sums.gradient + c, T(load<T>(sums.gradient + c) + dz));
    store(sums.product + c, T(load<T>(sums.product + c) + (x - load<T>(norm.mean + c)) * dz));
  });
}

template <Mask kMask>
void input_gradient_rows(const NormGradient& norm, const NormInputGradient& out, int64_t begin, int64_t end) {
  for_each_vector(norm.channels, begin, end, [=]<typename T>(T, int64_t at, int64_t c) {
    const T x = load<T>(norm.x + at);
    const T centred = gradient_at<kMask>(norm, at, c, x) - load<T>(out.mean_gradient + c);
    const T spread = (x - load<T>(norm.mean + c)) * load<T>(out.slope + c);
    store(out.dx + at, T((centred - spread) * load<T>(out.inverse_deviation + c) * load<T>(out.weight + c)));
  });
}

Mask mask_of(const NormGradient& norm) {
  if (!norm.relu) return Mask::kNone;
  return norm.y != nullptr ? Mask::kByOutput : Mask::kByInput;
}

void forward(const NormForward& norm, int64_t begin, int64_t end) {
  const bool adds = norm.residual != nullptr;
  if (norm.relu && adds) return forward_rows<true, true>(norm, begin, end);
  if (norm.relu) return forward_rows<true, false>(norm, begin, end);
  if (adds) return forward_rows<false, true>(norm, begin, end);
  forward_rows<false, false>(norm, begin, end);
}

template <bool kKeeps>
void reduce_keeping(const NormGradient& norm, int64_t begin, int64_t end, const NormSums& sums) {
  switch (mask_of(norm)) {
    case Mask::kNone:
      return reduce_rows<Mask::kNone, kKeeps>(norm, begin, end, sums);
    case Mask::kByInput:
      return reduce_rows<Mask::kByInput, kKeeps>(norm, begin, end, sums);
    case Mask::kByOutput:
      return reduce_rows<Mask::kByOutput, kKeeps>(norm, begin, end, sums);
  }
}

void reduce(const NormGradient& norm, int64_t begin, int64_t end, const NormSums& sums) {
  if (sums.dz != nullptr) return reduce_keeping<true>(norm, begin, end, sums);
  reduce_keeping<false>(norm, begin, end, sums);
}

void input_gradient(const NormGradient& norm, const NormInputGradient& out, int64_t begin, int64_t end) {
  switch (mask_of(norm)) {
    case Mask::kNone:
      return input_gradient_rows<Mask::kNone>(norm, out, begin, end);
    case Mask::kByInput:
      return input_gradient_rows<Mask::kByInput>(norm, out, begin, end);
    case Mask::kByOutput:
      return input_gradient_rows<Mask::kByOutput>(norm, out, begin, end);
  }
}

constexpr NormRows kNormRows{.forward = forward, .reduce = reduce, .input_gradient = input_gradient};

}  // namespace
}  // namespace ridgeline::train
