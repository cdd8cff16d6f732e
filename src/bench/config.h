#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace ridgeline::bench {

struct ImageSize {
  int64_t height = 0;
  int64_t width = 0;

  bool operator==(const ImageSize&) const = default;
};

/// An engine at a precision, written "libtorch:fp32".
struct Contestant {
  std::string engine;
  std::string precision;

  std::string name() const { return engine + ":" + precision; }
  auto operator<=>(const Contestant&) const = default;
};

/// Part `index` (from 1) of `count`; groups are dealt out in turn.
struct Shard {
  size_t index = 1;
  size_t count = 1;
};

/// What to race and how long. Lists hold one entry per value of their axis; "all" stands for every known one.
struct RaceConfig {
  std::string model;  ///< a path
  std::vector<std::string> engines = {"all"};
  std::vector<std::string> precisions = {"all"};
  std::vector<ImageSize> sizes = {{224, 224}};
  std::vector<int64_t> batches = {1};
  std::vector<std::string> devices = {"cpu"};
  std::vector<int> threads = {0};                 ///< 0: as many as this process may use
  std::vector<std::string> data = {"synthetic"};  ///< "synthetic" or a folder of images
  Contestant baseline = {"libtorch", "fp32"};
  int runs = 100;               ///< timed calls per cell
  int warmup = 3;               ///< untimed calls per cell before the first round
  int rounds = 20;              ///< the runs are spread over so many rounds
  double timeout_s = 300;       ///< for each answer of a worker
  int64_t memory_limit_mb = 0;  ///< resident set of a worker; 0: none
  double max_time_s = 0;        ///< of the whole race; 0: none
  uint64_t seed = 1;            ///< of inputs, the order within rounds and the bootstrap
  std::string out = "results";
  bool resume = false;
  Shard shard;
};

/// Sets the fields that `settings` names; keys are the flags' names with '_' for '-' (see kConfigKeys). A
/// list may be a sequence or one string with commas. kInvalidArgument naming `what`, the key and what it
/// takes.
Status apply_settings(const Json& settings, std::string_view what, RaceConfig& config);

/// The parts of a configuration that decide what is measured: two runs may share a journal if these agree.
Json fingerprint(const RaceConfig& config);

/// "224" or "224x320".
Result<ImageSize> parse_size(std::string_view text);
std::string to_string(const ImageSize& size);

}  // namespace ridgeline::bench
