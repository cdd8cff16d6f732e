#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace ridgeline::bench {

/// How a cell of the race ended. Spelled OK, SKIPPED, … in files.
enum class CellStatus { kOk, kSkipped, kUnsupported, kFailed, kTimeout, kOutOfMemory, kMismatch };
std::string_view name_of(CellStatus status);

/// One row of a race: one model on one engine at one precision, device, size, batch and thread count.
/// Times are per call (a whole batch) unless the name says image; an absent number was not measured.
struct Cell {
  std::string model;
  std::string engine;
  std::string precision;
  std::string device;
  std::string data;  ///< "synthetic" or "real"
  int64_t batch = 0, channels = 0, height = 0, width = 0;
  int threads = 0;

  CellStatus status = CellStatus::kOk;
  std::string reason;  ///< why not OK (for crashes the last lines of stderr), or what an OK row lacks

  std::optional<double> mean_ms, std_ms;  ///< of the 80 % left when 10 % are trimmed at each side
  std::optional<double> min_ms, p50_ms, p90_ms, p99_ms;  ///< of all runs
  std::optional<double> fps;                             ///< batch / mean
  std::optional<double> ms_per_image;                    ///< mean / batch
  std::optional<double> speedup, speedup_low,
      speedup_high;                    ///< paired against the group's baseline, 95 % interval
  std::optional<double> flops, bytes;  ///< of one call
  std::string bound;                   ///< "compute" or "memory", "" where not costed
  bool noisy = false;
  std::optional<double> data_ms;  ///< reading and preprocessing one batch of files
  std::optional<double> tflops, measured_peak_pct, published_peak_pct;
  std::optional<double> cpu_memory_mb, gpu_memory_mb;  ///< peak over the worker's base line
  std::optional<double> compile_ms, first_ms, load_ms;
  std::optional<double> max_abs_diff, cosine, top1_agreement;  ///< against the reference's outputs
};

/// A finished or resumed race: where it ran, and its rows.
struct Results {
  Json context;
  std::vector<Cell> cells;
};

/// The keys of a cell, in the order of the CSV's columns.
const std::vector<std::string>& cell_columns();

/// {context, cells:[{…}]}; absent numbers are null.
Json to_json(const Results& results);
Result<Results> results_from_json(const Json& document, std::string_view what);

/// DIR itself, or the folder that a results.json lies in.
std::string race_folder(const std::string& path);

/// Reads DIR/results.json, or a results.json named itself.
Result<Results> load_results(const std::string& path);

/// A header line and a row per cell (RFC 4180); absent numbers are empty fields.
std::string to_csv(const Results& results);

}  // namespace ridgeline::bench
