#pragma once

#include <string_view>

#include "base/status.h"
#include "graph/graph.h"

namespace ridgeline::formats {

/// An op of ai.onnx in the form that graphs hold: of opset 17, or of the opset that brought it (up to 21).
/// Ops on sequences and optionals are not among them.
struct OpSchema {
  std::string_view op;
  int since;  ///< opset that brought the op; 13 stands for "13 or earlier"
  int min_inputs;
  int max_inputs;  ///< kVariadic: no limit
  int min_outputs;
  int max_outputs;
  /// "name:kind …", kind as in the variant Attribute: i f s I F S (lists) t (tensor) g (graph), "!" where
  /// required, "+18" where opset 18 brought the attribute.
  std::string_view attributes;
};
inline constexpr int kVariadic = -1;

/// Null when ai.onnx has no such op, or one that no Graph holds.
const OpSchema* find_schema(std::string_view op);

/// kUnsupported for an unknown op, kInvalidArgument where the number of inputs or outputs is wrong, or an
/// attribute is unknown, missing or of another type. Ops of other domains pass.
Status check_against_schema(const Node& node);

/// kUnsupported where the node's op or one of its attributes is newer than `opset`.
Status check_written_opset(const Node& node, int64_t opset);

}  // namespace ridgeline::formats
