#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/status.h"

namespace ridgeline::predict {

/// The files that a user means, in the order given: a file itself, whatever it is called; of a folder all
/// image files below it, sorted; else what matches as a pattern (*, ?, [a-z]), sorted. kNotFound, naming it,
/// where a word stands for nothing.
Result<std::vector<std::string>> find_images(std::span<const std::string> words);

}  // namespace ridgeline::predict
