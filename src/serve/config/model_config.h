#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "serve/config/scheduling_config.h"
#include "tensor/dtype.h"

namespace ridgeline::serve {

/// A tensor as clients see it. `dims` has no batch axis where the model has a max_batch_size; -1 stands for
/// any size. `reshape` is the shape that the model itself sees, where it differs; empty for a scalar.
struct TensorConfig {
  std::string name;
  std::optional<DType> datatype;  ///< none where the configuration does not say
  std::vector<int64_t> dims;
  std::optional<std::vector<int64_t>> reshape;
  bool operator==(const TensorConfig&) const = default;
};

enum class InputFormat { kNone, kNhwc, kNchw };

struct InputConfig : TensorConfig {
  InputFormat format = InputFormat::kNone;
  bool allow_ragged_batch = false;
  bool optional = false;
  bool operator==(const InputConfig&) const = default;
};

struct OutputConfig : TensorConfig {
  std::string label_filename;  ///< in the model's folder, one label a line
  bool operator==(const OutputConfig&) const = default;
};

struct LatestVersions {
  uint32_t count = 1;
  bool operator==(const LatestVersions&) const = default;
};
struct AllVersions {
  bool operator==(const AllVersions&) const = default;
};
struct SpecificVersions {
  std::vector<int64_t> versions;
  bool operator==(const SpecificVersions&) const = default;
};
using VersionPolicy = std::variant<LatestVersions, AllVersions, SpecificVersions>;

enum class InstanceKind { kAuto, kGpu, kCpu, kModel };

struct RateLimit {
  struct Resource {
    std::string name;
    bool global = false;
    uint32_t count = 0;
    bool operator==(const Resource&) const = default;
  };
  std::vector<Resource> resources;
  uint32_t priority = 0;
  bool operator==(const RateLimit&) const = default;
};

struct InstanceGroup {
  std::string name;
  InstanceKind kind = InstanceKind::kAuto;
  int32_t count = 0;  ///< per GPU of `gpus`, or in all; 0 until defaults are filled in
  std::vector<int32_t> gpus;
  std::optional<RateLimit> rate_limit;
  bool passive = false;
  std::string host_policy;
  bool operator==(const InstanceGroup&) const = default;
};

enum class WarmupData { kUnsaid, kZero, kRandom, kFile };

struct WarmupInput {
  std::optional<DType> datatype;
  std::vector<int64_t> dims;
  WarmupData data = WarmupData::kUnsaid;
  std::string file;  ///< under <model>/warmup, for kFile
  bool operator==(const WarmupInput&) const = default;
};

struct Warmup {
  std::string name;
  uint32_t batch_size = 0;
  std::map<std::string, WarmupInput> inputs;
  uint32_t count = 0;
  bool operator==(const Warmup&) const = default;
};

/// Buckets that replace a histogram's own.
struct MetricControl {
  std::string family;
  std::optional<std::vector<double>> buckets;
  bool operator==(const MetricControl&) const = default;
};

/// A model's configuration: what config.pbtxt says, and after completion what is served. Plain data.
struct ModelConfig {
  std::string name;
  std::string platform;
  std::string backend;
  std::optional<VersionPolicy> version_policy;  ///< none: the latest one
  int32_t max_batch_size = 0;                   ///< 0: the model has no batch axis
  std::vector<InputConfig> inputs;
  std::vector<OutputConfig> outputs;
  Scheduling scheduling;
  std::vector<InstanceGroup> instance_groups;
  std::string default_model_filename;
  std::map<std::string, std::string> metric_tags;
  std::map<std::string, std::string> parameters;
  std::vector<Warmup> warmups;
  std::optional<bool> decoupled;
  std::optional<bool> response_cache;
  std::optional<std::vector<MetricControl>> metric_controls;
  /// The fields that field_rules.h warns of, in the protocol's wire form: shown back by config_json, and read
  /// by nothing else.
  std::string carried;

  /// As metadata names what runs the model.
  const std::string& shown_platform() const { return platform.empty() ? backend : platform; }
  bool is_ensemble() const { return std::holds_alternative<Ensemble>(scheduling); }
  bool operator==(const ModelConfig&) const = default;
};

}  // namespace ridgeline::serve
