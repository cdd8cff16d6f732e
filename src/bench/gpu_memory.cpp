#include "bench/gpu_memory.h"

#include <charconv>
#include <dlfcn.h>

namespace ridgeline::bench {
namespace {

// The few declarations of nvml.h that are needed; the header is not part of any package we depend on.
struct NvmlMemory {
  unsigned long long total, free, used;
};
using Device = void*;

struct Nvml {
  int (*init)() = nullptr;
  int (*device_by_index)(unsigned index, Device* device) = nullptr;
  int (*memory_info)(Device device, NvmlMemory* memory) = nullptr;
  bool ready = false;
};

Nvml open_nvml() {
  Nvml nvml;
  void* library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nvml;
  const auto find = [&](const char* name, auto& function) {
    function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
    return function != nullptr;
  };
  nvml.ready = find("nvmlInit_v2", nvml.init) &&
               find("nvmlDeviceGetHandleByIndex_v2", nvml.device_by_index) &&
               find("nvmlDeviceGetMemoryInfo", nvml.memory_info) && nvml.init() == 0;
  return nvml;
}

}  // namespace

std::optional<int64_t> gpu_bytes_in_use(std::string_view device) {
  constexpr std::string_view kPrefix = "cuda:";
  if (!device.starts_with(kPrefix)) return std::nullopt;
  unsigned index = 0;
  const std::string_view number = device.substr(kPrefix.size());
  std::from_chars(number.data(), number.data() + number.size(), index);
  static const Nvml nvml = open_nvml();
  Device handle = nullptr;
  NvmlMemory memory{};
  if (!nvml.ready || nvml.device_by_index(index, &handle) != 0 || nvml.memory_info(handle, &memory) != 0)
    return std::nullopt;
  return static_cast<int64_t>(memory.used);
}

}  // namespace ridgeline::bench
