#pragma once

#include "base/thread_pool.h"
#include "kernels/window.h"

namespace ridgeline::kernels::ref {

/// The second half of a transposed convolution by a product: `columns` holds, for every position of
/// window.out, what it adds to each channel at each tap, as [window.out…, channels, kernel…]. out, of shape
/// [channels, window.in…], gets the sums, and the bias of each channel unless that is null. As in
/// ref::conv_transpose, the window is that of the convolution whose gradient this is.
struct ColumnsDesc {
  Window window;
  int64_t channels = 1;
};
void columns_to_image(const ColumnsDesc& desc, const float* columns, const float* bias, float* out,
                      ThreadPool& pool);

}  // namespace ridgeline::kernels::ref
