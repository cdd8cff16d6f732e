#include <immintrin.h>

#include "kernels/amx_tile_config.h"
#include "kernels/probes/instruction_sets.h"

namespace ridgeline::kernels {
namespace {

constexpr int kTileRows = 16;
constexpr int kTileRowBytes = 64;

void configure_tiles() {
  AmxTileConfig config;
  for (int tile = 0; tile < 8; ++tile) {
    config.row_bytes[tile] = kTileRowBytes;
    config.rows[tile] = kTileRows;
  }
  // GCC 12 declares only part of the configuration as read by the instruction: keep the stores above.
  __asm__ volatile("" : : "r"(&config) : "memory");
  _tile_loadconfig(&config);
}

/// Four sums (tiles 0 to 3) over two left (4, 5) and two right (6, 7) tiles: what a blocked product keeps
/// busy.
template <typename Products>
void run_products(int64_t iterations, Products products) {
  configure_tiles();
  alignas(64) const uint8_t zeros[kTileRows * kTileRowBytes] = {};
  __asm__ volatile("" : : "r"(zeros) : "memory");
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, zeros, kTileRowBytes);
  _tile_loadd(5, zeros, kTileRowBytes);
  _tile_loadd(6, zeros, kTileRowBytes);
  _tile_loadd(7, zeros, kTileRowBytes);
  for (int64_t i = 0; i < iterations; ++i) products();
  _tile_release();
}

void run_bf16(int64_t iterations) {
  run_products(iterations, [] {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  });
}

void run_int8(int64_t iterations) {
  run_products(iterations, [] {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  });
}

}  // namespace

// Four products of 16×K by K×16 tiles, K being a row's 64 bytes.
const ComputeLoop kAmxBf16Loop = {run_bf16, 4 * 2.0 * 16 * 16 * 32};
const ComputeLoop kAmxInt8Loop = {run_int8, 4 * 2.0 * 16 * 16 * 64};

}  // namespace ridgeline::kernels
