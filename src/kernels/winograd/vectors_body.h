// Included by tile_kernels_body.h, once for each instruction set.

#pragma once

#include "kernels/blocked/vectors_body.h"
#include "kernels/winograd/tile_kernels.h"

namespace ridgeline::kernels::winograd {
namespace {

using blocked::kLanes;
using blocked::load;
using blocked::store;
using blocked::Vector;

constexpr int kVectors = 2;
constexpr int kPanel = kVectors * kLanes;

}  // namespace
}  // namespace ridgeline::kernels::winograd
