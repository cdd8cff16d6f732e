#include "engine/null/null_engine.h"

#include <algorithm>
#include <utility>

#include "base/version.h"
#include "engine/call_check.h"
#include "engine/signature.h"

namespace ridgeline {
namespace {

class NullSession : public Session {
 public:
  NullSession(Signature signature, std::vector<Tensor> outputs)
      : signature_(std::move(signature)), outputs_(std::move(outputs)) {}

  const Signature& signature() const override { return signature_; }

  Status run(std::span<const TensorView> in, std::span<TensorView> out) override {
    RETURN_IF_ERROR(check_call(signature_, in, out));
    for (size_t i = 0; i < outputs_.size(); ++i) {
      if (out[i].data == nullptr)
        out[i] = outputs_[i].view();
      else
        std::fill_n(out[i].data, outputs_[i].byte_size(), std::byte{0});
    }
    return {};
  }

  Result<std::vector<OpTime>> profile(std::span<const TensorView>, int) override {
    return unsupported("null runs no operators that could be profiled");
  }

  MemoryUse memory() const override { return {}; }

 private:
  Signature signature_;
  std::vector<Tensor> outputs_;
};

Result<Signature> signature_of(const Graph& graph, const SessionOptions& options) {
  if (options.device != "cpu") return unsupported("null has no device '{}'", options.device);
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph, options.input_shapes));
  return static_signature(graph, types);
}

class NullEngine : public Engine {
 public:
  std::string_view name() const override { return "null"; }
  std::string version() const override { return std::string(kVersion); }

  Capabilities probe() const override {
    return {.available = true,
            .reason = "",
            .devices = {{"cpu",
                         true,
                         "",
                         {Precision::kFp32, Precision::kFp16, Precision::kBf16, Precision::kBf16x3,
                          Precision::kInt8}}}};
  }

  Status supports(const Graph& graph, const SessionOptions& options) const override {
    return signature_of(graph, options).status();
  }

  Result<std::unique_ptr<Session>> compile(const Graph& graph, const SessionOptions& options) const override {
    ASSIGN_OR_RETURN(Signature signature, signature_of(graph, options));
    std::vector<Tensor> outputs;
    for (const ValueInfo& output : signature.outputs) {
      ASSIGN_OR_RETURN(Tensor zeros, Tensor::zeros(output.type.dtype, *output.type.shape));
      outputs.push_back(std::move(zeros));
    }
    return std::unique_ptr<Session>(std::make_unique<NullSession>(std::move(signature), std::move(outputs)));
  }
};

}  // namespace

std::unique_ptr<Engine> make_null_engine() { return std::make_unique<NullEngine>(); }

}  // namespace ridgeline
