#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cost/limits.h"

namespace ridgeline::cost {
namespace {

constexpr size_t kColumns = 16;     // the last three only with a profile
constexpr size_t kFirstNumber = 5;  // columns before it are words, aligned to the left
using Row = std::array<std::string, kColumns>;

constexpr size_t kAttained = 13;

constexpr size_t kLongestName = 40;

/// Keeps the end of long names, which tells layers apart.
std::string shortened(const std::string& name) {
  return name.size() <= kLongestName ? name : ".." + name.substr(name.size() - kLongestName + 2);
}

Row row_of(const Layer& layer, const Device& device) {
  const Limit limit = limit_of(layer.work, layer.precision, device);
  return {shortened(layer.name),
          layer.op,
          layer.kernel,
          layer.in_shape.to_string(),
          layer.out_shape.to_string(),
          fmt::format("{}", layer.params),
          fmt::format("{:.3f}", layer.work.macs / 1e6),
          fmt::format("{:.3f}", layer.work.flops / 1e6),
          fmt::format("{:.3f}", layer.work.bytes() / 1e6),
          fmt::format("{:.3f}", layer.fused_bytes / 1e6),
          fmt::format("{:.2f}", layer.work.intensity()),
          std::string(layer.work.bytes() > 0 ? name_of(limit.bound) : "-"),
          fmt::format("{:.1f}", limit.attainable_flops_per_s / 1e9),
          "",
          "",
          ""};
}

void add_attained(std::vector<Row>& rows, const Attainment& attainment, const Analysis& analysis,
                  const Device& device) {
  for (const Attained& part : attainment.parts) {
    if (part.layers.empty()) continue;
    const size_t main = part.main_layer(analysis);
    for (const size_t layer : part.layers)
      if (layer != main) rows[layer + 1][kAttained] = "with " + shortened(analysis.layers[main].name);
    Row& row = rows[main + 1];
    row[kAttained] = fmt::format("{:.1f}", part.flops_per_s() / 1e9);
    row[kAttained + 1] = fmt::format("{:.1f}", attained_pct(part, analysis, device));
    row[kAttained + 2] = fmt::format("{:.1f}", part.seconds * 1e6);
  }
}

std::string coverage(const Attainment& attainment) {
  std::string text =
      fmt::format("profile: {:.3f} ms in {} lines, {:.1f} % of it in lines that name layers\n",
                  attainment.seconds * 1e3, attainment.parts.size(),
                  attainment.seconds > 0 ? 100 * attainment.matched_seconds / attainment.seconds : 0);
  text +=
      "FLOPs are the layers' own: one whose algorithm saves some, as Winograd's does, may pass 100 % of its "
      "roof\n";
  if (!attainment.unmatched.empty())
    text += fmt::format("the engine's own work, no layer's: {}\n", fmt::join(attainment.unmatched, ", "));
  if (!attainment.untimed.empty())
    text += fmt::format("layers without a time: {}\n", fmt::join(attainment.untimed, ", "));
  return text;
}

std::string aligned(const std::vector<Row>& rows) {
  std::array<size_t, kColumns> widths = {};
  for (const Row& row : rows)
    for (size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i < kColumns; ++i)
      line += i < kFirstNumber ? fmt::format("{:<{}}  ", row[i], widths[i])
                               : fmt::format("{:>{}}  ", row[i], widths[i]);
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string totals(const Analysis& analysis, const Device& device) {
  const Work& work = analysis.total;
  const double seconds = least_seconds(analysis, device);
  std::string text = fmt::format(
      "total: {} params, {:.3f} GMACs, {:.2f} GFLOPs, {:.2f} MB moved ({:.2f} MB fused), {:.2f} FLOP/B: {} "
      "bound on {}\n",
      analysis.params, work.macs / 1e9, work.flops / 1e9, work.bytes() / 1e6, analysis.fused_bytes / 1e6,
      work.intensity(), name_of(limit_of(analysis, device).bound), device.name);
  text += fmt::format("of these conv+fc: {:.2f} GFLOPs; pooling, elementwise and the rest: {:.3f} GFLOPs\n",
                      analysis.product_flops / 1e9, (work.flops - analysis.product_flops) / 1e9);
  text += fmt::format("least time, every layer at its roof and fused: {:.3f} ms\n", seconds * 1e3);
  return text;
}

}  // namespace

std::string to_text(const Analysis& analysis, const Device& device, const Attainment* attainment) {
  std::vector<Row> rows = {{"layer", "op", "kernel", "in", "out", "params", "MMACs", "MFLOPs", "MB",
                            "MB fused", "FLOP/B", "bound", "GFLOP/s attainable"}};
  for (const Layer& layer : analysis.layers) rows.push_back(row_of(layer, device));
  if (attainment != nullptr) {
    rows[0][kAttained] = "attained";
    rows[0][kAttained + 1] = "% of roof";
    rows[0][kAttained + 2] = "us";
    add_attained(rows, *attainment, analysis, device);
  }
  std::string text = aligned(rows);
  if (attainment != nullptr) text += coverage(*attainment);
  if (analysis.uncounted.empty()) return text + totals(analysis, device);
  text += "no total: these operators are uncounted\n";
  for (const Uncounted& op : analysis.uncounted) text += fmt::format("  {}\n", op.reason);
  return text;
}

}  // namespace ridgeline::cost
