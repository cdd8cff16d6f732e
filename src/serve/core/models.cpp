#include "serve/core/models.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>

namespace ridgeline::serve {
namespace {

/// -1: the latest.
Result<int64_t> version_of(const std::string& text) {
  if (text.empty()) return -1;
  int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid_argument(
        "failed to get model version from specified version string '{}' (details: stol), version should be "
        "an integral value > 0",
        text);
  return version;
}

}  // namespace

std::string_view Models::text_of(State state) {
  static constexpr std::array<std::string_view, 4> kTexts = {"LOADING", "READY", "UNLOADING", "UNAVAILABLE"};
  return kTexts[static_cast<size_t>(state)];
}

const Models::Row* Models::latest_of(const Rows& rows) {
  for (auto row = rows.rbegin(); row != rows.rend(); ++row)
    if (row->second.state == State::kReady) return &row->second;
  return nullptr;
}

Result<const Models::Row*> Models::row_of(const std::string& name, const std::string& version) const {
  ASSIGN_OR_RETURN(const int64_t number, version_of(version));
  const auto model = models_.find(name);
  if (model == models_.end()) return not_found("Request for unknown model: '{}' is not found", name);
  if (number == -1) {
    const Row* latest = latest_of(model->second);
    if (latest == nullptr)
      return not_found("Request for unknown model: '{}' has no available versions", name);
    return latest;
  }
  const auto row = model->second.find(number);
  if (row == model->second.end())
    return not_found("Request for unknown model: '{}' version {} is not found", name, number);
  if (row->second.state != State::kReady)
    return unavailable("Request for unknown model: '{}' version {} is not at ready state", name, number);
  return &row->second;
}

Result<std::shared_ptr<ServedVersion>> Models::find(const std::string& name,
                                                    const std::string& version) const {
  const std::shared_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Row* const row, row_of(name, version));
  return row->version;
}

Result<ServedModel> Models::snapshot(const std::string& name, const std::string& version) const {
  const std::shared_lock lock(mutex_);
  ASSIGN_OR_RETURN(const Row* const row, row_of(name, version));
  const ModelFacts& facts = row->version->facts;
  ServedModel model{.name = facts.name,
                    .version = facts.version,
                    .versions = {},
                    .config = facts.config,
                    .signature = facts.signature};
  for (const auto& [number, other] : models_.at(name))
    if (other.state == State::kReady) model.versions.push_back(other.version->facts.version);
  return model;
}

Result<std::vector<std::shared_ptr<ServedVersion>>> Models::select(const std::string& name,
                                                                   const std::string& version) const {
  ASSIGN_OR_RETURN(const int64_t wanted, version_of(version));
  const std::shared_lock lock(mutex_);
  std::vector<std::shared_ptr<ServedVersion>> selected;
  const auto add = [&](const Rows& rows) {
    for (const auto& [number, row] : rows)
      if (row.state == State::kReady && (wanted == -1 || wanted == number)) selected.push_back(row.version);
  };
  if (name.empty()) {
    for (const auto& [model, rows] : models_) add(rows);
    return selected;
  }
  const auto model = models_.find(name);
  if (model == models_.end() || latest_of(model->second) == nullptr)
    return invalid_argument("requested model '{}' is not available", name);
  add(model->second);
  if (selected.empty())
    return invalid_argument("requested model version is not available for model '{}'", name);
  return selected;
}

void Models::loading(const std::string& name, const std::vector<int64_t>& versions) {
  const std::lock_guard lock(mutex_);
  for (const int64_t version : versions) {
    Row& row = models_[name][version];
    if (row.state != State::kReady) row = {.state = State::kLoading};
  }
}

void Models::failed(const std::string& name, int64_t version, const std::string& reason) {
  const std::lock_guard lock(mutex_);
  Row& row = models_[name][version];
  if (row.state != State::kReady) row = {.state = State::kUnavailable, .reason = reason};
}

void Models::unload(Row& row) {
  if (row.state == State::kReady)
    row = {.state = State::kUnloading};
  else if (row.state != State::kUnloading)
    row = {.state = State::kUnavailable, .reason = kUnloaded};
}

void Models::publish(const std::string& name, const Versions& versions) {
  Rows replaced;  // freed without the lock
  const std::lock_guard lock(mutex_);
  Rows& rows = models_[name];
  replaced = rows;
  for (auto& [number, row] : rows)
    if (!versions.contains(number)) unload(row);
  for (const auto& [number, version] : versions) rows[number] = {.state = State::kReady, .version = version};
}

void Models::withdraw(const std::string& name) {
  Rows withdrawn;
  const std::lock_guard lock(mutex_);
  const auto model = models_.find(name);
  if (model == models_.end()) return;
  withdrawn = model->second;
  for (auto& [number, row] : model->second) unload(row);
}

void Models::freed(const ModelFacts& facts) {
  const std::lock_guard lock(mutex_);
  const auto model = models_.find(facts.name);
  if (model == models_.end()) return;
  for (auto& [number, row] : model->second)
    if (std::to_string(number) == facts.version && row.state == State::kUnloading)
      row = {.state = State::kUnavailable, .reason = kUnloaded};
}

bool Models::has(const std::string& name) const {
  const std::shared_lock lock(mutex_);
  const auto model = models_.find(name);
  return model != models_.end() && latest_of(model->second) != nullptr;
}

bool Models::all_ready() const {
  const std::shared_lock lock(mutex_);
  const auto is_wanted = [](const auto& entry) {
    const Row& row = entry.second;
    return row.state == State::kLoading || (row.state == State::kUnavailable && row.reason != kUnloaded);
  };
  return std::ranges::all_of(models_, [&](const auto& model) {
    return latest_of(model.second) != nullptr || std::ranges::none_of(model.second, is_wanted);
  });
}

std::vector<wire::http::IndexEntry> Models::index() const {
  const std::shared_lock lock(mutex_);
  std::vector<wire::http::IndexEntry> entries;
  for (const auto& [name, rows] : models_)
    for (const auto& [number, row] : rows)
      entries.push_back({name, std::to_string(number), std::string(text_of(row.state)), row.reason});
  return entries;
}

std::vector<std::shared_ptr<ServedVersion>> Models::clear() {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ServedVersion>> versions;
  for (auto& [name, rows] : models_)
    for (auto& [number, row] : rows)
      if (row.version) versions.push_back(std::move(row.version));
  models_.clear();
  return versions;
}

}  // namespace ridgeline::serve
