// Included by tile_kernels_body.h, once for each instruction set.

#pragma once

#include "kernels/winograd/tile_kernels.h"

namespace ridgeline::kernels::winograd {
namespace {

using Vector = float __attribute__((vector_size(kLanes * sizeof(float))));
using UnalignedVector =
    float __attribute__((vector_size(kLanes * sizeof(float)), aligned(sizeof(float)), may_alias));

constexpr int kVectors = 2;
constexpr int kPanel = kVectors * kLanes;

inline Vector load(const float* from) { return *reinterpret_cast<const UnalignedVector*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<UnalignedVector*>(to) = value; }

}  // namespace
}  // namespace ridgeline::kernels::winograd
