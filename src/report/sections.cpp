#include "report/sections.h"

#include <cmath>

#include "base/json.h"

namespace ridgeline::report {

std::optional<RowRoof> roof_of(const Story& story, const bench::Cell& cell) {
  const std::string device = "/devices/" + cell.device;
  const RowRoof roof{number_at(story.results.context, device + "/peak_flops/" + cell.precision),
                     number_at(story.results.context, device + "/bandwidth")};
  return roof.flops_per_s > 0 && roof.bytes_per_s > 0 ? std::optional(roof) : std::nullopt;
}

std::string number_text(const std::optional<double>& value) {
  if (!value) return "–";
  const double size = std::abs(*value);
  if (size != 0 && size < 0.001) return fmt::format("{:.2g}", *value);
  return fixed_text(value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 3);
}

std::string fixed_text(const std::optional<double>& value, int decimals) {
  return value ? fmt::format("{:.{}f}", *value, decimals) : "–";
}

std::string range_text(const Range& range) {
  const std::string low = number_text(range.low), high = number_text(range.high);
  return low == high ? low : low + "–" + high;
}

std::string size_text(const bench::Cell& cell) {
  return cell.height == cell.width ? std::to_string(cell.height)
                                   : fmt::format("{}x{}", cell.height, cell.width);
}

}  // namespace ridgeline::report
