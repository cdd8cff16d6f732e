#include "serve/repository/versions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "serve/repository/folder.h"

namespace ridgeline::serve {
namespace {

constexpr std::array<std::string_view, 3> kOtherFolders = {"configs", "warmup", "initial_state"};

std::optional<int64_t> version_of(std::string_view name) {
  int64_t version = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), version);
  const bool whole = error == std::errc() && end == name.data() + name.size();
  return whole && version > 0 && name.front() != '0' ? std::optional(version) : std::nullopt;
}

std::vector<int64_t> chosen_by(const VersionPolicy& policy, const std::vector<int64_t>& versions,
                               Findings& findings) {
  if (const auto* latest = std::get_if<LatestVersions>(&policy))
    return {versions.end() - std::min<std::ptrdiff_t>(latest->count, std::ssize(versions)), versions.end()};
  const auto* specific = std::get_if<SpecificVersions>(&policy);
  if (specific == nullptr) return versions;
  std::vector<int64_t> chosen;
  for (const int64_t version : specific->versions) {
    if (std::ranges::binary_search(versions, version))
      chosen.push_back(version);
    else
      findings.warning("version_policy.specific.versions",
                       fmt::format("version {} is asked for but has no folder: add it or drop it", version));
  }
  std::ranges::sort(chosen);
  chosen.erase(std::ranges::unique(chosen).begin(), chosen.end());
  return chosen;
}

}  // namespace

std::vector<int64_t> versions_in(const std::string& model_path, std::vector<Finding>& findings) {
  std::vector<int64_t> versions;
  for (const std::string& name : folders_in(model_path)) {
    if (const auto version = version_of(name))
      versions.push_back(*version);
    else if (std::ranges::find(kOtherFolders, name) == kOtherFolders.end())
      findings.push_back({Severity::kWarning,
                          model_path + "/" + name,
                          {},
                          "is no version and is passed over: a version's folder is a number from 1, without "
                          "leading zeros",
                          "",
                          ""});
  }
  std::ranges::sort(versions);
  return versions;
}

std::vector<int64_t> versions_served(const ModelConfig& config, const std::vector<int64_t>& versions,
                                     Findings& findings) {
  std::vector<int64_t> served =
      chosen_by(config.version_policy.value_or(LatestVersions{}), versions, findings);
  if (served.empty())
    findings.error("version_policy",
                   fmt::format("at least one version must be available under the version policy of model "
                               "'{}': put the model's file into a folder '1'",
                               config.name));
  return served;
}

}  // namespace ridgeline::serve
