#include "wire/infer.h"

#include <algorithm>

namespace ridgeline::wire {

const Parameter* find(const Parameters& parameters, std::string_view name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [name](const auto& parameter) { return parameter.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

}  // namespace ridgeline::wire
