// Included once for each instruction set, with kLanes set: the numbers of kLanes channels of an image.

#pragma once

#include "kernels/lines/numbers_body.h"
#include "kernels/winograd/vectors_body.h"

namespace ridgeline::kernels::winograd {
namespace {

inline Vector load_number(const float* at) { return load(at); }
inline Vector load_number(const uint16_t* bf16) { return lines::widened(lines::load_halves(bf16)); }
inline void store_number(float* at, Vector x) { store(at, x); }
inline void store_number(uint16_t* bf16, Vector x) { lines::store_halves(bf16, lines::narrowed(x)); }

}  // namespace
}  // namespace ridgeline::kernels::winograd
