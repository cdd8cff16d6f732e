#include "engine/openvino/ov_session.h"

#include <utility>

#include "engine/openvino/ov_profile.h"

namespace ridgeline::ov_engine {

namespace {

Result<ValueInfo> value_info(const ov::Output<const ov::Node>& port) {
  const std::string name = port.get_any_name();
  const auto dtype = dtype_from(port.get_element_type());
  if (!dtype) {
    return unsupported("'{}' has type {}, which does not pass", name,
                       port.get_element_type().get_type_name());
  }
  return ValueInfo{.name = name, .type = {*dtype, shape_from(port.get_partial_shape())}, .dim_names = {}};
}

ov::Tensor tensor_over(const TensorView& memory) {
  return {to_ov(memory.dtype), ov::Shape(memory.shape.begin(), memory.shape.end()), memory.data};
}

}  // namespace

Result<std::unique_ptr<Session>> OvSession::create(std::shared_ptr<Models> models, const plugin::Model& model,
                                                   const SessionOptions& options) {
  std::unique_ptr<OvSession> session(new OvSession(std::move(models), model, options));
  RETURN_IF_ERROR(guarded(ErrorCode::kInternal, [&] { return session->prepare(); }));
  return std::unique_ptr<Session>(std::move(session));
}

Status OvSession::prepare() {
  ASSIGN_OR_RETURN(ReadModel read, models_->read(model_, options_));
  original_ = std::move(read.original);
  ASSIGN_OR_RETURN(compiled_, compile_model(models_->core(), read.model, options_, /*profiling=*/false));
  request_ = compiled_.create_infer_request();
  for (const auto& port : compiled_.inputs()) {
    ASSIGN_OR_RETURN(ValueInfo info, value_info(port));
    signature_.inputs.push_back(std::move(info));
  }
  for (const auto& port : compiled_.outputs()) {
    ASSIGN_OR_RETURN(ValueInfo info, value_info(port));
    Tensor own;
    if (info.type.shape && info.type.shape->is_static()) {
      ASSIGN_OR_RETURN(own, Tensor::zeros(info.type.dtype, *info.type.shape));
    }
    own_outputs_.push_back(std::move(own));
    signature_.outputs.push_back(std::move(info));
  }
  bound_inputs_.resize(signature_.inputs.size());
  bound_outputs_.resize(signature_.outputs.size());
  return {};
}

void OvSession::lend(size_t index, TensorView& out) {
  if (!own_outputs_[index].empty()) {
    out = own_outputs_[index].view();
    return;
  }
  ov::Tensor result = request_.get_output_tensor(index);
  out.dtype = signature_.outputs[index].type.dtype;
  const ov::Shape& shape = result.get_shape();
  out.shape = Shape(std::vector<int64_t>(shape.begin(), shape.end()));
  out.data = static_cast<std::byte*>(result.data());
}

Status OvSession::run(std::span<const TensorView> in, std::span<TensorView> out) {
  return guarded(ErrorCode::kInternal, [&]() -> Status {
    for (size_t i = 0; i < in.size(); ++i) {
      if (bound_inputs_[i] == in[i].data) continue;
      request_.set_input_tensor(i, tensor_over(in[i]));
      bound_inputs_[i] = in[i].data;
    }
    for (size_t i = 0; i < out.size(); ++i) {
      if (own_outputs_[i].empty()) continue;
      const TensorView memory = out[i].data != nullptr ? out[i] : own_outputs_[i].view();
      if (bound_outputs_[i] == memory.data) continue;
      request_.set_output_tensor(i, tensor_over(memory));
      bound_outputs_[i] = memory.data;
    }
    request_.infer();
    for (size_t i = 0; i < out.size(); ++i) {
      if (out[i].data == nullptr) lend(i, out[i]);
    }
    return {};
  });
}

Result<std::vector<OpTime>> OvSession::profile(std::span<const TensorView> in, int iterations) {
  return guarded(ErrorCode::kInternal, [&]() -> Result<std::vector<OpTime>> {
    ASSIGN_OR_RETURN(const ReadModel read, models_->read(model_, options_));
    ASSIGN_OR_RETURN(ov::CompiledModel compiled,
                     compile_model(models_->core(), read.model, options_, /*profiling=*/true));
    ov::InferRequest request = compiled.create_infer_request();
    for (size_t i = 0; i < in.size(); ++i) request.set_input_tensor(i, tensor_over(in[i]));
    request.infer();
    const ProfileSnapshot warm = {.operators = request.get_profiling_info(), .runs = 1};
    for (int run = 0; run < iterations; ++run) request.infer();
    const ProfileSnapshot all = {.operators = request.get_profiling_info(), .runs = warm.runs + iterations};
    return mean_times(compiled, warm, all);
  });
}

MemoryUse OvSession::memory() const {
  MemoryUse use;
  for (const Tensor& output : own_outputs_) {
    if (!output.empty()) use.arena_bytes += static_cast<int64_t>(output.byte_size());
  }
  return use;
}

}  // namespace ridgeline::ov_engine
