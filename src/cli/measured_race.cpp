#include "cli/measured_race.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <ranges>

#include "base/json.h"
#include "bench/compare.h"
#include "bench/context.h"
#include "bench/gpu.h"

namespace ridgeline::cli {
namespace {

constexpr const char* kCpuModel = "/cpu/model";

bool is_of(const bench::Cell& cell, const ImageCase& image) {
  return cell.batch == image.batch && cell.height == image.height && cell.width == image.width;
}

std::string text_of(const ImageCase& image) {
  return fmt::format("batch {} at {}x{}", image.batch, image.height, image.width);
}

}  // namespace

bool RowFilter::accepts(const bench::Cell& cell, const Json& context) const {
  const bool is_wanted = cell.status == bench::CellStatus::kOk && cell.mean_ms &&
                         cell.precision == precision && (engine.empty() || cell.engine == engine);
  if (!is_wanted || bench::gpu_index(cell.device).has_value() != gpu.has_value()) return false;
  if (!gpu) return cell.threads == threads;
  return text_at(context, "/devices/" + cell.device + "/name") == *gpu;
}

std::string RowFilter::describe() const {
  return fmt::format("{}{} on {}", engine.empty() ? "" : engine + ' ', precision,
                     gpu ? *gpu : fmt::format("the CPU with {} threads", threads));
}

Result<MeasuredRace> MeasuredRace::load(const std::string& directory, const RowFilter& filter) {
  ASSIGN_OR_RETURN(const bench::Results results, bench::load_results(directory));
  const std::string cpu = text_at(results.context, kCpuModel);
  if (!filter.gpu && cpu != text_at(bench::describe_machine(), kCpuModel))
    return invalid_argument("{}: raced on another machine ({}): analyze it there, or name a published device",
                            directory, cpu);
  MeasuredRace race;
  race.directory_ = bench::race_folder(directory);
  ASSIGN_OR_RETURN(auto profiles, bench::load_profiles(race.directory_, results.cells));
  for (const bench::Cell& cell : results.cells)
    if (const auto found = profiles.find(bench::identity_of(cell));
        found != profiles.end() && filter.accepts(cell, results.context))
      race.rows_.push_back({cell, found->second});
  if (profiles.empty())
    return not_found("{}: no row was profiled there; race the model with 'ridgeline bench' first", directory);
  if (race.rows_.empty())
    return not_found("{}: no profiled row is {}; there are {}", directory, filter.describe(),
                     fmt::join(std::views::keys(profiles), "; "));
  return race;
}

std::vector<ImageCase> MeasuredRace::cases() const {
  std::vector<ImageCase> cases;
  for (const ProfiledRow& row : rows_)
    if (std::ranges::none_of(cases, [&](const ImageCase& known) { return is_of(row.cell, known); }))
      cases.push_back({row.cell.batch, row.cell.height, row.cell.width});
  return cases;
}

Result<const ProfiledRow*> MeasuredRace::fastest(const ImageCase& image) const {
  const ProfiledRow* best = nullptr;
  for (const ProfiledRow& row : rows_)
    if (is_of(row.cell, image) && (best == nullptr || *row.cell.mean_ms < *best->cell.mean_ms)) best = &row;
  if (best != nullptr) return best;
  std::vector<std::string> there;
  for (const ImageCase& known : cases()) there.push_back(text_of(known));
  return not_found("{}: {} was not measured; there are {}", directory_, text_of(image),
                   fmt::join(there, ", "));
}

}  // namespace ridgeline::cli
