#include "kernels/quantize.h"

#include <array>

#include "kernels/needs.h"
#include "kernels/ref/quant_runs.h"
#include "kernels/vector/row_kernels.h"

namespace ridgeline::kernels {
namespace {

using vector::ByteRow;
using vector::RowKernels;

template <Needs needs>
Status accepts(const DType& integers, const CpuFeatures& cpu) {
  RETURN_IF_ERROR(needs(cpu));
  return integers == DType::kU8 || integers == DType::kI8 ? Status() : unsupported("takes u8 and i8 only");
}

/// The zero point of a pair.
int32_t zero_of(const ref::QuantPairs& pairs, size_t pair) {
  if (pairs.zero_point == nullptr) return 0;
  return pairs.zero_point->dtype == DType::kI8 ? int32_t{pairs.zero_point->as<int8_t>()[pair]}
                                               : int32_t{pairs.zero_point->as<uint8_t>()[pair]};
}

/// body(the integers as rows of one pair, index of their first) on all threads.
template <typename Body>
void for_byte_rows(const TensorView& integers, const ref::QuantPairs& pairs, ThreadPool& pool,
                   const Body& body) {
  auto* const steps = reinterpret_cast<uint8_t*>(integers.data);
  ref::for_runs(integers.shape.element_count(), pairs, pool, [&](int64_t first, int64_t count, size_t pair) {
    body(ByteRow{.steps = steps + first,
                 .count = count,
                 .scale = pairs.scale.as<float>()[pair],
                 .zero = zero_of(pairs, pair),
                 .is_signed = integers.dtype == DType::kI8},
         first);
  });
}

template <const RowKernels& (*rows)()>
Status quantize(const TensorView& in, const ref::QuantPairs& pairs, const TensorView& out, ThreadPool& pool) {
  for_byte_rows(out, pairs, pool, [&](const ByteRow& row, int64_t first) {
    rows().quantize(row, in.as<float>().data() + first);
  });
  return {};
}

template <const RowKernels& (*rows)()>
Status dequantize(const TensorView& in, const ref::QuantPairs& pairs, const TensorView& out,
                  ThreadPool& pool) {
  for_byte_rows(in, pairs, pool, [&](const ByteRow& row, int64_t first) {
    rows().dequantize(row, out.as<float>().data() + first);
  });
  return {};
}

Status accepts_all(const DType&, const CpuFeatures&) { return {}; }

template <Needs needs>
Status can_round(const Rounding&, const CpuFeatures& cpu) {
  return needs(cpu);
}

template <const RowKernels& (*rows)()>
Status round_to(const TensorView& in, const Rounding& to, const TensorView& out, ThreadPool& pool) {
  pool.parallel_for(in.shape.element_count(), kElementGrain, [&](int64_t begin, int64_t end) {
    rows().round_to(to, in.as<float>().data() + begin, out.as<float>().data() + begin, end - begin);
  });
  return {};
}

}  // namespace

std::span<const QuantizeImpl> quantize_impls() {
  static constexpr std::array<QuantizeImpl, 3> kImpls = {
      {{"vector_avx512", accepts<needs_avx512>, quantize<vector::avx512_rows>},
       {"vector_avx2", accepts<needs_avx2>, quantize<vector::avx2_rows>},
       {"ref", accepts_all, ref::quantize}}};
  return kImpls;
}

std::span<const QuantizeImpl> dequantize_impls() {
  static constexpr std::array<QuantizeImpl, 3> kImpls = {
      {{"vector_avx512", accepts<needs_avx512>, dequantize<vector::avx512_rows>},
       {"vector_avx2", accepts<needs_avx2>, dequantize<vector::avx2_rows>},
       {"ref", accepts_all, ref::dequantize}}};
  return kImpls;
}

std::span<const RoundingImpl> rounding_impls() {
  static constexpr std::array<RoundingImpl, 3> kImpls = {
      {{"vector_avx512", can_round<needs_avx512>, round_to<vector::avx512_rows>},
       {"vector_avx2", can_round<needs_avx2>, round_to<vector::avx2_rows>},
       {"ref", [](const Rounding&, const CpuFeatures&) { return Status(); }, ref::round_to}}};
  return kImpls;
}

}  // namespace ridgeline::kernels
