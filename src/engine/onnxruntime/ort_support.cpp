#include "engine/onnxruntime/ort_support.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "engine/plugin/codec.h"

namespace ridgeline::ort {

namespace {

constexpr std::array<std::pair<ONNXTensorElementDataType, DType>, 13> kTypes = {{
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT, DType::kF32},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16, DType::kF16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16, DType::kBF16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE, DType::kF64},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8, DType::kI8},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8, DType::kU8},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16, DType::kI16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16, DType::kU16},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32, DType::kI32},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32, DType::kU32},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, DType::kI64},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64, DType::kU64},
    {ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL, DType::kBool},
}};

/// Puts the GPU provider of `flavor` before the CPU's; throws Ort::Exception.
void append_gpu(Ort::SessionOptions& session_options, Flavor flavor, int device, Precision precision) {
  if (flavor == Flavor::kTensorRt) {
    OrtTensorRTProviderOptions tensorrt{};
    tensorrt.device_id = device;
    tensorrt.trt_max_partition_iterations = 1000;
    tensorrt.trt_min_subgraph_size = 1;
    tensorrt.trt_max_workspace_size = size_t{1} << 30;
    tensorrt.trt_fp16_enable = precision == Precision::kFp16 ? 1 : 0;
    session_options.AppendExecutionProvider_TensorRT(tensorrt);
  }
  OrtCUDAProviderOptions cuda;
  cuda.device_id = device;
  session_options.AppendExecutionProvider_CUDA(cuda);
}

}  // namespace

std::optional<DType> dtype_from(ONNXTensorElementDataType type) {
  for (const auto& [theirs, ours] : kTypes) {
    if (theirs == type) return ours;
  }
  return std::nullopt;
}

ONNXTensorElementDataType to_ort(DType dtype) {
  for (const auto& [theirs, ours] : kTypes) {
    if (ours == dtype) return theirs;
  }
  return ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

Status to_status(const Ort::Exception& error) {
  const std::string message = plugin::one_line(error.what());
  if (message.find("bad_alloc") != std::string::npos ||
      message.find("Failed to allocate memory") != std::string::npos) {
    return {ErrorCode::kOutOfMemory, message};
  }
  switch (error.GetOrtErrorCode()) {
    case ORT_INVALID_ARGUMENT:
    case ORT_INVALID_PROTOBUF:
    case ORT_INVALID_GRAPH:
    case ORT_NO_MODEL:
    case ORT_NO_SUCHFILE:
      return {ErrorCode::kInvalidArgument, message};
    case ORT_NOT_IMPLEMENTED:
      return {ErrorCode::kUnsupported, message};
    default:
      return {ErrorCode::kInternal, message};
  }
}

Result<Ort::SessionOptions> make_session_options(const plugin::Model& model, const SessionOptions& options,
                                                 Flavor flavor) {
  return guarded([&]() -> Result<Ort::SessionOptions> {
    Ort::SessionOptions session_options;
    session_options.SetIntraOpNumThreads(options.threads);
    session_options.SetInterOpNumThreads(1);
    session_options.SetExecutionMode(ORT_SEQUENTIAL);
    session_options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
    for (const auto& [name, size] : model.dimensions) {
      Ort::ThrowOnError(Ort::GetApi().AddFreeDimensionOverrideByName(session_options, name.c_str(), size));
    }
    if (const auto device = cuda_index(options.device)) {
      append_gpu(session_options, flavor, *device, options.precision);
    }
    return session_options;
  });
}

std::optional<int> cuda_index(const std::string& device) {
  constexpr std::string_view kPrefix = "cuda:";
  if (!device.starts_with(kPrefix)) return std::nullopt;
  int index = 0;
  const char* end = device.data() + device.size();
  const auto [parsed_to, error] = std::from_chars(device.data() + kPrefix.size(), end, index);
  if (error != std::errc() || parsed_to != end || index < 0) return std::nullopt;
  return index;
}

Status probe_gpu(Flavor flavor) {
  return guarded([&]() -> Status {
    const std::string wanted =
        flavor == Flavor::kTensorRt ? "TensorrtExecutionProvider" : "CUDAExecutionProvider";
    const std::vector<std::string> present = Ort::GetAvailableProviders();
    if (std::find(present.begin(), present.end(), wanted) == present.end()) {
      return unavailable(
          "this build of ONNX Runtime has no {}: point ONNX Runtime's CMake paths at its GPU build", wanted);
    }
    Ort::SessionOptions session_options;
    append_gpu(session_options, flavor, 0, Precision::kFp32);
    return {};
  });
}

Result<Ort::Session> make_session(const Ort::Env& env, const plugin::Model& model,
                                  const Ort::SessionOptions& options) {
  return guarded([&]() -> Result<Ort::Session> {
    if (model.has_external_data) return Ort::Session(env, model.path.c_str(), options);
    return Ort::Session(env, model.bytes.data(), model.bytes.size(), options);
  });
}

}  // namespace ridgeline::ort
