#pragma once

#include <onnx-ml.pb.h>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ridgeline::formats {

/// kInvalidArgument where a name in the model (of a graph, node, op, domain, value, attribute, dimension,
/// function or metadata key) is not UTF-8 or holds control characters: names end up in messages, JSON and
/// HTML.
Status check_names(const onnx::ModelProto& model);

/// `text` with everything that is not printable UTF-8 replaced by "?", and cut where it is absurdly long.
std::string printable(std::string_view text);

}  // namespace ridgeline::formats
