#include "engine/libtorch/torchscript.h"

#include <ATen/Functions.h>
#include <c10/core/InferenceMode.h>
#include <sstream>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include "engine/libtorch/session.h"
#include "engine/plugin/input_shape.h"

namespace ridgeline::libtorch {

namespace {

class TorchscriptSession : public Session {
 public:
  TorchscriptSession(torch::jit::Module module, Placement placement, int threads)
      : module_(std::move(module)), placement_(placement), threads_(threads) {}

  Status learn_signature(const std::vector<ValueInfo>& inputs);
  const Signature& signature() const override { return signature_; }
  Status run(std::span<const TensorView> in, std::span<TensorView> out) override;
  Result<std::vector<OpTime>> profile(std::span<const TensorView>, int) override {
    return unsupported("TorchScript modules run whole: LibTorch's interpreter is not timed by op here");
  }
  MemoryUse memory() const override;

 private:
  Result<std::vector<at::Tensor>> forward(std::vector<at::Tensor> inputs);

  torch::jit::Module module_;
  Placement placement_;
  Signature signature_;
  std::vector<at::Tensor> kept_;
  int threads_;
};

Result<std::vector<at::Tensor>> tensors_of(const c10::IValue& value) {
  std::vector<at::Tensor> tensors;
  if (value.isTensor()) return std::vector<at::Tensor>{value.toTensor()};
  if (value.isTensorList()) return value.toTensorVector();
  if (!value.isTuple())
    return unsupported("forward() gives a {}: tensors and tuples of tensors are read", value.tagKind());
  for (const c10::IValue& element : value.toTupleRef().elements()) {
    if (!element.isTensor()) return unsupported("forward() gives a tuple that holds a {}", element.tagKind());
    tensors.push_back(element.toTensor());
  }
  return tensors;
}

Result<std::vector<at::Tensor>> TorchscriptSession::forward(std::vector<at::Tensor> inputs) {
  try {
    std::vector<c10::IValue> stack;
    for (at::Tensor& input : inputs) stack.emplace_back(input.to(placement_.device, placement_.float_type));
    return tensors_of(module_.forward(std::move(stack)));
  } catch (const std::exception& error) {
    return status_of(error).with_context("TorchScript forward()");
  }
}

Status TorchscriptSession::learn_signature(const std::vector<ValueInfo>& inputs) {
  const c10::InferenceMode inference;
  use_threads(threads_);
  std::vector<at::Tensor> zeros;
  for (const ValueInfo& input : inputs) zeros.push_back(at::zeros(input.type.shape->dims()));
  ASSIGN_OR_RETURN(const std::vector<at::Tensor> results, forward(std::move(zeros)));
  signature_.inputs = inputs;
  for (size_t i = 0; i < results.size(); ++i) {
    const bool is_float = at::isFloatingType(results[i].scalar_type());
    const auto dtype = dtype_of(results[i].scalar_type());
    if (!dtype) return unsupported("forward() gives elements of a type that has no name here");
    signature_.outputs.push_back(
        {.name = "output_" + std::to_string(i),
         .type = {.dtype = is_float ? DType::kF32 : *dtype, .shape = Shape(results[i].sizes().vec())},
         .dim_names = {}});
  }
  kept_.resize(results.size());
  return {};
}

Status TorchscriptSession::run(std::span<const TensorView> in, std::span<TensorView> out) {
  const c10::InferenceMode inference;
  use_threads(threads_);
  std::vector<at::Tensor> inputs;
  for (const TensorView& view : in) inputs.push_back(borrow(view));
  ASSIGN_OR_RETURN(const std::vector<at::Tensor> results, forward(std::move(inputs)));
  for (size_t i = 0; i < out.size(); ++i) {
    const ValueInfo& output = signature_.outputs[i];
    RETURN_IF_ERROR(hand_over(results[i], output.type.dtype, kept_[i], out[i]));
  }
  return {};
}

MemoryUse TorchscriptSession::memory() const {
  MemoryUse use;
  for (const at::Tensor& parameter : module_.parameters())
    use.weights_bytes += static_cast<int64_t>(parameter.nbytes());
  for (const at::Tensor& buffer : module_.buffers())
    use.weights_bytes += static_cast<int64_t>(buffer.nbytes());
  return use;
}

/// What the caller calls an argument: by its own name, or by one that ends in "__" and its position.
std::string name_of(const std::string& argument, size_t position, const SessionOptions& options) {
  if (options.input_shapes.contains(argument)) return argument;
  const std::string suffix = "__" + std::to_string(position);
  for (const auto& [name, shape] : options.input_shapes)
    if (name.ends_with(suffix)) return name;
  return argument;
}

/// forward()'s arguments without `self` and those that have defaults.
Result<std::vector<ValueInfo>> inputs_of(const torch::jit::Module& module, const SessionOptions& options) {
  std::vector<ValueInfo> inputs;
  const auto& arguments = module.get_method("forward").function().getSchema().arguments();
  for (size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i].default_value()) break;
    inputs.push_back({.name = name_of(arguments[i].name(), i - 1, options), .type = {}, .dim_names = {}});
  }
  for (ValueInfo& input : inputs) {
    ASSIGN_OR_RETURN(input.type.shape, plugin::shape_to_compile(input, options));
  }
  return inputs;
}

}  // namespace

bool is_torchscript(std::string_view bytes) { return bytes.starts_with("PK\x03\x04"); }

Result<std::unique_ptr<Session>> compile_torchscript(const plugin::Model& model,
                                                     const SessionOptions& options,
                                                     const Placement& placement) {
  try {
    std::istringstream file{std::string(model.bytes)};
    torch::jit::Module module = torch::jit::load(file, placement.device);
    module.eval();
    if (placement.float_type != at::kFloat) module.to(placement.float_type);
    ASSIGN_OR_RETURN(const std::vector<ValueInfo> inputs, inputs_of(module, options));
    auto session = std::make_unique<TorchscriptSession>(std::move(module), placement, options.threads);
    RETURN_IF_ERROR(session->learn_signature(inputs));
    return std::unique_ptr<Session>(std::move(session));
  } catch (const std::exception& error) {
    return invalid_argument("{}: not a TorchScript file that LibTorch reads: {}", model.path,
                            status_of(error).message());
  }
}

}  // namespace ridgeline::libtorch
