#pragma once

#include "graph/passes/quantized_values.h"

namespace ridgeline::passes {

/// Writes what becomes of a fused operator's results into its attributes.
inline void set_result(Node& node, const Quantisation& as, int32_t low, int32_t high) {
  node.attributes["y_type"] = std::string(name_of(as.dtype));
  node.attributes["y_scale"] = as.scale;
  node.attributes["y_zero_point"] = int64_t{as.zero_point};
  node.attributes["y_low"] = int64_t{low};
  node.attributes["y_high"] = int64_t{high};
}
inline void set_result(Node& node, const QuantizedSink& sink) {
  set_result(node, sink.as, sink.low(), sink.high());
}

/// The scale and zero point of the operand that `prefix` names.
inline void set_operand(Node& node, const std::string& prefix, const Quantisation& as) {
  node.attributes[prefix + "_scale"] = as.scale;
  node.attributes[prefix + "_zero_point"] = int64_t{as.zero_point};
}

}  // namespace ridgeline::passes
