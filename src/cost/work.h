#pragma once

#include <cstdint>

namespace ridgeline::cost {

/// What an operator does at least: arithmetic, and each distinct operand read and each result written once.
/// 1 MAC = 2 FLOPs. Counts are doubles because products of hostile shapes must not overflow; they are exact
/// up to 2^53.
struct Work {
  double macs = 0;
  double flops = 0;  ///< 2·macs plus everything that is not a multiply-accumulate
  double bytes_read = 0;
  double bytes_written = 0;

  double bytes() const { return bytes_read + bytes_written; }
  /// FLOP per byte; 0 for work that moves nothing.
  double intensity() const { return bytes() > 0 ? flops / bytes() : 0; }
};

/// One square 2-D convolution without bias.
struct ConvCase {
  int64_t batch = 1;
  int64_t in_channels = 1;
  int64_t out_channels = 1;
  int64_t kernel = 1;
  int64_t size = 1;  ///< height and width of the input
  int64_t stride = 1;

  /// Height and width of the output under same padding.
  int64_t out_size() const { return (size + stride - 1) / stride; }
  int64_t params() const { return out_channels * in_channels * kernel * kernel; }
};

/// N·OUT·IN·K²·H·W multiply-accumulates; `element_bytes` is the size of every operand's elements.
Work work_of(const ConvCase& conv, double element_bytes);

}  // namespace ridgeline::cost
