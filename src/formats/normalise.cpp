#include "formats/normalise.h"

#include "formats/onnx.h"

namespace ridgeline::formats {

Status normalise(Node node, int64_t opset, GraphBuilder& builder) {
  if (opset != kGraphOpset)
    return unsupported("op {} of opset {} cannot be read yet, only of {}", node.op, opset, kGraphOpset);
  return builder.add(std::move(node));
}

}  // namespace ridgeline::formats
