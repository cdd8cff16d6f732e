#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/cpu_features.h"
#include "base/json.h"
#include "base/nvml.h"
#include "base/version.h"
#include "cli/device_text.h"
#include "cli/verbs.h"
#include "engine/plugin/codec.h"
#include "engine/registry.h"
#include "kernels/probes/description.h"
#include "kernels/probes/measure.h"

namespace ridgeline::cli {

namespace {

struct EngineState {
  std::string name;
  std::string version;
  Capabilities capabilities;
};

/// What this machine can run models with; an error stands where something could not be found out.
struct Diagnosis {
  std::vector<EngineState> engines;
  std::string cpu;
  CpuFeatures features;
  int threads = 1;
  Result<std::vector<Gpu>> gpus = std::vector<Gpu>();
  Result<MeasuredPeaks> peaks = MeasuredPeaks();
};

Result<Diagnosis> diagnose(const CancelToken& cancel) {
  Diagnosis diagnosis;
  const EngineRegistry registry;
  for (const auto& engine : registry.engines()) {
    diagnosis.engines.push_back({std::string(engine->name()), engine->version(), engine->probe()});
  }
  diagnosis.cpu = kernels::describe_cpu();
  ASSIGN_OR_RETURN(diagnosis.features, usable_cpu_features());
  diagnosis.threads = allowed_cpus();
  diagnosis.gpus = list_gpus();
  diagnosis.peaks = kernels::cached_peaks(
      {.cpu = diagnosis.features, .threads = diagnosis.threads, .cancel = cancel}, /*again=*/false);
  return diagnosis;
}

Json to_json(const Diagnosis& diagnosis) {
  Json engines = Json::array();
  for (const EngineState& engine : diagnosis.engines) {
    Json entry = {{"name", engine.name}, {"version", engine.version}};
    entry.update(plugin::to_json(engine.capabilities));
    engines.push_back(std::move(entry));
  }
  Json gpus = Json::array();
  if (diagnosis.gpus.ok()) {
    for (const Gpu& gpu : *diagnosis.gpus) {
      gpus.push_back({{"name", gpu.name}, {"memory_bytes", gpu.memory_bytes}, {"driver", gpu.driver}});
    }
  }
  Json document = {{"version", kVersion},
                   {"engines", std::move(engines)},
                   {"cpu",
                    {{"name", diagnosis.cpu},
                     {"features", diagnosis.features.to_string()},
                     {"threads", diagnosis.threads}}},
                   {"gpus", std::move(gpus)},
                   {"gpu_reason", diagnosis.gpus.status().message()},
                   {"peaks", nullptr},
                   {"peaks_reason", diagnosis.peaks.status().message()}};
  if (diagnosis.peaks.ok()) document["peaks"] = ridgeline::to_json(*diagnosis.peaks);
  return document;
}

void print_engine(const EngineState& engine) {
  const Capabilities& capabilities = engine.capabilities;
  if (!capabilities.available) {
    fmt::print("  {:<21}not here: {}\n", engine.name, capabilities.reason);
    return;
  }
  fmt::print("  {:<21}{}\n", engine.name, engine.version);
  for (const DeviceSupport& device : capabilities.devices) {
    std::vector<std::string_view> precisions;
    precisions.reserve(device.precisions.size());
    for (const Precision precision : device.precisions) precisions.push_back(name_of(precision));
    fmt::print(
        "    {:<8}{}\n", device.device,
        device.available ? fmt::format("{}", fmt::join(precisions, " ")) : "not here: " + device.reason);
  }
}

void print_gpus(const Result<std::vector<Gpu>>& gpus) {
  if (!gpus.ok() || gpus->empty()) {
    fmt::print("  none: {}\n", gpus.ok() ? "the NVIDIA driver sees no GPU" : gpus.status().message());
    return;
  }
  for (size_t index = 0; index < gpus->size(); ++index) {
    const Gpu& gpu = (*gpus)[index];
    fmt::print("  cuda:{}  {}, {:.1f} GiB, driver {}\n", index, gpu.name,
               static_cast<double>(gpu.memory_bytes) / (1 << 30), gpu.driver);
  }
}

void print_table(const Diagnosis& diagnosis) {
  fmt::print("Engines\n");
  for (const EngineState& engine : diagnosis.engines) print_engine(engine);
  fmt::print("\nCPU\n  {}\n  features: {}\n  threads: {}\n", diagnosis.cpu, diagnosis.features.to_string(),
             diagnosis.threads);
  fmt::print("\nGPU\n");
  print_gpus(diagnosis.gpus);
  fmt::print("\nMeasured peaks (1 MAC = 2 FLOPs)\n");
  if (diagnosis.peaks.ok())
    fmt::print("{}", peaks_text(*diagnosis.peaks));
  else
    fmt::print("  not measured: {}\n", diagnosis.peaks.status().message());
}

}  // namespace

Action configure_doctor(CLI::App& app, const Environment& environment) {
  const CLI::Option* json = add_json_flag(app);
  return [json, cancel = environment.cancel]() -> Result<int> {
    ASSIGN_OR_RETURN(const Diagnosis diagnosis, diagnose(cancel));
    if (cancel.requested()) return cancelled("doctor was stopped");
    if (json->count() > 0)
      fmt::print("{}\n", to_json(diagnosis).dump());
    else
      print_table(diagnosis);
    return 0;
  };
}

}  // namespace ridgeline::cli
