#pragma once

#include <memory>

#include "engine/onnxruntime/ort_shared.h"
#include "engine/plugin/plugin_engine.h"

namespace ridgeline::ort {

/// ONNX Runtime on a model's own bytes, as its users run it. One plugin per flavor defines plugin::engine()
/// by it.
class OrtEngine : public plugin::PluginEngine {
 public:
  OrtEngine(const char* name, Flavor flavor);

  const char* name() const override { return name_; }
  std::string version() const override;
  Capabilities probe() const override;
  Status supports(const plugin::Model& model, const SessionOptions& options) const override;
  Result<std::unique_ptr<Session>> compile(const plugin::Model& model,
                                           const SessionOptions& options) const override;

 private:
  /// Ok when the library speaks the interface that this plugin was built for.
  Status check_library() const;

  const char* name_;
  Flavor flavor_;
  /// Null when check_library() fails. Shared with the sessions.
  std::shared_ptr<const Ort::Env> env_;
  mutable SharedSessions shared_;
};

}  // namespace ridgeline::ort
