#include "bench/matrix.h"

#include <algorithm>
#include <array>

namespace ridgeline::bench {
namespace {

constexpr std::string_view kAll = "all";
constexpr std::array kPrecisions = {Precision::kFp32, Precision::kFp16, Precision::kBf16, Precision::kBf16x3,
                                    Precision::kInt8};

bool is_all(const std::vector<std::string>& list) {
  return std::find(list.begin(), list.end(), kAll) != list.end();
}

const EngineFacts* facts_of(const EngineTable& engines, const std::string& name) {
  for (const auto& [known, facts] : engines)
    if (known == name) return &facts;
  return nullptr;
}

const DeviceSupport* support_of(const EngineFacts& facts, const std::string& device) {
  for (const DeviceSupport& support : facts.capabilities.devices)
    if (support.device == device) return &support;
  return nullptr;
}

/// Whether this contestant can be tried on this device, and if not, why.
PlannedCell judged(const Contestant& contestant, const EngineFacts& facts, const std::string& device) {
  if (!facts.capabilities.available) return {contestant, CellStatus::kSkipped, facts.capabilities.reason};
  const DeviceSupport* support = support_of(facts, device);
  if (support == nullptr)
    return {contestant, CellStatus::kSkipped,
            fmt::format("{} knows no device '{}'", contestant.engine, device)};
  if (!support->available) return {contestant, CellStatus::kSkipped, support->reason};
  const auto precision = precision_from_name(contestant.precision);
  const auto& offered = support->precisions;
  if (std::find(offered.begin(), offered.end(), *precision) == offered.end())
    return {contestant, CellStatus::kUnsupported,
            fmt::format("{} offers no {} on {}", contestant.engine, contestant.precision, device)};
  return {contestant, CellStatus::kOk, ""};
}

std::vector<std::string> chosen_precisions(const RaceConfig& config, const EngineFacts& facts,
                                           const std::string& device) {
  if (!is_all(config.precisions)) return config.precisions;
  std::vector<std::string> names;
  const DeviceSupport* support = support_of(facts, device);
  for (const Precision precision : kPrecisions) {
    const bool offered = support != nullptr &&
                         std::count(support->precisions.begin(), support->precisions.end(), precision) > 0;
    if (offered) names.emplace_back(name_of(precision));
  }
  // One row must tell why an engine or device is not here.
  if (names.empty()) names.emplace_back(name_of(Precision::kFp32));
  return names;
}

std::vector<std::string> chosen_engines(const RaceConfig& config, const EngineTable& engines) {
  if (!is_all(config.engines)) return config.engines;
  std::vector<std::string> names;
  for (const auto& [name, facts] : engines)
    if (name != "null") names.push_back(name);
  return names;
}

Status check_names(const RaceConfig& config, const EngineTable& engines) {
  std::vector<std::string> asked = chosen_engines(config, engines);
  asked.push_back(config.baseline.engine);
  for (const std::string& engine : asked) {
    if (facts_of(engines, engine) != nullptr) continue;
    std::vector<std::string> known;
    for (const auto& [name, facts] : engines) known.push_back(name);
    return invalid_argument("unknown engine '{}'; known are {}", engine, fmt::join(known, ", "));
  }
  std::vector<std::string> precisions = {config.baseline.precision};
  if (!is_all(config.precisions))
    precisions.insert(precisions.end(), config.precisions.begin(), config.precisions.end());
  for (const std::string& precision : precisions)
    if (!precision_from_name(precision))
      return invalid_argument("unknown precision '{}'; known are fp32, fp16, bf16, bf16x3, int8", precision);
  return {};
}

void choose_baseline(const RaceConfig& config, const EngineTable& engines, Matrix& matrix) {
  matrix.baseline = config.baseline;
  const EngineFacts& facts = *facts_of(engines, config.baseline.engine);
  const Contestant fallback = {"native", "fp32"};
  if (facts.capabilities.available || facts_of(engines, fallback.engine) == nullptr) return;
  matrix.baseline = fallback;
  matrix.baseline_note = fmt::format("{} is the baseline instead of {}: {}", fallback.name(),
                                     config.baseline.name(), facts.capabilities.reason);
}

std::vector<PlannedCell> plan_cells(const RaceConfig& config, const EngineTable& engines,
                                    const Contestant& baseline, const std::string& device) {
  std::vector<PlannedCell> cells = {judged(baseline, *facts_of(engines, baseline.engine), device)};
  for (const std::string& engine : chosen_engines(config, engines)) {
    const EngineFacts& facts = *facts_of(engines, engine);
    for (const std::string& precision : chosen_precisions(config, facts, device)) {
      const Contestant contestant = {engine, precision};
      const bool planned = std::any_of(
          cells.begin(), cells.end(), [&](const PlannedCell& cell) { return cell.contestant == contestant; });
      if (!planned) cells.push_back(judged(contestant, facts, device));
    }
  }
  return cells;
}

}  // namespace

std::string GroupKey::name() const {
  return fmt::format("{} batch {} {} {} threads {}", to_string(size), batch, device, threads, data);
}

std::string GroupKey::data_kind() const { return data == "synthetic" ? data : "real"; }

Result<Matrix> plan(const RaceConfig& config, const EngineTable& engines, int available_threads) {
  RETURN_IF_ERROR(check_names(config, engines));
  Matrix matrix;
  choose_baseline(config, engines, matrix);
  std::vector<GroupKey> keys;
  for (const std::string& device : config.devices)
    for (const std::string& data : config.data)
      for (const int threads : config.threads)
        for (const ImageSize& size : config.sizes)
          for (const int64_t batch : config.batches)
            keys.push_back({size, batch, device, threads == 0 ? available_threads : threads, data});
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i % config.shard.count != config.shard.index - 1) continue;
    matrix.groups.push_back({keys[i], plan_cells(config, engines, matrix.baseline, keys[i].device)});
  }
  return matrix;
}

}  // namespace ridgeline::bench
