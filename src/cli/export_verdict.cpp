#include "cli/export_verdict.h"

#include <fmt/core.h>
#include <optional>

namespace ridgeline::cli {
namespace {

Json number_or_null(const std::optional<double>& number) { return number ? Json(*number) : Json(nullptr); }

Json describe(const predict::EngineVerdict& row) {
  Json document = {{"engine", row.engine},
                   {"version", row.version},
                   {"precision", name_of(row.precision)},
                   {"status", name_of(row.verdict)},
                   {"reason", row.reason},
                   {"max_abs_diff", nullptr},
                   {"scale", nullptr},
                   {"cosine", nullptr},
                   {"top1_agreement", nullptr},
                   {"first_diverging_layer", nullptr}};
  if (row.agreement) {
    document["max_abs_diff"] = row.agreement->max_abs_diff;
    document["scale"] = row.agreement->scale;
    document["cosine"] = row.agreement->cosine;
    document["top1_agreement"] = number_or_null(row.agreement->top1_agreement);
  }
  if (row.diverging)
    document["first_diverging_layer"] = {{"layer", row.diverging->layer},
                                         {"op", row.diverging->op},
                                         {"max_abs_diff", row.diverging->max_abs_diff},
                                         {"scale", row.diverging->scale}};
  return document;
}

std::string top1_text(const predict::EngineVerdict& row) {
  if (!row.agreement || !row.agreement->top1_agreement) return "-";
  return fmt::format("{:.1f} %", 100 * *row.agreement->top1_agreement);
}

std::string diff_text(const predict::EngineVerdict& row) {
  return row.agreement ? fmt::format("{:.2e}", row.agreement->max_abs_diff) : "-";
}

std::string row_text(const predict::EngineVerdict& row) {
  std::string text = fmt::format("{:<12} {:<9} {:>12} {:>15}  {}\n", row.engine, name_of(row.precision),
                                 diff_text(row), top1_text(row), name_of(row.verdict));
  if (row.verdict != predict::Verdict::kAgrees) text += fmt::format("  {}\n", row.reason);
  if (row.diverging)
    text += fmt::format("  first diverging layer: {} '{}', by {:.3g} where the largest value is {:.3g}\n",
                        row.diverging->op, row.diverging->layer, row.diverging->max_abs_diff,
                        row.diverging->scale);
  return text;
}

}  // namespace

Json describe(const predict::Verification& verification, int64_t images, const std::string& data) {
  Json engines = Json::array();
  for (const predict::EngineVerdict& row : verification.engines) engines.push_back(describe(row));
  return {{"reference", verification.reference + " fp32"},
          {"images", images},
          {"data", data},
          {"engines", std::move(engines)}};
}

std::string table_of(const predict::Verification& verification, int64_t images, const std::string& data) {
  std::string table =
      fmt::format("{} images ({}) against the source on {} fp32:\n", images, data, verification.reference);
  table +=
      fmt::format("{:<12} {:<9} {:>12} {:>15}\n", "engine", "precision", "max abs diff", "top-1 agreement");
  for (const predict::EngineVerdict& row : verification.engines)
    if (!row.version.empty()) table += row_text(row);
  return table;
}

}  // namespace ridgeline::cli
