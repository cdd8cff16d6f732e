#pragma once

#include "kernels/bytes/results.h"
#include "kernels/lines/tap_products.h"

namespace ridgeline::kernels::bytes {

/// results[p] = finish(sums[p] + corrections), inputs being u8 and weights i8: a tile of these is
/// [four terms][column][term].
struct DotProduct {
  lines::TapProducts products;
  const int32_t* corrections = nullptr;  ///< [kPanelColumns]
  Results results;
};

/// One instruction set's kernels.
struct DotKernels {
  void (*multiply)(const DotProduct& product);
};

const DotKernels& amx_dots();
const DotKernels& avx512_vnni_dots();
/// The tiles of AMX in plain C++, for any CPU.
const DotKernels& ref_dots();

}  // namespace ridgeline::kernels::bytes
