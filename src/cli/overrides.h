#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace ridgeline::cli {

enum class OverrideKind {
  kSet,     ///< key=value: the key is there
  kAdd,     ///< +key=value: it is not
  kRemove,  ///< ~key
};

/// One word of a command line that changes a configuration.
struct Override {
  OverrideKind kind = OverrideKind::kSet;
  std::string key;
  std::string value;   ///< as written
  bool swept = false;  ///< one of several values

  bool operator==(const Override&) const = default;
};

/// The overrides of each run: commas outside brackets and quotes stand between values, and every combination
/// is a run, the last word's values changing fastest. kInvalidArgument naming the word.
Result<std::vector<std::vector<Override>>> expand_overrides(std::span<const std::string> words);

/// "image_size=224,optimizer.lr=0.1": what tells one run of several from the others; empty for a single one.
std::string name_of_run(std::span<const Override> overrides);

/// Up to three of `names` that are the likeliest meant by `word`: few letters differ, or the last part after
/// a dot is the same. "" when none is, else ready for a message: "; did you mean a, b?".
std::string suggestion(std::string_view word, std::span<const std::string> names);

}  // namespace ridgeline::cli
