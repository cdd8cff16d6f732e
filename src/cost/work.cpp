#include "cost/work.h"

namespace ridgeline::cost {

Work work_of(const ConvCase& conv, double element_bytes) {
  const double batch = static_cast<double>(conv.batch);
  const double in_pixels = static_cast<double>(conv.size) * static_cast<double>(conv.size);
  const double out_pixels = static_cast<double>(conv.out_size()) * static_cast<double>(conv.out_size());
  const double weights = static_cast<double>(conv.params());
  Work work;
  work.macs = batch * weights * out_pixels;
  work.flops = 2 * work.macs;
  work.bytes_read = element_bytes * (batch * static_cast<double>(conv.in_channels) * in_pixels + weights);
  work.bytes_written = element_bytes * batch * static_cast<double>(conv.out_channels) * out_pixels;
  return work;
}

}  // namespace ridgeline::cost
