#include "engine/libtorch/device.h"

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <charconv>
#include <dlfcn.h>
#include <filesystem>

#include "engine/libtorch/values.h"

namespace ridgeline::libtorch {

namespace {

/// The folder of the LibTorch that this plugin has been linked to.
std::filesystem::path libtorch_folder() {
  Dl_info info{};
  const bool found = dladdr(reinterpret_cast<const void*>(&at::globalContext), &info) != 0;
  return found ? std::filesystem::path(info.dli_fname).parent_path() : std::filesystem::path();
}

/// Registers ATen's CUDA kernels. They stay open: ATen has no way to forget them.
Status open_cuda_half() {
  if (dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL) == nullptr) {
    return unavailable("no NVIDIA driver: libcuda.so.1 can't be opened");
  }
  const std::filesystem::path library = libtorch_folder() / "libtorch_cuda.so";
  if (!std::filesystem::exists(library))
    return unavailable("this LibTorch has no CUDA half: libtorch_cuda.so is not beside libtorch_cpu.so");
  if (dlopen(library.c_str(), RTLD_NOW | RTLD_GLOBAL) == nullptr)
    return unavailable("LibTorch's CUDA half can't be opened: {}", dlerror());
  const auto linear_algebra = libtorch_folder() / "libtorch_cuda_linalg.so";
  if (std::filesystem::exists(linear_algebra)) dlopen(linear_algebra.c_str(), RTLD_NOW | RTLD_GLOBAL);
  return {};
}

/// GPUs that CUDA sees, or the reason why there is none.
Result<int> cuda_devices() {
  static const Status kOpened = open_cuda_half();
  RETURN_IF_ERROR(kOpened);
  const auto count = static_cast<int>(at::getNumGPUs());
  if (count == 0) return unavailable("CUDA sees no GPU");
  return count;
}

/// ATen has the kernels of a convolutional net in a type if a small convolution runs.
bool computes_in(at::ScalarType type, const at::Device& device) {
  try {
    const auto options = at::TensorOptions().dtype(type).device(device);
    const at::Tensor image = at::ones({1, 4, 8, 8}, options);
    const at::Tensor weights = at::ones({4, 4, 3, 3}, options);
    const at::Tensor features = at::relu(at::conv2d(image, weights, {}, {1, 1}, {1, 1}));
    return at::mm(features.flatten(1), at::ones({256, 2}, options)).numel() == 2;
  } catch (const std::exception&) {
    return false;
  }
}

std::vector<Precision> precisions_of(const at::Device& device) {
  std::vector<Precision> precisions;
  for (const Precision precision : {Precision::kFp32, Precision::kBf16, Precision::kFp16}) {
    if (computes_in(*float_type_of(precision), device)) precisions.push_back(precision);
  }
  return precisions;
}

}  // namespace

Result<at::Device> device_from(const std::string& name) {
  if (name == "cpu") return at::Device(at::kCPU);
  int index = -1;
  if (name.starts_with("cuda:")) std::from_chars(name.data() + 5, name.data() + name.size(), index);
  if (index < 0) return invalid_argument("device '{}' is unknown: use cpu or cuda:N", name);
  ASSIGN_OR_RETURN(const int count, cuda_devices());
  if (index >= count) return unavailable("device '{}' is not here: CUDA sees {} GPU(s)", name, count);
  return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(index));
}

Result<at::ScalarType> float_type_of(Precision precision) {
  switch (precision) {
    case Precision::kFp32:
      return at::kFloat;
    case Precision::kBf16:
      return at::kBFloat16;
    case Precision::kFp16:
      return at::kHalf;
    default:
      return unsupported(
          "precision {}: ATen's quantized kernels are not used, libtorch computes in fp32, bf16 and fp16",
          name_of(precision));
  }
}

std::vector<DeviceSupport> probe_devices() {
  std::vector<DeviceSupport> devices{
      {.device = "cpu", .available = true, .reason = "", .precisions = precisions_of(at::kCPU)}};
  const Result<int> count = cuda_devices();
  if (!count.ok()) {
    devices.push_back(
        {.device = "cuda:0", .available = false, .reason = count.status().message(), .precisions = {}});
    return devices;
  }
  for (int i = 0; i < *count; ++i) {
    const at::Device device(at::kCUDA, static_cast<at::DeviceIndex>(i));
    devices.push_back({.device = fmt::format("cuda:{}", i),
                       .available = true,
                       .reason = "",
                       .precisions = precisions_of(device)});
  }
  return devices;
}

}  // namespace ridgeline::libtorch
