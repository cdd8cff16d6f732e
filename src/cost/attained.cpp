#include "cost/attained.h"

#include <algorithm>
#include <map>

#include "cost/fusion.h"
#include "cost/moved_types.h"

namespace ridgeline::cost {
namespace {

/// Layers that no line has named yet, by name.
using Unnamed = std::map<std::string, size_t, std::less<>>;

/// How long the longest of their names is that `line` begins with; 0 for none.
size_t longest_name(std::string_view line, const Unnamed& unnamed) {
  for (size_t end = line.size(); end != std::string_view::npos && end > 0; end = line.rfind('+', end - 1))
    if (unnamed.contains(line.substr(0, end))) return end;
  return 0;
}

/// Takes those that a line names out of `unnamed`. Names that hold a '+' themselves, as those of fused nodes
/// do, go before what their parts name.
std::vector<size_t> take_layers(std::string_view line, Unnamed& unnamed) {
  std::vector<size_t> layers;
  while (!line.empty()) {
    size_t end = longest_name(line, unnamed);
    if (end > 0) layers.push_back(unnamed.extract(unnamed.find(line.substr(0, end))).mapped());
    if (end == 0) end = std::min(line.find('+'), line.size());
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  std::ranges::sort(layers);
  return layers;
}

}  // namespace

size_t Attained::main_layer(const Analysis& analysis) const {
  return *std::ranges::max_element(layers, {},
                                   [&](size_t layer) { return analysis.layers[layer].work.flops; });
}

Attainment attain(const Graph& graph, const ValueTypes& types, const Analysis& analysis,
                  std::span<const TimedLayers> profile) {
  Unnamed unnamed;
  for (size_t i = 0; i < analysis.layers.size(); ++i) unnamed.emplace(analysis.layers[i].name, i);
  Attainment result;
  std::vector<std::vector<size_t>> sets;
  for (const TimedLayers& line : profile) {
    const std::vector<size_t>& layers = sets.emplace_back(take_layers(line.names, unnamed));
    result.seconds += line.seconds;
    if (layers.empty())
      result.unmatched.push_back(line.names);
    else
      result.matched_seconds += line.seconds;
  }
  const std::vector<double> moved_together = bytes_together(graph, moved_types(graph, types), sets);
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
