#include "serve/config/finding.h"

#include <algorithm>

namespace ridgeline::serve {
namespace {

/// "file:line:column", as far as it is known.
std::string place_of(const Finding& finding) {
  if (finding.at.line == 0) return finding.file;
  return fmt::format("{}:{}:{}", finding.file, finding.at.line, finding.at.column);
}

/// Names in messages come from files and may hold anything.
std::string one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return text;
}

}  // namespace

Position Positions::of(std::string_view path) const {
  while (!path.empty()) {
    if (const auto found = positions_.find(path); found != positions_.end()) return found->second;
    const size_t end = path.find_last_of(".[");
    path = path.substr(0, end == std::string_view::npos ? 0 : end);
  }
  return {};
}

std::string_view name_of(Severity severity) { return severity == Severity::kError ? "error" : "warning"; }

std::string to_string(const Finding& finding) {
  std::string text = fmt::format("{}: {}: {}", place_of(finding), name_of(finding.severity), finding.message);
  if (!finding.configured.empty()) text += "\n  - " + finding.configured;
  if (!finding.modelled.empty()) text += "\n  + " + finding.modelled;
  return text;
}

Json to_json(const Finding& finding) {
  Json json = {{"severity", name_of(finding.severity)}, {"file", finding.file}};
  if (finding.at.line > 0) json.update({{"line", finding.at.line}, {"column", finding.at.column}});
  json["message"] = finding.message;
  if (!finding.configured.empty()) json["config"] = finding.configured;
  if (!finding.modelled.empty()) json["model"] = finding.modelled;
  return json;
}

bool has_error(std::span<const Finding> findings) {
  return std::ranges::any_of(findings,
                             [](const Finding& finding) { return finding.severity == Severity::kError; });
}

std::string without_file(std::string message, std::string_view file) {
  const std::string prefix = fmt::format("{}: ", file);
  return message.starts_with(prefix) ? message.substr(prefix.size()) : message;
}

Status first_error(std::span<const Finding> findings) {
  const auto found = std::ranges::find(findings, Severity::kError, &Finding::severity);
  if (found == findings.end()) return {};
  std::string line = fmt::format("{}: {}", place_of(*found), found->message);
  if (!found->configured.empty()) line += "; configured: " + found->configured;
  if (!found->modelled.empty()) line += "; in the model: " + found->modelled;
  return {ErrorCode::kInvalidArgument, std::move(line)};
}

void Findings::error(std::string_view path, std::string message) {
  found_.push_back({Severity::kError, file_, positions_->of(path), one_line(std::move(message)), "", ""});
}

void Findings::warning(std::string_view path, std::string message) {
  found_.push_back({Severity::kWarning, file_, positions_->of(path), one_line(std::move(message)), "", ""});
}

void Findings::mismatch(std::string_view path, std::string message, std::string configured,
                        std::string modelled) {
  found_.push_back({Severity::kError, file_, positions_->of(path), one_line(std::move(message)),
                    one_line(std::move(configured)), one_line(std::move(modelled))});
}

}  // namespace ridgeline::serve
