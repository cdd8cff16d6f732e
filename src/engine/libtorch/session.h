#pragma once

#include <ATen/core/Tensor.h>
#include <memory>
#include <vector>

#include "engine/engine.h"
#include "engine/libtorch/program.h"

namespace ridgeline::libtorch {

/// Sets the calling thread's intra-op threads where they differ: OpenMP keeps the number per thread.
void use_threads(int threads);

/// Hands a result over as the session's contract says: copied to the caller's memory, or lent from `kept`, in
/// the signature's type. kInvalidArgument when the caller's memory is for another shape.
Status hand_over(const at::Tensor& value, DType dtype, at::Tensor& kept, TensorView& out);

/// A session that runs a Program. Its intermediate values come from ATen's allocator at each run, as they do
/// for every user of LibTorch.
class ProgramSession : public Session {
 public:
  ProgramSession(Program program, Signature signature, int threads)
      : program_(std::move(program)),
        signature_(std::move(signature)),
        kept_(signature_.outputs.size()),
        threads_(threads) {}

  const Signature& signature() const override { return signature_; }
  Status run(std::span<const TensorView> in, std::span<TensorView> out) override;
  Result<std::vector<OpTime>> profile(std::span<const TensorView> in, int iterations) override;
  MemoryUse memory() const override { return {.weights_bytes = program_.constant_bytes()}; }

 private:
  void take_inputs(std::span<const TensorView> in);

  Program program_;
  Signature signature_;
  std::vector<at::Tensor> kept_;  ///< outputs that callers have been lent
  int threads_;
};

}  // namespace ridgeline::libtorch
