#pragma once

#include "graph/zoo/builder.h"

namespace ridgeline::zoo {

/// Each adds its layers to a fresh builder and ends the graph.
Result<Graph> lenet(Builder& builder, const ZooOptions& options);
Result<Graph> resnet18(Builder& builder, const ZooOptions& options);
Result<Graph> resnet34(Builder& builder, const ZooOptions& options);
Result<Graph> resnet50(Builder& builder, const ZooOptions& options);
Result<Graph> vgg16(Builder& builder, const ZooOptions& options);
Result<Graph> mobilenet_v2(Builder& builder, const ZooOptions& options);

}  // namespace ridgeline::zoo
