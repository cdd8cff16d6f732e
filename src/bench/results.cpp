#include "bench/results.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <stdexcept>

#include "base/text.h"

namespace ridgeline::bench {
namespace {

constexpr std::array<std::string_view, 7> kStatusNames = {"OK",      "SKIPPED", "UNSUPPORTED", "FAILED",
                                                          "TIMEOUT", "OOM",     "MISMATCH"};

/// Calls visit(key, member) for every field in the order of the columns: the one list of a cell's keys.
template <typename CellType, typename Visit>
void for_each_field(CellType& cell, Visit visit) {
  visit("model", cell.model);
  visit("engine", cell.engine);
  visit("precision", cell.precision);
  visit("device", cell.device);
  visit("data", cell.data);
  visit("batch", cell.batch);
  visit("channels", cell.channels);
  visit("height", cell.height);
  visit("width", cell.width);
  visit("threads", cell.threads);
  visit("status", cell.status);
  visit("reason", cell.reason);
  visit("mean_ms", cell.mean_ms);
  visit("std_ms", cell.std_ms);
  visit("min_ms", cell.min_ms);
  visit("p50_ms", cell.p50_ms);
  visit("p90_ms", cell.p90_ms);
  visit("p99_ms", cell.p99_ms);
  visit("fps", cell.fps);
  visit("ms_per_image", cell.ms_per_image);
  visit("speedup", cell.speedup);
  visit("speedup_low", cell.speedup_low);
  visit("speedup_high", cell.speedup_high);
  visit("flops", cell.flops);
  visit("bytes", cell.bytes);
  visit("bound", cell.bound);
  visit("noisy", cell.noisy);
  visit("data_ms", cell.data_ms);
  visit("tflops", cell.tflops);
  visit("measured_peak_pct", cell.measured_peak_pct);
  visit("published_peak_pct", cell.published_peak_pct);
  visit("cpu_memory_mb", cell.cpu_memory_mb);
  visit("gpu_memory_mb", cell.gpu_memory_mb);
  visit("compile_ms", cell.compile_ms);
  visit("first_ms", cell.first_ms);
  visit("load_ms", cell.load_ms);
  visit("max_abs_diff", cell.max_abs_diff);
  visit("cosine", cell.cosine);
  visit("top1_agreement", cell.top1_agreement);
}

template <typename T>
Json field_to_json(const T& value) {
  return value;
}
Json field_to_json(const CellStatus& status) { return name_of(status); }
Json field_to_json(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

template <typename T>
void field_from_json(const Json& json, T& value) {
  value = json.get<T>();
}
void field_from_json(const Json& json, std::optional<double>& value) {
  value = json.is_null() ? std::nullopt : std::optional(json.get<double>());
}
void field_from_json(const Json& json, CellStatus& status) {
  const auto name = json.get<std::string>();
  const auto found = std::find(kStatusNames.begin(), kStatusNames.end(), name);
  if (found == kStatusNames.end()) throw std::invalid_argument("unknown status " + name);
  status = static_cast<CellStatus>(found - kStatusNames.begin());
}

std::string field_to_csv(const std::string& text) { return csv_quoted(text); }
std::string field_to_csv(const CellStatus& status) { return std::string(name_of(status)); }
std::string field_to_csv(const bool& flag) { return flag ? "true" : "false"; }
std::string field_to_csv(const int& number) { return std::to_string(number); }
std::string field_to_csv(const int64_t& number) { return std::to_string(number); }
std::string field_to_csv(const std::optional<double>& number) {
  return number ? fmt::format("{}", *number) : "";
}

Cell cell_from_json(const Json& row) {
  Cell cell;
  for_each_field(cell, [&](const char* key, auto& member) { field_from_json(row.at(key), member); });
  return cell;
}

}  // namespace

std::string_view name_of(CellStatus status) { return kStatusNames[static_cast<size_t>(status)]; }

const std::vector<std::string>& cell_columns() {
  static const std::vector<std::string> kColumns = [] {
    std::vector<std::string> columns;
    const Cell cell;
    for_each_field(cell, [&](const char* key, const auto&) { columns.emplace_back(key); });
    return columns;
  }();
  return kColumns;
}

Json to_json(const Results& results) {
  Json rows = Json::array();
  for (const Cell& cell : results.cells) {
    Json row = Json::object();
    for_each_field(cell, [&](const char* key, const auto& member) { row[key] = field_to_json(member); });
    rows.push_back(std::move(row));
  }
  return {{"context", results.context}, {"cells", std::move(rows)}};
}

Result<Results> results_from_json(const Json& document, std::string_view what) {
  try {
    Results results{document.at("context"), {}};
    for (const Json& row : document.at("cells")) results.cells.push_back(cell_from_json(row));
    return results;
  } catch (const std::exception& error) {
    return invalid_argument("{}: not a race's results ({}); make one with ridgeline bench", what,
                            error.what());
  }
}

std::string race_folder(const std::string& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return path;
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

Result<Results> load_results(const std::string& path) {
  std::error_code error;
  const std::string file = std::filesystem::is_directory(path, error) ? path + "/results.json" : path;
  ASSIGN_OR_RETURN(const Json document, read_json(file));
  return results_from_json(document, file);
}

std::string to_csv(const Results& results) {
  std::string csv = fmt::format("{}\n", fmt::join(cell_columns(), ","));
  for (const Cell& cell : results.cells) {
    std::string line;
    for_each_field(cell, [&](const char*, const auto& member) { line += field_to_csv(member) + ','; });
    line.back() = '\n';
    csv += line;
  }
  return csv;
}

}  // namespace ridgeline::bench
