#include "bench/gpu.h"

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
  int (*name)(Device device, char* text, unsigned size) = nullptr;
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
               find("nvmlDeviceGetMemoryInfo", nvml.memory_info) && find("nvmlDeviceGetName", nvml.name) &&
               nvml.init() == 0;
  return nvml;
}

const Nvml& nvml() {
  static const Nvml kNvml = open_nvml();
  return kNvml;
}

/// Null when `device` is no GPU that the driver knows.
Device handle_of(std::string_view device) {
  constexpr std::string_view kPrefix = "cuda:";
  if (!device.starts_with(kPrefix) || !nvml().ready) return nullptr;
  unsigned index = 0;
  const std::string_view number = device.substr(kPrefix.size());
  std::from_chars(number.data(), number.data() + number.size(), index);
  Device handle = nullptr;
  return nvml().device_by_index(index, &handle) == 0 ? handle : nullptr;
}

}  // namespace

std::optional<int64_t> gpu_bytes_in_use(std::string_view device) {
  const Device handle = handle_of(device);
  NvmlMemory memory{};
  if (handle == nullptr || nvml().memory_info(handle, &memory) != 0) return std::nullopt;
  return static_cast<int64_t>(memory.used);
}

std::optional<std::string> gpu_name(std::string_view device) {
  const Device handle = handle_of(device);
  char text[128] = {};
  if (handle == nullptr || nvml().name(handle, text, sizeof text) != 0) return std::nullopt;
  return std::string(text);
}

}  // namespace ridgeline::bench
