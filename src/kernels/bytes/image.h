#pragma once

#include "base/thread_pool.h"
#include "kernels/blocked/turn.h"
#include "kernels/bytes/byte_kernels.h"
#include "kernels/ref/quantized.h"
#include "tensor/tensor.h"

/// What is done to whole images of bytes.
namespace ridgeline::kernels::bytes {

/// From and to planes of `dtype`, as ONNX has them. Steps past the last channel of a last block become zeros.
struct ByteTurn {
  blocked::TurnDesc image;
  DType dtype = DType::kU8;
};
void from_planes(const ByteTurn& turn, const uint8_t* planes, Line* to, ThreadPool& pool);
void to_planes(const ByteTurn& turn, const Line* from, uint8_t* planes, ThreadPool& pool);

/// From and to the rows of a matrix [rows, columns]: each row is a pixel, its columns are channels.
struct RowTurn {
  int64_t rows = 1;
  int64_t columns = 1;
  DType dtype = DType::kU8;
};
inline int64_t lines_of(const RowTurn& turn) { return blocks_of(turn.columns) * turn.rows; }
void from_rows(const RowTurn& turn, const uint8_t* rows, Line* to, ThreadPool& pool);
void to_rows(const RowTurn& turn, const Line* from, uint8_t* rows, ThreadPool& pool);

/// `desc.planes` counts blocks of images; see ref::max_pool. Two spatial axes.
void max_pool(const ByteKernels& kernels, const ref::PoolDesc& desc, const Line* in, Line* out,
              ThreadPool& pool);

/// Likewise; see ref::quantized_average. All zero points count from their types' lowest.
void average_pool(const ByteKernels& kernels, const ref::QuantizedAverageDesc& desc, const Line* in,
                  Line* out, ThreadPool& pool);

/// out = table[in], [256] of steps as lines have them.
void lookup(const ByteKernels& kernels, const Lookup& desc, ThreadPool& pool);

/// See ref::lookup_mean and ref::lookup_product; of planes, there are `batch` · `channels`. Tables are [256],
/// of steps as lines have them.
struct LookupDesc {
  int64_t batch = 1;
  int64_t channels = 1;
  int64_t plane = 1;
  const float* values = nullptr;
  Finish finish{};  ///< its zero point counts from the type's lowest
  const Line* in = nullptr;
  Line* out = nullptr;
};
void lookup_mean(const ByteKernels& kernels, const LookupDesc& desc, float factor, ThreadPool& pool);
/// A line of `steps` for each block of each image.
struct LookupFactors {
  const float* values = nullptr;
  const Line* steps = nullptr;
};
void lookup_product(const ByteKernels& kernels, const LookupDesc& desc, const LookupFactors& factors,
                    ThreadPool& pool);

/// See ref::quantized_add.
void add(const ByteKernels& kernels, const AddSteps& desc, ThreadPool& pool);

}  // namespace ridgeline::kernels::bytes
