#include "cli/compose.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>

#include "base/text.h"
#include "base/yaml.h"
#include "cli/overrides.h"

namespace ridgeline::cli {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kSelf = "_self_";
constexpr std::string_view kSuffix = ".yaml";

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The folders of configurations seen as one, the first that has a file winning.
class Library {
 public:
  explicit Library(std::vector<std::string> folders) : folders_(std::move(folders)) {}

  /// A file with KEY: VALUE lines; `name` is without its suffix.
  Result<Json> read(const std::string& name) const {
    for (const std::string& folder : folders_) {
      const std::string path = fmt::format("{}/{}{}", folder, name, kSuffix);
      std::error_code error;
      if (!fs::exists(path, error)) continue;
      ASSIGN_OR_RETURN(const Json document, read_yaml(path));
      if (document.is_null()) return Json::object();
      if (!document.is_object()) return invalid_argument("{}: holds no KEY: VALUE lines", path);
      return document;
    }
    return not_found("no {}{} in the folders of configurations: {}", name, kSuffix, joined(folders_));
  }

  Result<Json> read_group(const std::string& group, const std::string& name) const {
    const std::vector<std::string> options = options_of(group);
    if (std::ranges::find(options, name) == options.end())
      return not_found("{}={}: no such configuration; known are {}{}", group, name, joined(options),
                       suggestion(name, options));
    ASSIGN_OR_RETURN(Json document, read(group + "/" + name));
    if (document.contains("defaults"))
      return invalid_argument("{}={}: a group's file has no list of defaults", group, name);
    return document;
  }

  bool is_group(const std::string& name) const { return !options_of(name).empty(); }

  std::vector<std::string> options_of(const std::string& group) const {
    std::set<std::string> names;
    for (const std::string& folder : folders_) {
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(fs::path(folder) / group, error))
        if (entry.path().extension() == kSuffix) names.insert(entry.path().stem().string());
    }
    return {names.begin(), names.end()};
  }

  std::vector<std::string> groups() const {
    std::set<std::string> names;
    for (const std::string& folder : folders_) {
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(folder, error))
        if (entry.is_directory(error) && is_group(entry.path().filename().string()))
          names.insert(entry.path().filename().string());
    }
    return {names.begin(), names.end()};
  }

 private:
  std::vector<std::string> folders_;
};

/// An entry of a list of defaults; `group` is kSelf for the file's own values.
struct Choice {
  std::string group;
  std::string name;
};
using Choices = std::vector<Choice>;

Result<Choices> read_defaults(const Json& document, const std::string& primary) {
  Choices choices;
  const Json defaults = document.value("defaults", Json::array());
  if (!defaults.is_array()) return invalid_argument("{}{}: defaults is not a list", primary, kSuffix);
  for (const Json& entry : defaults) {
    if (entry == Json(kSelf))
      choices.push_back({std::string(kSelf), ""});
    else if (entry.is_object() && entry.size() == 1 && entry.begin()->is_string())
      choices.push_back({entry.begin().key(), entry.begin()->get<std::string>()});
    else
      return invalid_argument("{}{}: the default '{}' is neither GROUP: NAME nor {}", primary, kSuffix,
                              entry.dump(), kSelf);
  }
  if (std::ranges::none_of(choices, [](const Choice& choice) { return choice.group == kSelf; }))
    choices.push_back({std::string(kSelf), ""});
  return choices;
}

Status choose(const Override& change, const Library& library, Choices& choices) {
  const auto chosen = std::ranges::find(choices, change.key, &Choice::group);
  const bool is_chosen = chosen != choices.end();
  const std::string options = joined(library.options_of(change.key));
  if (change.kind == OverrideKind::kAdd && is_chosen)
    return invalid_argument("+{0}={1}: {0} is {2} already; write {0}={1} to replace it", change.key,
                            change.value, chosen->name);
  if (change.kind == OverrideKind::kAdd)
    choices.push_back({change.key, change.value});
  else if (!is_chosen)
    return invalid_argument("{0}: no {0} is chosen; write +{0}=NAME to add one of {1}", change.key, options);
  else if (change.kind == OverrideKind::kRemove)
    choices.erase(chosen);
  else
    chosen->name = change.value;
  return {};
}

void merge(Json& into, const Json& from) {
  for (const auto& [key, value] : from.items())
    if (value.is_object() && into.contains(key) && into[key].is_object())
      merge(into[key], value);
    else
      into[key] = value;
}

void collect_keys(const Json& section, const std::string& prefix, std::vector<std::string>& keys) {
  for (const auto& [key, value] : section.items()) {
    keys.push_back(prefix + key);
    if (value.is_object()) collect_keys(value, prefix + key + ".", keys);
  }
}

/// The value at a dotted key; null where there is none.
Json* find_value(Json& config, std::string_view key) {
  Json* place = &config;
  for (const std::string_view part : split(key, '.')) {
    if (!place->is_object()) return nullptr;
    const auto entry = place->find(std::string(part));
    if (entry == place->end()) return nullptr;
    place = &*entry;
  }
  return place;
}

/// What stands after KEY=: YAML between brackets or quotes, else one scalar.
Result<Json> read_value(const Override& change) {
  const std::string& text = change.value;
  const bool is_flow =
      text.starts_with('[') || text.starts_with('{') || text.starts_with('"') || text.starts_with('\'');
  Result<Json> value = parse_yaml(text, fmt::format("{}={}", change.key, text));
  if (is_flow) return value;
  const bool is_text = !value.ok() || value->is_structured() || text.find_first_of(" #") != std::string::npos;
  return is_text ? Json(text) : *value;
}

