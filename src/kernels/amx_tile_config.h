// Included by files that are compiled for AMX alone.

#pragma once

#include <cstdint>

namespace ridgeline::kernels {

/// Intel SDM, LDTILECFG: palette 1, bytes per row of tile t at 16 + 2t, rows at 48 + t.
struct alignas(64) AmxTileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};

}  // namespace ridgeline::kernels
