#include "graph/ops/equation.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "graph/ops/infer_context.h"

namespace ridgeline::ops {
namespace {

constexpr std::string_view kEllipsis = "...";
constexpr size_t kMostEllipsisAxes = 10;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// "10" for two axes.
std::string ellipsis_labels(size_t axes) {
  std::string labels;
  for (size_t axis = axes; axis > 0; --axis) labels += static_cast<char>('0' + axis - 1);
  return labels;
}

/// `term` with labels in place of its ellipsis, if it is one of letters.
std::optional<std::string> expanded(std::string term, size_t ellipsis_axes) {
  if (const size_t at = term.find(kEllipsis); at != std::string::npos) {
    term.erase(at, kEllipsis.size());
    if (!std::ranges::all_of(term, is_letter)) return std::nullopt;
    return term.insert(at, ellipsis_labels(ellipsis_axes));
  }
  if (!std::ranges::all_of(term, is_letter)) return std::nullopt;
  return term;
}

/// For an operand of so many axes.
std::optional<std::string> labels_of(std::string_view term, size_t rank) {
  const bool has_ellipsis = term.find(kEllipsis) != std::string_view::npos;
  const size_t letters = term.size() - (has_ellipsis ? kEllipsis.size() : 0);
  if (has_ellipsis ? letters > rank || rank - letters > kMostEllipsisAxes : letters != rank)
    return std::nullopt;
  return expanded(std::string(term), rank - letters);
}

/// False where extents cannot be broadcast to one.
bool add_extents(const std::string& labels, const Shape& shape, std::map<char, int64_t>& extents) {
  for (size_t axis = 0; axis < labels.size(); ++axis) {
    int64_t& extent = extents.emplace(labels[axis], 1).first->second;
    const auto common = broadcast({extent}, {shape[axis]});
    if (!common) return false;
    extent = (*common)[0];
  }
  return true;
}

std::string without(std::string_view text, char what) {
  std::string rest(text);
  std::erase(rest, what);
  return rest;
}

std::string implied_out(const std::string& letters, size_t ellipsis_axes) {
  std::string once;
  for (const char label : letters)
    if (is_letter(label) && std::ranges::count(letters, label) == 1) once += label;
  std::ranges::sort(once);
  return ellipsis_labels(ellipsis_axes) + once;
}

}  // namespace

Result<Equation> Equation::parse(std::string_view text, std::span<const Shape> operands) {
  const std::string plain = without(text, ' ');
  const size_t arrow = plain.find("->");
  const std::string inputs = plain.substr(0, arrow);
  const std::vector<std::string_view> terms = split(inputs, ',');
  if (terms.size() != operands.size())
    return invalid_argument("equation '{}' is of {} operands, not {}", text, terms.size(), operands.size());
  Equation equation;
  std::string all;
  for (size_t i = 0; i < terms.size(); ++i) {
    const auto labels = labels_of(terms[i], operands[i].rank());
    if (!labels || !add_extents(*labels, operands[i], equation.extents))
      return invalid_argument("equation '{}' does not fit input {}", text, operands[i].to_string());
    equation.terms.push_back(*labels);
    all += *labels;
  }
  const auto ellipsis_axes = static_cast<size_t>(
      std::ranges::count_if(equation.extents, [](const auto& entry) { return !is_letter(entry.first); }));
  const auto out = arrow == std::string::npos ? implied_out(all, ellipsis_axes)
                                              : expanded(plain.substr(arrow + 2), ellipsis_axes);
  if (!out) return invalid_argument("equation '{}' has a result that is none of letters", text);
  equation.out = *out;
  for (const char label : equation.out)
    if (!equation.extents.contains(label) || std::ranges::count(equation.out, label) > 1)
      return invalid_argument("equation '{}' needs each output letter once, of an input", text);
  for (const auto& [label, extent] : equation.extents)
    if (equation.out.find(label) == std::string::npos) equation.summed += label;
  if (!equation.summed.empty() && !is_letter(equation.summed.front()))
    return invalid_argument("equation '{}' has an ellipsis that its result lacks", text);
  return equation;
}

}  // namespace ridgeline::ops
