#pragma once

#include "base/status.h"
#include "formats/graph_builder.h"
#include "graph/graph.h"

namespace ridgeline::formats {

/// Appends the node in opset-17 form to the graph, with helper nodes and initializers where it takes them.
using NormaliseRule = Status (*)(Node node, GraphBuilder& builder);

// normalise_older.cpp: what attributes and outputs meant before they changed.
Status clip_bounds_to_inputs(Node node, GraphBuilder& builder);
Status slice_attributes_to_inputs(Node node, GraphBuilder& builder);
Status axes_to_input(Node node, GraphBuilder& builder);
Status split_sizes_to_input(Node node, GraphBuilder& builder);
Status pads_to_input(Node node, GraphBuilder& builder);
Status k_to_input(Node node, GraphBuilder& builder);
Status drop_dropout_ratio(Node node, GraphBuilder& builder);
Status drop_dropout_ratio_and_mask(Node node, GraphBuilder& builder);
Status batch_norm_for_inference(Node node, GraphBuilder& builder);
Status softmax_over_flattened_axes(Node node, GraphBuilder& builder);
Status upsample_with_attribute(Node node, GraphBuilder& builder);
Status upsample_with_input(Node node, GraphBuilder& builder);
Status resize_10(Node node, GraphBuilder& builder);
Status resize_11(Node node, GraphBuilder& builder);
Status scatter_elements(Node node, GraphBuilder& builder);
Status roi_align_without_offset(Node node, GraphBuilder& builder);
Status refuse_batched_scan(Node node, GraphBuilder& builder);

// normalise_newer.cpp: opset 18 to 21 back to 17, where 17 can say it.
Status axes_to_attribute(Node node, GraphBuilder& builder);
Status split_num_outputs(Node node, GraphBuilder& builder);
Status pad_some_axes(Node node, GraphBuilder& builder);
Status resize_18(Node node, GraphBuilder& builder);
Status pool_without_default_dilations(Node node, GraphBuilder& builder);
Status grid_sample_modes(Node node, GraphBuilder& builder);
Status dft_axis_to_attribute(Node node, GraphBuilder& builder);
Status drop_cast_saturation(Node node, GraphBuilder& builder);
Status quantize_output_dtype(Node node, GraphBuilder& builder);
Status drop_default_block_size(Node node, GraphBuilder& builder);
Status refuse_grouped_scales(Node node, GraphBuilder& builder);

}  // namespace ridgeline::formats
