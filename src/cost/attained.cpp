#include "cost/attained.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "cost/fusion.h"

namespace ridgeline::cost {

size_t Attained::main_layer(const Analysis& analysis) const {
  return *std::ranges::max_element(layers, {},
                                   [&](size_t layer) { return analysis.layers[layer].work.flops; });
}

Attainment attain(const Graph& graph, const ValueTypes& types, const Analysis& analysis,
                  std::span<const TimedLayers> profile) {
  std::map<std::string, size_t, std::less<>> unnamed;
  for (size_t i = 0; i < analysis.layers.size(); ++i) unnamed.emplace(analysis.layers[i].name, i);
  Attainment result;
  std::vector<std::vector<size_t>> sets;
  for (const TimedLayers& line : profile) {
    std::vector<size_t>& layers = sets.emplace_back();
    for (const std::string_view name : split(line.names, '+'))
      if (const auto found = unnamed.find(name); found != unnamed.end()) {
        layers.push_back(found->second);
        unnamed.erase(found);
      }
    std::ranges::sort(layers);
    result.seconds += line.seconds;
    if (layers.empty())
      result.unmatched.push_back(line.names);
    else
      result.matched_seconds += line.seconds;
  }
  const std::vector<double> moved_together = bytes_together(graph, types, sets);
  for (size_t i = 0; i < sets.size(); ++i) {
    Attained part{.layers = std::move(sets[i]), .names = profile[i].names, .seconds = profile[i].seconds};
    for (const size_t layer : part.layers) part.flops += analysis.layers[layer].work.flops;
    part.bytes = part.layers.size() == 1 ? analysis.layers[part.layers[0]].work.bytes() : moved_together[i];
    result.parts.push_back(std::move(part));
  }
  for (const auto& [name, layer] : unnamed)
    if (analysis.layers[layer].work.flops > 0) result.untimed.push_back(name);
  return result;
}

}  // namespace ridgeline::cost
