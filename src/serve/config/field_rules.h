#pragma once

#include <span>
#include <string_view>

#include "serve/config/finding.h"

namespace ridgeline::serve {

/// A field of config.pbtxt that this server parses but does not act on: an error where the model would answer
/// other than its owner means, a warning where it only runs otherwise.
struct FieldRule {
  std::string_view path;  ///< without indices: "input.is_shape_tensor"; what lies under it is meant too
  Severity severity;
  std::string_view reason;  ///< why, and what to do instead
};

/// Every such field; all others are acted on.
std::span<const FieldRule> field_rules();
/// Null where the field is acted on.
const FieldRule* rule_of(std::string_view path);

}  // namespace ridgeline::serve
