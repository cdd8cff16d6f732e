#include "engine/onnxruntime/ort_engine.h"

namespace ridgeline::plugin {

const PluginEngine& engine() {
  static const ort::OrtEngine kEngine("onnxruntime-tensorrt", ort::Flavor::kTensorRt);
  return kEngine;
}

}  // namespace ridgeline::plugin
