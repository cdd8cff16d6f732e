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
Result<Graph> mobilenet_v3_large(Builder& builder, const ZooOptions& options);
Result<Graph> efficientnet_b0(Builder& builder, const ZooOptions& options);
Result<Graph> squeezenet1_1(Builder& builder, const ZooOptions& options);
Result<Graph> densenet121(Builder& builder, const ZooOptions& options);

Result<Graph> unet(Builder& builder, const ZooOptions& options);
Result<Graph> ssd_head(Builder& builder, const ZooOptions& options);

}  // namespace ridgeline::zoo