std::string kind_of(const Json& value) {
  if (value.is_boolean()) return "true or false";
  if (value.is_number_integer()) return "a whole number";
  if (value.is_number()) return "a number";
  if (value.is_array())
    return value.empty() ? "a list: [A, B]" : fmt::format("a list such as {}", value.dump());
  return "text";
}

/// Whether a value may replace another: the kinds agree, a whole number does for any number, and null for
/// nothing yet.
bool fits(const Json& value, const Json& old) {
  if (old.is_null()) return true;
  if (old.is_number_float()) return value.is_number();
  if (old.is_number()) return value.is_number_integer();
  if (!old.is_array() || old.empty() || !value.is_array()) return value.type() == old.type();
  const Json& example = old.front();
  return std::ranges::all_of(value, [&](const Json& entry) {
    return example.is_number() ? entry.is_number() : fits(entry, example);
  });
}

Status set_value(const Override& change, Json& old) {
  if (old.is_object()) {
    std::vector<std::string> keys;
    collect_keys(old, change.key + ".", keys);
    return invalid_argument("{}: is a section; set {}", change.key, joined(keys));
  }
  ASSIGN_OR_RETURN(Json value, read_value(change));
  if (old.is_string() && !value.is_structured()) {
    const bool quoted = value.is_string();
    value = quoted ? value : value.is_null() ? Json("") : Json(change.value);
  }
  if (!fits(value, old)) return invalid_argument("{}={}: takes {}", change.key, change.value, kind_of(old));
  old = std::move(value);
  return {};
}

Status add_value(const Override& change, Json& config) {
  Json* place = &config;
  for (const std::string_view part : split(change.key, '.')) {
    if (part.empty()) return invalid_argument("+{}={}: a part of the key is empty", change.key, change.value);
    if (place->is_null()) *place = Json::object();
    if (!place->is_object())
      return invalid_argument("+{}: {} is a value, not a section", change.key, place->dump());
    place = &(*place)[std::string(part)];
  }
  ASSIGN_OR_RETURN(*place, read_value(change));
  return {};
}

void remove_value(const std::string& key, Json& config) {
  const size_t dot = key.rfind('.');
  Json* section =
      dot == std::string::npos ? &config : find_value(config, std::string_view(key).substr(0, dot));
  section->erase(key.substr(dot + 1));
}

Status unknown_key(const Override& change, const Library& library, const Json& config) {
  const std::string first(split(change.key, '.').front());
  if (!config.contains(first) && library.is_group(first))
    return invalid_argument("{}: no {} is chosen; write +{}=NAME to add one of {}", change.key, first, first,
                            joined(library.options_of(first)));
  std::vector<std::string> keys = library.groups();
  collect_keys(config, "", keys);
  return invalid_argument("{}: unknown key{}", change.key, suggestion(change.key, keys));
}

Status change_value(const Override& change, const Library& library, Json& config) {
  Json* old = find_value(config, change.key);
  if (change.kind == OverrideKind::kAdd) {
    if (old != nullptr)
      return invalid_argument("+{0}: is there already; write {0}={1} to set it", change.key, change.value);
    return add_value(change, config);
  }
  if (old == nullptr) return unknown_key(change, library, config);
  if (change.kind == OverrideKind::kSet) return set_value(change, *old);
  remove_value(change.key, config);
  return {};
}

Result<Json> compose_one(const Library& library, const std::string& primary,
                         std::span<const Override> overrides) {
  ASSIGN_OR_RETURN(Json own, library.read(primary));
  ASSIGN_OR_RETURN(Choices choices, read_defaults(own, primary));
  own.erase("defaults");
  const auto is_choice = [&](const Override& change) { return library.is_group(change.key); };
  for (const Override& change : overrides)
    if (is_choice(change)) RETURN_IF_ERROR(choose(change, library, choices));
  Json config = Json::object();
  for (const Choice& choice : choices) {
    if (choice.group == kSelf) {
      merge(config, own);
      continue;
    }
    ASSIGN_OR_RETURN(const Json section, library.read_group(choice.group, choice.name));
    merge(config, Json{{choice.group, section}});
  }
  for (const Override& change : overrides)
    if (!is_choice(change)) RETURN_IF_ERROR(change_value(change, library, config));
  return config;
}

}  // namespace

Result<std::vector<ComposedRun>> compose(const ComposeRequest& request) {
  const Library library(request.folders);
  ASSIGN_OR_RETURN(const auto runs, expand_overrides(request.overrides));
  std::vector<ComposedRun> composed;
  for (const std::vector<Override>& overrides : runs) {
    ASSIGN_OR_RETURN(Json config, compose_one(library, request.primary, overrides));
    composed.push_back({std::move(config), name_of_run(overrides)});
  }
  return composed;
}

Result<std::vector<std::string>> config_folders(const std::string& own) {
  std::error_code error;
  std::vector<std::string> folders;
  if (!own.empty() && !fs::is_directory(own, error))
    return not_found("--config-dir: {}: no such folder", own);
  if (!own.empty()) folders.push_back(own);
  const char* configured = std::getenv("RIDGELINE_CONFIGS");
  for (const std::string_view folder : split(configured != nullptr ? configured : "", ':'))
    if (!folder.empty()) folders.emplace_back(folder);
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  if (!error) {
    const fs::path parent = program.parent_path().parent_path();
    folders.push_back((parent / "share" / "ridgeline" / "configs").string());
    folders.push_back((parent / "configs").string());
  }
  return folders;
}

}  // namespace ridgeline::cli
