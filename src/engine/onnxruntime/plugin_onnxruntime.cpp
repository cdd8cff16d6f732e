#include "engine/onnxruntime/ort_engine.h"

namespace ridgeline::plugin {

const PluginEngine& engine() {
  static const ort::OrtEngine kEngine("onnxruntime", ort::Flavor::kDefault);
  return kEngine;
}

}  // namespace ridgeline::plugin
