#include "engine/onnxruntime/ort_engine.h"

#include <utility>

#include "engine/onnxruntime/ort_session.h"

namespace ridgeline::ort {

namespace {

/// Messages reach the caller as errors; a library never prints.
void drop_log(void*, OrtLoggingLevel, const char*, const char*, const char*, const char*) {}

Status check_precision(const plugin::Model& model, const SessionOptions& options, Flavor flavor) {
  if (options.precision == model.precision) return {};
  const bool converts_itself = flavor == Flavor::kTensorRt && options.precision == Precision::kFp16 &&
                               model.precision == Precision::kFp32;
  if (converts_itself) return {};
  if (options.precision == Precision::kInt8) {
    return unsupported("int8 needs a quantized model (QuantizeLinear/DequantizeLinear); this one is {}",
                       name_of(model.precision));
  }
  return unsupported("the model's weights are {} and ONNX Runtime runs them as they are on {}, not in {}",
                     name_of(model.precision), options.device, name_of(options.precision));
}

}  // namespace

OrtEngine::OrtEngine(const char* name, Flavor flavor) : name_(name), flavor_(flavor) {
  const OrtApi* api = OrtGetApiBase()->GetApi(ORT_API_VERSION);
  if (api == nullptr) return;
  Ort::InitApi(api);
  env_ = std::make_shared<const Ort::Env>(ORT_LOGGING_LEVEL_FATAL, name, drop_log, nullptr);
}

Status OrtEngine::check_library() const {
  if (env_) return {};
  return unavailable(
      "ONNX Runtime {} is older than interface {} that this plugin was built for; install a newer one",
      OrtGetApiBase()->GetVersionString(), ORT_API_VERSION);
}

std::string OrtEngine::version() const { return OrtGetApiBase()->GetVersionString(); }

Capabilities OrtEngine::probe() const {
  if (const Status library = check_library(); !library.ok()) {
    return {.available = false, .reason = library.message(), .devices = {}};
  }
  const Status gpu = probe_gpu(flavor_);
  const std::vector<Precision> gpu_precisions = {Precision::kFp32, Precision::kFp16, Precision::kInt8};
  DeviceSupport cuda = {.device = "cuda:0",
                        .available = gpu.ok(),
                        .reason = gpu.message(),
                        .precisions = gpu.ok() ? gpu_precisions : std::vector<Precision>()};
  if (flavor_ == Flavor::kDefault) cuda.needs_converted = {Precision::kFp16};
  if (flavor_ == Flavor::kTensorRt) {
    return {.available = gpu.ok(), .reason = gpu.message(), .devices = {cuda}};
  }
  const DeviceSupport cpu = {
      .device = "cpu", .available = true, .reason = "", .precisions = {Precision::kFp32, Precision::kInt8}};
  return {.available = true, .reason = "", .devices = {cpu, cuda}};
}

Status OrtEngine::supports(const plugin::Model& model, const SessionOptions& options) const {
  RETURN_IF_ERROR(check_library());
  if (options.threads < 1) return invalid_argument("threads is {}, at least 1 is needed", options.threads);
  if (options.mode == ThreadingMode::kThroughput) {
    return unsupported("ONNX Runtime runs a call on all its threads; it has no throughput mode");
  }
  const bool is_gpu = cuda_index(options.device).has_value();
  if (!is_gpu && options.device != "cpu")
    return unsupported("no device '{}'; cpu and cuda:N are", options.device);
  if (!is_gpu && flavor_ == Flavor::kTensorRt) return unsupported("TensorRT runs on cuda:N, not on the CPU");
  RETURN_IF_ERROR(check_precision(model, options, flavor_));
  return is_gpu ? probe_gpu(flavor_) : Status();
}

Result<std::unique_ptr<Session>> OrtEngine::compile(const plugin::Model& model,
                                                    const SessionOptions& options) const {
  RETURN_IF_ERROR(supports(model, options));
  ASSIGN_OR_RETURN(Membership library, shared_.join(*env_, model, options, flavor_));
  return OrtSession::create(env_, model, options, flavor_, std::move(library));
}

}  // namespace ridgeline::ort
