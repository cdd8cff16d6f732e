#include "base/nvml.h"

#include <array>
#include <dlfcn.h>

namespace ridgeline {
namespace {

// The few declarations of nvml.h that are needed; the header is not part of any package we depend on.
struct NvmlMemory {
  unsigned long long total, free, used;
};
using Device = void*;

struct Nvml {
  int (*init)() = nullptr;
  int (*device_count)(unsigned* count) = nullptr;
  int (*device_by_index)(unsigned index, Device* device) = nullptr;
  int (*device_name)(Device device, char* name, unsigned length) = nullptr;
  int (*memory_info)(Device device, NvmlMemory* memory) = nullptr;
  int (*driver_version)(char* version, unsigned length) = nullptr;
  Status status;  ///< why the functions can't be called
};

Status open_nvml(Nvml& nvml) {
  constexpr const char* kLibrary = "libnvidia-ml.so.1";
  void* library = dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return unavailable("no NVIDIA driver here: {} was not found", kLibrary);
  bool complete = true;
  const auto find = [&](const char* name, auto& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    complete = complete && function != nullptr;
  };
  find("nvmlInit_v2", nvml.init);
  find("nvmlDeviceGetCount_v2", nvml.device_count);
  find("nvmlDeviceGetHandleByIndex_v2", nvml.device_by_index);
  find("nvmlDeviceGetName", nvml.device_name);
  find("nvmlDeviceGetMemoryInfo", nvml.memory_info);
  find("nvmlSystemGetDriverVersion", nvml.driver_version);
  if (!complete) return unavailable("the NVIDIA driver is too old: {} lacks functions", kLibrary);
  const int error = nvml.init();
  if (error != 0) return unavailable("the NVIDIA driver does not answer: nvmlInit gave error {}", error);
  return {};
}

const Nvml& nvml() {
  static const Nvml kNvml = [] {
    Nvml opened;
    opened.status = open_nvml(opened);
    return opened;
  }();
  return kNvml;
}

Result<NvmlMemory> memory_of(unsigned index, Device& handle) {
  RETURN_IF_ERROR(nvml().status);
  NvmlMemory memory{};
  int error = nvml().device_by_index(index, &handle);
  if (error == 0) error = nvml().memory_info(handle, &memory);
  if (error != 0) return unavailable("GPU {} does not answer: NVML error {}", index, error);
  return memory;
}

}  // namespace

Result<std::vector<Gpu>> list_gpus() {
  RETURN_IF_ERROR(nvml().status);
  unsigned count = 0;
  if (const int error = nvml().device_count(&count); error != 0) {
    return unavailable("the NVIDIA driver does not count its GPUs: NVML error {}", error);
  }
  std::array<char, 96> text{};
  const bool has_driver = nvml().driver_version(text.data(), text.size()) == 0;
  const std::string driver = has_driver ? text.data() : "unknown";
  std::vector<Gpu> gpus;
  for (unsigned index = 0; index < count; ++index) {
    Device handle = nullptr;
    ASSIGN_OR_RETURN(const NvmlMemory memory, memory_of(index, handle));
    const bool has_name = nvml().device_name(handle, text.data(), text.size()) == 0;
    gpus.push_back({.name = has_name ? text.data() : "unknown",
                    .memory_bytes = static_cast<int64_t>(memory.total),
                    .driver = driver});
  }
  return gpus;
}

std::optional<int64_t> gpu_bytes_in_use(unsigned index) {
  Device handle = nullptr;
  const auto memory = memory_of(index, handle);
  if (!memory.ok()) return std::nullopt;
  return static_cast<int64_t>(memory->used);
}

}  // namespace ridgeline
