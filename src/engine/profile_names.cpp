#include "engine/profile_names.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"

namespace ridgeline {

namespace {

/// `word` without the last mark that an engine appends to names, or empty when it bears none.
std::string_view without_mark(std::string_view word) {
  constexpr std::string_view kLayout = "_nchwc";
  if (word.ends_with(kLayout)) return word.substr(0, word.size() - kLayout.size());
  const size_t dot = word.rfind('.');
  if (dot == std::string_view::npos || dot + 1 == word.size()) return {};
  const std::string_view tail = word.substr(dot + 1);
  const bool is_number =
      std::all_of(tail.begin(), tail.end(), [](unsigned char c) { return std::isdigit(c); });
  return is_number ? word.substr(0, dot) : std::string_view();
}

}  // namespace

NodeNames::NodeNames(const Graph& graph) {
  for (const Node& node : graph.nodes) {
    const size_t index = nodes_.size();
    NodeLinks links{.name = node.name, .op = node.op, .producers = {}, .consumers = {}};
    for (const std::string& input : node.inputs) {
      const auto producer = by_value_.find(input);
      if (producer == by_value_.end()) continue;
      links.producers.push_back(producer->second);
      nodes_[producer->second].consumers.push_back(index);
    }
    nodes_.push_back(std::move(links));
    by_name_.emplace(node.name, index);
    for (const std::string& output : node.outputs) by_value_.emplace(output, index);
  }
}

size_t NodeNames::find(std::string_view word) const {
  for (; !word.empty(); word = without_mark(word)) {
    if (const auto named = by_name_.find(word); named != by_name_.end()) return named->second;
    if (const auto made = by_value_.find(word); made != by_value_.end()) return made->second;
  }
  return kNone;
}

void NodeNames::adopt(std::vector<size_t>& owners) const {
  for (size_t i = nodes_.size(); i-- > 0;) {
    if (owners[i] == kNone && nodes_[i].consumers.size() == 1) owners[i] = owners[nodes_[i].consumers[0]];
  }
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (owners[i] == kNone && !nodes_[i].producers.empty()) owners[i] = owners[nodes_[i].producers[0]];
  }
}

void NodeNames::restore(std::vector<OpTime>& times) const {
  std::vector<size_t> owners(nodes_.size(), kNone);
  for (size_t entry = 0; entry < times.size(); ++entry) {
    for (const std::string_view word : split(times[entry].name, '+')) {
      const size_t node = find(word);
      if (node != kNone && owners[node] == kNone) owners[node] = entry;
    }
  }
  adopt(owners);
  std::vector<std::string> names(times.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (owners[i] == kNone) continue;
    std::string& name = names[owners[i]];
    if (name.empty()) times[owners[i]].op = nodes_[i].op;
    name += (name.empty() ? "" : "+") + nodes_[i].name;
  }
  for (size_t entry = 0; entry < times.size(); ++entry) {
    if (!names[entry].empty()) times[entry].name = std::move(names[entry]);
  }
}

}  // namespace ridgeline
