namespace ridgeline::train {
namespace {
constexpr int kLanes = 8;
}
}  // namespace ridgeline::train

#include "train/libtorch/norm_rows_body.h"

namespace ridgeline::train {

const NormRows& norm_rows_avx2() { return kNormRows; }

}  // namespace ridgeline::train
