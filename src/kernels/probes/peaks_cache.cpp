#include <fmt/format.h>

#include "base/file.h"
#include "kernels/probes/description.h"
#include "kernels/probes/measure.h"

namespace ridgeline::kernels {
namespace {

/// FNV-1a, 64 bits.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// Any unreadable or outdated file is as good as none.
Result<MeasuredPeaks> kept_peaks(const std::string& path) {
  ASSIGN_OR_RETURN(const Json document, read_json(path));
  return measured_peaks_from_json(document, path);
}

std::string fingerprint(const ProbeOptions& options) {
  return fmt::format(
      "{:016x}", hash_of(fmt::format("{}|{}|{}", describe_cpu(), options.cpu.to_string(), options.threads)));
}

}  // namespace

Result<std::string> peaks_cache_path(const ProbeOptions& options) {
  ASSIGN_OR_RETURN(const std::string folder, cache_folder());
  return fmt::format("{}/peaks-{}.json", folder, fingerprint(options));
}

Result<MeasuredPeaks> cached_peaks(const ProbeOptions& options, bool again) {
  const Result<std::string> path = peaks_cache_path(options);
  const Result<MeasuredPeaks> kept = path.ok() ? kept_peaks(*path) : path.status();
  if (kept.ok() && !again) return kept;
  ASSIGN_OR_RETURN(MeasuredPeaks peaks, measure_peaks(options));
  if (kept.ok()) peaks.keep_best(*kept);
  // A cache that cannot be written costs the next call its two seconds, nothing else.
  if (path.ok() && make_directories(path->substr(0, path->rfind('/'))).ok())
    static_cast<void>(write_file_atomically(*path, to_json(peaks).dump(2) + "\n").ok());
  return peaks;
}

}  // namespace ridgeline::kernels
