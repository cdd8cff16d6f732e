#include "engine/onnxruntime/ort_session.h"

#include <utility>

#include "engine/onnxruntime/ort_profile.h"
#include "engine/plugin/input_shape.h"

namespace ridgeline::ort {

namespace {

/// Type of an input or output; unknown dimensions are kUnknownDim.
Result<ValueInfo> value_info(std::string name, const Ort::TypeInfo& type) {
  if (type.GetONNXType() != ONNX_TYPE_TENSOR) {
    return unsupported("'{}' is a sequence, map or optional; only tensors pass", name);
  }
  const auto tensor = type.GetTensorTypeAndShapeInfo();
  const auto dtype = dtype_from(tensor.GetElementType());
  if (!dtype)
    return unsupported("'{}' has ONNX element type {}, which does not pass", name,
                       static_cast<int>(tensor.GetElementType()));
  return ValueInfo{.name = std::move(name), .type = {*dtype, Shape(tensor.GetShape())}, .dim_names = {}};
}

std::vector<const char*> names_of(const std::vector<ValueInfo>& values) {
  std::vector<const char*> names;
  names.reserve(values.size());
  for (const ValueInfo& value : values) names.push_back(value.name.c_str());
  return names;
}

}  // namespace

Result<std::unique_ptr<Session>> OrtSession::create(std::shared_ptr<const Ort::Env> env,
                                                    const plugin::Model& model, const SessionOptions& options,
                                                    Flavor flavor, Membership library) {
  std::unique_ptr<OrtSession> session(
      new OrtSession(std::move(env), model, options, flavor, std::move(library)));
  RETURN_IF_ERROR(guarded([&] { return session->read_signature(); }));
  RETURN_IF_ERROR(session->prepare_outputs());
  return std::unique_ptr<Session>(std::move(session));
}

Status OrtSession::read_signature() {
  Ort::AllocatorWithDefaultOptions allocator;
  const Ort::Session& session = library_->first();
  for (size_t i = 0; i < session.GetInputCount(); ++i) {
    const std::string name = session.GetInputNameAllocated(i, allocator).get();
    ASSIGN_OR_RETURN(ValueInfo info, value_info(name, session.GetInputTypeInfo(i)));
    ASSIGN_OR_RETURN(info.type.shape, plugin::shape_to_compile(info, options_));
    signature_.inputs.push_back(std::move(info));
  }
  for (size_t i = 0; i < session.GetOutputCount(); ++i) {
    ASSIGN_OR_RETURN(ValueInfo info, output_info(i));
    signature_.outputs.push_back(std::move(info));
  }
  input_names_ = names_of(signature_.inputs);
  output_names_ = names_of(signature_.outputs);
  return {};
}

Result<ValueInfo> OrtSession::output_info(size_t index) const {
  Ort::AllocatorWithDefaultOptions allocator;
  const Ort::Session& session = library_->first();
  const Ort::TypeInfo type = session.GetOutputTypeInfo(index);
  ASSIGN_OR_RETURN(ValueInfo info, value_info(session.GetOutputNameAllocated(index, allocator).get(), type));
  if (info.type.shape->rank() == 0) return info;
  std::vector<const char*> names(info.type.shape->rank());
  type.GetTensorTypeAndShapeInfo().GetSymbolicDimensions(names.data(), names.size());
  int64_t& rows = info.type.shape->dims().front();
  const auto size = model_.dimensions.find(names.front());
  if (rows == Shape::kUnknownDim && size != model_.dimensions.end()) rows = size->second;
  return info;
}

Status OrtSession::prepare_outputs() {
  for (size_t i = 0; i < signature_.inputs.size(); ++i) inputs_.emplace_back(nullptr);
  for (const ValueInfo& info : signature_.outputs) {
    Output plan;
    plan.is_static = info.type.shape->is_static();
    if (plan.is_static) {
      ASSIGN_OR_RETURN(plan.own, Tensor::zeros(info.type.dtype, *info.type.shape));
    }
    output_plans_.push_back(std::move(plan));
    outputs_.emplace_back(nullptr);
  }
  return {};
}

void OrtSession::bind(const TensorView& memory, Ort::Value& value) {
  if (value && value.GetTensorMutableRawData() == memory.data) return;
  value = Ort::Value::CreateTensor(memory_info_, memory.data, memory.byte_size(), memory.shape.dims().data(),
                                   memory.shape.rank(), to_ort(memory.dtype));
}

void OrtSession::lend(size_t index, TensorView& out) {
  const Output& plan = output_plans_[index];
  out.dtype = signature_.outputs[index].type.dtype;
  if (plan.is_static) {
    out.shape = plan.own.shape();
    out.data = plan.own.view().data;
    return;
  }
  out.shape = Shape(outputs_[index].GetTensorTypeAndShapeInfo().GetShape());
  out.data = static_cast<std::byte*>(outputs_[index].GetTensorMutableRawData());
}

Status OrtSession::run(std::span<const TensorView> in, std::span<TensorView> out) {
  return guarded([&]() -> Status {
    for (size_t i = 0; i < in.size(); ++i) bind(in[i], inputs_[i]);
    for (size_t i = 0; i < out.size(); ++i) {
      if (!output_plans_[i].is_static) {
        outputs_[i] = Ort::Value(nullptr);
      } else {
        bind(out[i].data != nullptr ? out[i] : output_plans_[i].own.view(), outputs_[i]);
      }
    }
    library_->take()->Run(Ort::RunOptions(nullptr), input_names_.data(), inputs_.data(), inputs_.size(),
                          output_names_.data(), outputs_.data(), outputs_.size());
    for (size_t i = 0; i < out.size(); ++i) {
      if (out[i].data == nullptr) lend(i, out[i]);
    }
    return {};
  });
}

Result<std::vector<OpTime>> OrtSession::profile(std::span<const TensorView> in, int iterations) {
  ASSIGN_OR_RETURN(Ort::SessionOptions session_options, make_session_options(model_, options_, flavor_));
  ASSIGN_OR_RETURN(ProfileFile file, ProfileFile::create());
  return guarded([&]() -> Result<std::vector<OpTime>> {
    session_options.EnableProfiling(file.prefix().c_str());
    ASSIGN_OR_RETURN(Ort::Session profiled, make_session(*env_, model_, session_options));
    for (size_t i = 0; i < in.size(); ++i) bind(in[i], inputs_[i]);
    const int warm_up_runs = 1;
    for (int i = 0; i < warm_up_runs + iterations; ++i) {
      profiled.Run(Ort::RunOptions(nullptr), input_names_.data(), inputs_.data(), inputs_.size(),
                   output_names_.data(), output_names_.size());
    }
    const std::string path = profiled.EndProfilingAllocated(Ort::AllocatorWithDefaultOptions()).get();
    return read_profile(path, warm_up_runs);
  });
}

MemoryUse OrtSession::memory() const {
  MemoryUse use;
  for (const Output& plan : output_plans_) {
    if (!plan.own.empty()) use.arena_bytes += static_cast<int64_t>(plan.own.byte_size());
  }
  return use;
}

}  // namespace ridgeline::ort
