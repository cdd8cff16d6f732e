#include "formats/opset_forms.h"

#include <algorithm>
#include <array>

#include "formats/name_maker.h"
#include "formats/onnx.h"
#include "formats/op_schema.h"

namespace ridgeline::formats {
namespace {

/// Where rules put the constants that they need.
struct Constants {
  NameMaker& names;
  std::map<std::string, Tensor>& initializers;

  std::string add_ints(const std::string& base, const Shape& shape, const std::vector<int64_t>& values) {
    std::string name = names.fresh(base);
    initializers.emplace(name, Tensor::from_values(shape, std::span(values)).value());
    return name;
  }
};

using Rule = Status (*)(Node& node, Constants& constants);

/// The attribute goes where it has the value that opsets without it stand for.
template <typename T>
void drop_neutral(Node& node, const std::string& attribute, const T& neutral) {
  const auto entry = node.attributes.find(attribute);
  if (entry == node.attributes.end()) return;
  if (const T* value = std::get_if<T>(&entry->second); value != nullptr && *value == neutral)
    node.attributes.erase(entry);
}

Status allow_no_zeros(Node& node, Constants& /*constants*/) {
  drop_neutral(node, "allowzero", int64_t{0});
  return {};
}

Status time_first(Node& node, Constants& /*constants*/) {
  drop_neutral(node, "layout", int64_t{0});
  return {};
}

Status from_first_dimension(Node& node, Constants& /*constants*/) {
  drop_neutral(node, "start", int64_t{0});
  return {};
}

Status without_reduction(Node& node, Constants& /*constants*/) {
  drop_neutral(node, "reduction", std::string("none"));
  return {};
}

Status largest_and_least_are_newer(Node& node, Constants& /*constants*/) {
  const std::string reduction = node.string_or("reduction", "none");
  if (reduction == "max" || reduction == "min")
    return unsupported("reduction '{}' came with opset 18", reduction);
  return {};
}

Status for_inference(Node& node, Constants& /*constants*/) {
  drop_neutral(node, "training_mode", int64_t{0});
  return {};
}

/// Before opset 16 regions were sampled without the half pixel's offset, which is the default since.
Status without_half_pixel(Node& node, Constants& /*constants*/) {
  if (node.string_or("coordinate_transformation_mode", "half_pixel") == "half_pixel")
    return unsupported("coordinate_transformation_mode half_pixel came with opset 16");
  drop_neutral(node, "coordinate_transformation_mode", std::string("output_half_pixel"));
  return {};
}

Status axes_as_input(Node& node, Constants& constants) {
  const std::vector<int64_t> axes = node.ints_or("axes", {});
  node.attributes.erase("axes");
  if (!axes.empty())
    node.inputs.push_back(
        constants.add_ints(node.outputs[0] + "/axes", {static_cast<int64_t>(axes.size())}, axes));
  return {};
}

Status count_parts(Node& node, Constants& /*constants*/) {
  if (!node.has_input(1)) node.attributes["num_outputs"] = static_cast<int64_t>(node.outputs.size());
  return {};
}

Status modes_of_any_rank(Node& node, Constants& /*constants*/) {
  const std::string mode = node.string_or("mode", "nearest");
  if (mode == "bilinear" || mode == "bicubic") node.attributes["mode"] = mode.substr(2);
  return {};
}

Status axis_as_input(Node& node, Constants& constants) {
  node.inputs.resize(3);
  node.inputs[2] = constants.add_ints(node.outputs[0] + "/axis", {}, {node.int_or("axis", 1)});
  node.attributes.erase("axis");
  return {};
}

/// Opsets `first` to `last` have another form of an op than 17 has.
struct Row {
  std::string_view op;
  int64_t first;
  int64_t last;
  Rule rule;
};
constexpr auto kRows = std::to_array<Row>({
    {"BatchNormalization", 13, 13, for_inference},
    {"DFT", 20, 21, axis_as_input},
    {"GRU", 13, 13, time_first},
    {"GridSample", 20, 21, modes_of_any_rank},
    {"LSTM", 13, 13, time_first},
    {"RNN", 13, 13, time_first},
    {"ReduceL1", 18, 21, axes_as_input},
    {"ReduceL2", 18, 21, axes_as_input},
    {"ReduceLogSum", 18, 21, axes_as_input},
    {"ReduceLogSumExp", 18, 21, axes_as_input},
    {"ReduceMax", 18, 21, axes_as_input},
    {"ReduceMean", 18, 21, axes_as_input},
    {"ReduceMin", 18, 21, axes_as_input},
    {"ReduceProd", 18, 21, axes_as_input},
    {"ReduceSumSquare", 18, 21, axes_as_input},
    {"Reshape", 13, 13, allow_no_zeros},
    {"RoiAlign", 13, 15, without_half_pixel},
    {"ScatterElements", 13, 15, without_reduction},
    {"ScatterElements", 16, 17, largest_and_least_are_newer},
    {"ScatterND", 13, 15, without_reduction},
    {"ScatterND", 16, 17, largest_and_least_are_newer},
    {"Shape", 13, 14, from_first_dimension},
    {"Split", 18, 21, count_parts},
});

Status express(Node& node, int64_t opset, Constants& constants) {
  if (!node.domain.empty()) return {};
  const auto* row = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) {
    return each.op == node.op && each.first <= opset && opset <= each.last;
  });
  const bool newer_form = row != kRows.end() && row->first > kGraphOpset;
  if (row != kRows.end() && !newer_form) RETURN_IF_ERROR(row->rule(node, constants));
  RETURN_IF_ERROR(check_written_opset(node, opset));
  return newer_form ? row->rule(node, constants) : Status();
}

void reserve_names(const Graph& graph, NameMaker& names) {
  for (const ValueInfo& input : graph.inputs) names.reserve(input.name);
  for (const auto& [name, tensor] : graph.initializers) names.reserve(name);
  for (const Node& node : graph.nodes) {
    for (const std::string& output : node.outputs) names.reserve(output);
    for (const auto& [name, attribute] : node.attributes)
      if (const auto* subgraph = std::get_if<std::shared_ptr<const Graph>>(&attribute))
        reserve_names(**subgraph, names);
  }
}

Result<Graph> in_opset(const Graph& graph, int64_t opset, NameMaker& names) {
  Graph formed = graph;
  Constants constants{names, formed.initializers};
  for (Node& node : formed.nodes) {
    for (auto& [name, attribute] : node.attributes)
      if (auto* subgraph = std::get_if<std::shared_ptr<const Graph>>(&attribute)) {
        ASSIGN_OR_RETURN(Graph inner, in_opset(**subgraph, opset, names));
        *subgraph = std::make_shared<const Graph>(std::move(inner));
      }
    RETURN_IF_ERROR(express(node, opset, constants).with_context(node.describe()));
  }
  return formed;
}

}  // namespace

Result<Graph> in_opset(const Graph& graph, int64_t opset) {
  NameMaker names;
  reserve_names(graph, names);
  return in_opset(graph, opset, names);
}

}  // namespace ridgeline::formats
