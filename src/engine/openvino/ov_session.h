#pragma once

#include <memory>
#include <vector>

#include "engine/openvino/ov_models.h"

namespace ridgeline::ov_engine {

/// One infer request, run synchronously. Inputs are read where the caller has them, outputs written there or
/// to buffers of the session; only outputs whose shape depends on the data are OpenVINO's. With memory at the
/// same addresses a run makes no tensor.
class OvSession : public Session {
 public:
  static Result<std::unique_ptr<Session>> create(std::shared_ptr<Models> models, const plugin::Model& model,
                                                 const SessionOptions& options);

  const Signature& signature() const override { return signature_; }
  Status run(std::span<const TensorView> in, std::span<TensorView> out) override;
  Result<std::vector<OpTime>> profile(std::span<const TensorView> in, int iterations) override;
  MemoryUse memory() const override;

 private:
  OvSession(std::shared_ptr<Models> models, const plugin::Model& model, const SessionOptions& options)
      : models_(std::move(models)), model_(model), options_(options) {}

  Status prepare();
  void lend(size_t index, TensorView& out);

  std::shared_ptr<Models> models_;
  plugin::Model model_;  ///< its bytes outlive the session
  SessionOptions options_;
  std::shared_ptr<const ov::Model> original_;  ///< may be null
  ov::CompiledModel compiled_;
  ov::InferRequest request_;
  Signature signature_;
  std::vector<const void*> bound_inputs_;  ///< memory that the request holds tensors over
  std::vector<const void*> bound_outputs_;
  std::vector<Tensor> own_outputs_;  ///< empty where the shape depends on the data
};

}  // namespace ridgeline::ov_engine
