#pragma once

#include "kernels/blocked/finish.h"
#include "kernels/blocked/patch.h"

namespace ridgeline::kernels::blocked {

/// How the inputs of a product lie.
enum class Inputs {
  kBlocks,  ///< an offset leads to kBlock terms side by side, and to the next position's kBlock floats on
  kPlanes,  ///< an offset leads to one term, and to the next position's beside it
};

/// What b is made of along with the products of the first positions: scaled[i, k, block, lane] =
/// weights[i, k, block, lane] · factors[i, k].
struct Scaling {
  const float* weights = nullptr;
  const float* factors = nullptr;
  float* scaled = nullptr;
};

/// c[block, position, lane] (+)= Σ a[offsets[i] + step · position's + k] · b[i, k, block, lane], for a panel
/// of output channels. Bits depend on the order of the terms alone, not on how positions are cut.
struct PanelProduct {
  Inputs inputs = Inputs::kBlocks;
  int64_t positions = 0;  ///< of a line, at least one
  int64_t lines = 1;      ///< one, or two of at most PanelKernels::positions together; c has no gap between
  int64_t step = 1;       ///< one, or two: of Inputs::kBlocks without scaling, every second one is wanted
  int64_t a_line = 0;     ///< floats between lines of the inputs
  int64_t blocks = 1;     ///< of the panel, at most PanelKernels::blocks
  const float* a = nullptr;
  const int64_t* offsets = nullptr;
  int64_t count = 0;
  /// Of Inputs::kBlocks, so many of the last offsets lead to `short_terms` terms, whose blocks have no more
  /// channels.
  int64_t short_count = 0, short_terms = kBlock;
  const float* b = nullptr;
  const Scaling* scaling = nullptr;  ///< of one line of Inputs::kBlocks; b is then what it leaves
  float* c = nullptr;
  int64_t c_block = 0;             ///< floats between blocks of c
  bool adds = false;               ///< to what c holds
  const Finish* finish = nullptr;  ///< null while more is to be added
  /// What is needed after this product, fetched into the second-level cache along the way; null for nothing.
  const float* ahead = nullptr;
  int64_t ahead_floats = 0;
};

/// One instruction set's kernels.
struct PanelKernels {
  int64_t positions = 0;  ///< whose sums stay in registers
  int64_t blocks = 0;     ///< of output channels in a panel
  void (*multiply)(const PanelProduct& product);
  CopyEverySecond copy_every_second;
};

const PanelKernels& avx512_panels();
const PanelKernels& avx2_panels();

}  // namespace ridgeline::kernels::blocked
