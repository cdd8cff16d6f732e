#pragma once

#include <span>

#include "graph/ops/infer_context.h"

namespace ridgeline::ops {

// The operator table, by family; adding an op is one function and one row in its family's file.
std::span<const OpRow> elementwise_ops();
std::span<const OpRow> window_ops();
std::span<const OpRow> matrix_ops();
std::span<const OpRow> layout_ops();
std::span<const OpRow> index_ops();
std::span<const OpRow> reduce_ops();
std::span<const OpRow> normalisation_ops();
std::span<const OpRow> creation_ops();
std::span<const OpRow> quantize_ops();
std::span<const OpRow> detection_ops();
std::span<const OpRow> control_ops();

}  // namespace ridgeline::ops
