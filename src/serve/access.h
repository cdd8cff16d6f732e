#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ridgeline::serve {

/// The classes of endpoints that can be restricted, as --http-restricted-api and --grpc-restricted-protocol
/// name them.
std::span<const std::string_view> access_classes();

/// Which classes of endpoints need which header. Thread-safe.
class AccessRules {
 public:
  using HeaderOf = std::function<std::string_view(std::string_view name)>;

  /// Each rule is "CLASS[,CLASS…]:HEADER=VALUE", as Triton spells it, or "…=@FILE": the file's first line,
  /// read again whenever the file changes. kInvalidArgument naming the rule for an unknown class, a class in
  /// two rules, a rule of another form and a file that can't be read or is empty.
  static Result<AccessRules> parse(std::span<const std::string> rules);

  AccessRules() = default;  ///< restricts nothing

  /// The header that a request to this class lacks or has another value of; none where it may pass. While a
  /// key's file can't be read, the key read before stays.
  std::optional<std::string_view> missing_header(std::string_view access_class,
                                                 const HeaderOf& header_of) const;

 private:
  class Key;
  std::map<std::string, std::shared_ptr<Key>, std::less<>> keys_;  ///< by class
};

}  // namespace ridgeline::serve
