#include "wire/infer.h"

#include <algorithm>
#include <fmt/format.h>

namespace ridgeline::wire {

const Parameter* find(const Parameters& parameters, std::string_view name) {
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [name](const auto& parameter) { return parameter.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

std::span<const std::byte> keep(std::vector<std::byte> bytes, InferRequest& request) {
  if (bytes.empty()) return {};
  auto owned = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  const std::span<const std::byte> view = *owned;
  request.keep_alive.push_back(std::move(owned));
  return view;
}

std::string about_request(std::string_view id) {
  return fmt::format("[request id: {}] ", id.empty() ? "<id_unknown>" : id);
}

}  // namespace ridgeline::wire
