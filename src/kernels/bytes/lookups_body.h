// Included by files that set kernels::vector::kLanes, once for each instruction set.

#pragma once

#include <algorithm>

#include "kernels/bytes/byte_kernels.h"
#include "kernels/ref/quantized.h"
#ifdef __AVX512VBMI__
#include "kernels/bytes/tables_vbmi_body.h"
#else
#include "kernels/bytes/tables_plain_body.h"
#endif

namespace ridgeline::kernels::bytes {
namespace {

void lookup(const Lookup& of) {
  const StepTable table(of.table);
  for (int64_t i = 0; i < of.lines * kLineBytes; i += kLineBytes) table.look_up(of.steps + i, of.out + i);
}

void lookup_sum(const LookupSum& of) {
  const ValueTable table(of.values);
  LineValues sums{};
  for (int64_t first = 0; first < of.lines; first += ref::kSummedTogether) {
    LineValues together{};
    for (int64_t i = first; i < std::min(first + ref::kSummedTogether, of.lines); ++i) {
      const LineValues values = table.of(of.steps + i * kLineBytes);
      for (int v = 0; v < kLineVectors; ++v) together.vectors[v] += values.vectors[v];
    }
    for (int v = 0; v < kLineVectors; ++v) sums.vectors[v] += together.vectors[v];
  }
  for (int v = 0; v < kLineVectors; ++v) vector::store(of.sums + v * kLanes, sums.vectors[v]);
}

void lookup_mean(const LookupMean& mean) {
  LineValues sums{};
  for (int64_t part = 0; part < mean.parts; ++part)
    for (int v = 0; v < kLineVectors; ++v)
      sums.vectors[v] += vector::load(mean.sums + part * kChannels + v * kLanes);
  for (Vector& sum : sums.vectors) sum *= mean.factor;
  store_values(mean.finish, sums, mean.out);
}

void lookup_product(const LookupProduct& of) {
  const LookupProduct product = of;  // so that steps that are stored can't lie over it
  const ValueTable table(product.values);
  const LineValues factors = load_values(product.factors);
  for (int64_t i = 0; i < product.lines * kLineBytes; i += kLineBytes) {
    LineValues values = table.of(product.steps + i);
    for (int v = 0; v < kLineVectors; ++v) values.vectors[v] *= factors.vectors[v];
    store_values(product.finish, values, product.out + i);
  }
}

}  // namespace
}  // namespace ridgeline::kernels::bytes
