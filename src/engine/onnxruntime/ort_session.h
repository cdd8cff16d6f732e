#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/onnxruntime/ort_shared.h"

namespace ridgeline::ort {

/// Inputs are read where the caller has them, outputs written there or to buffers of the session; only
/// outputs whose shape depends on the data are allocated by ONNX Runtime, run by run. With memory at the same
/// addresses a run allocates nothing on our side.
class OrtSession : public Session {
 public:
  static Result<std::unique_ptr<Session>> create(std::shared_ptr<const Ort::Env> env,
                                                 const plugin::Model& model, const SessionOptions& options,
                                                 Flavor flavor, Membership library);

  const Signature& signature() const override { return signature_; }
  Status run(std::span<const TensorView> in, std::span<TensorView> out) override;
  Result<std::vector<OpTime>> profile(std::span<const TensorView> in, int iterations) override;
  MemoryUse memory() const override;

 private:
  /// What a run binds for one output.
  struct Output {
    Tensor own;  ///< lent to callers; empty where the shape depends on the data
    bool is_static = false;
  };

  OrtSession(std::shared_ptr<const Ort::Env> env, const plugin::Model& model, const SessionOptions& options,
             Flavor flavor, Membership library)
      : env_(std::move(env)),
        model_(model),
        options_(options),
        flavor_(flavor),
        library_(std::move(library)) {}

  Status read_signature();
  /// An output as it is for the compiled rows, where the library's session takes any number of them.
  Result<ValueInfo> output_info(size_t index) const;
  Status prepare_outputs();
  /// Makes `value` a tensor over `memory` unless it already is.
  void bind(const TensorView& memory, Ort::Value& value);
  /// The shape and data of output `index` after a run.
  void lend(size_t index, TensorView& out);

  std::shared_ptr<const Ort::Env> env_;
  plugin::Model model_;  ///< its bytes outlive the session
  SessionOptions options_;
  Flavor flavor_;
  Membership library_;
  Ort::MemoryInfo memory_info_ = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
  Signature signature_;
  std::vector<const char*> input_names_;
  std::vector<const char*> output_names_;
  std::vector<Ort::Value> inputs_;
  std::vector<Ort::Value> outputs_;
  std::vector<Output> output_plans_;
};

}  // namespace ridgeline::ort
