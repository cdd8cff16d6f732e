#include "serve/access.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fmt/ranges.h>
#include <mutex>
#include <openssl/crypto.h>

#include "base/file.h"
#include "base/text.h"

namespace ridgeline::serve {
namespace {

constexpr std::array<std::string_view, 9> kClasses = {"health",        "metadata",     "inference",
                                                      "shared-memory", "model-config", "model-repository",
                                                      "statistics",    "trace",        "logging"};

/// Takes as long for a key that is nearly right as for any other of its length.
bool is_same_secret(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

struct RuleText {
  std::vector<std::string_view> classes;
  std::string header;
  std::string value;
};

Result<RuleText> parse_rule(std::string_view rule) {
  const size_t colon = rule.find(':');
  const size_t equals = rule.find('=', std::min(colon, rule.size()));
  if (equals == std::string_view::npos || equals == colon + 1 || equals + 1 == rule.size())
    return invalid_argument("'{}' is no rule: write CLASS[,CLASS...]:HEADER=VALUE", rule);
  return RuleText{.classes = split(rule.substr(0, colon), ','),
                  .header = std::string(rule.substr(colon + 1, equals - colon - 1)),
                  .value = std::string(rule.substr(equals + 1))};
}

}  // namespace

std::span<const std::string_view> access_classes() { return kClasses; }

/// A header and its value, which may lie in a file.
class AccessRules::Key {
 public:
  static Result<std::shared_ptr<Key>> open(const RuleText& rule) {
    auto key = std::make_shared<Key>();
    key->header_ = rule.header;
    key->value_ = rule.value;
    if (!rule.value.starts_with('@')) return key;
    key->file_ = rule.value.substr(1);
    key->value_.clear();
    key->refresh();
    if (key->value_.empty())
      return invalid_argument("{}: no key can be read from its first line", key->file_);
    return key;
  }

  const std::string& header() const { return header_; }

  bool fits(std::string_view given) {
    const std::scoped_lock lock(mutex_);
    refresh();
    return is_same_secret(given, value_);
  }

 private:
  std::filesystem::file_time_type stamp() const {
    std::error_code missing;
    return std::filesystem::last_write_time(file_, missing);
  }

  void refresh() {
    if (file_.empty()) return;
    const auto now = stamp();
    if (now == stamp_) return;
    stamp_ = now;
    const std::string fresh = first_line_of(file_);
    if (!fresh.empty()) value_ = fresh;
  }

  std::string header_;
  std::string file_;  ///< empty: the value is the rule's own
  std::mutex mutex_;
  std::string value_;
  std::filesystem::file_time_type stamp_;
};

Result<AccessRules> AccessRules::parse(std::span<const std::string> rules) {
  AccessRules parsed;
  for (const std::string& rule : rules) {
    ASSIGN_OR_RETURN(const RuleText text, parse_rule(rule));
    ASSIGN_OR_RETURN(const auto key, Key::open(text));
    for (const std::string_view name : text.classes) {
      if (std::find(kClasses.begin(), kClasses.end(), name) == kClasses.end())
        return invalid_argument("'{}' in '{}' is no class of endpoints; there are {}", name, rule,
                                fmt::join(kClasses, ", "));
      if (!parsed.keys_.emplace(name, key).second)
        return invalid_argument("'{}' is restricted by two rules, the second is '{}'", name, rule);
    }
  }
  return parsed;
}

std::optional<std::string_view> AccessRules::missing_header(std::string_view access_class,
                                                            const HeaderOf& header_of) const {
  const auto found = keys_.find(access_class);
  if (found == keys_.end()) return std::nullopt;
  Key& key = *found->second;
  if (key.fits(header_of(key.header()))) return std::nullopt;
  return key.header();
}

}  // namespace ridgeline::serve
