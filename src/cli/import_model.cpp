#include <filesystem>
#include <fmt/core.h>
#include <memory>
#include <string>

#include "base/json.h"
#include "cli/verbs.h"
#include "formats/onnx.h"
#include "graph/infer.h"
#include "graph/zoo/zoo.h"

namespace ridgeline::cli {
namespace {

constexpr std::string_view kZooPrefix = "zoo:";

struct Flags {
  std::string source;
  std::string out;
  zoo::ZooOptions zoo;
};

Result<Graph> read_source(const Flags& flags, bool has_zoo_flags) {
  if (flags.source.starts_with(kZooPrefix))
    return zoo::make(flags.source.substr(kZooPrefix.size()), flags.zoo);
  if (has_zoo_flags)
    return invalid_argument(
        "{}: --projection, --num-classes, --image-size, --seed and --dynamic-hw shape zoo models only: "
        "leave them out, or import zoo:NAME",
        flags.source);
  if (std::filesystem::path(flags.source).extension() == ".onnx") return formats::load_onnx(flags.source);
  return unsupported("{}: only zoo:NAME and .onnx files can be imported; export the model to ONNX first",
                     flags.source);
}

/// Nx3x224x224: dynamic dimensions by name, "?" where they have none.
std::string describe_shape(const ValueInfo& value) {
  if (!value.type.shape) return "?";
  if (value.type.shape->rank() == 0) return "scalar";
  std::string text;
  for (size_t axis = 0; axis < value.type.shape->rank(); ++axis) {
    const int64_t dim = (*value.type.shape)[axis];
    const bool named = axis < value.dim_names.size() && !value.dim_names[axis].empty();
    if (axis > 0) text += 'x';
    if (dim != Shape::kUnknownDim)
      text += fmt::to_string(dim);
    else
      text += named ? value.dim_names[axis] : "?";
  }
  return text;
}

Json describe_values(const std::vector<ValueInfo>& values) {
  Json list = Json::array();
  for (const ValueInfo& value : values)
    list.push_back(
        {{"name", value.name}, {"dtype", name_of(value.type.dtype)}, {"shape", describe_shape(value)}});
  return list;
}

Json describe(const Flags& flags, const Graph& graph) {
  return {{"model", flags.out},
          {"source", flags.source},
          {"name", graph.name},
          {"opset", formats::kGraphOpset},
          {"nodes", graph.nodes.size()},
          {"parameters", graph.parameter_count()},
          {"inputs", describe_values(graph.inputs)},
          {"outputs", describe_values(graph.outputs)}};
}

void print_text(const Flags& flags, const Graph& graph) {
  fmt::print("{}: {} of {} parameters in {} nodes, opset {}\n", flags.out, graph.name,
             graph.parameter_count(), graph.nodes.size(), formats::kGraphOpset);
  for (const ValueInfo& input : graph.inputs)
    fmt::print("  input  {} {}\n", input.name, describe_shape(input));
  for (const ValueInfo& output : graph.outputs)
    fmt::print("  output {} {}\n", output.name, describe_shape(output));
}

}  // namespace

Action configure_import(CLI::App& app, const Environment& /*environment*/) {
  auto flags = std::make_shared<Flags>();
  app.add_option("source", flags->source, "zoo:NAME (such as zoo:resnet18) or an .onnx file")->required();
  app.add_option("-o,--out", flags->out, "the ONNX file to write")->required();
  auto* zoo = app.add_option_group("zoo models");
  zoo->add_option("--projection", flags->zoo.projection, "project the logits to this many values")
      ->check(CLI::Range(1, 1 << 20));
  zoo->add_option("--num-classes", flags->zoo.num_classes, "width of the classifier")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  zoo->add_option("--image-size", flags->zoo.image_size, "height and width of the input")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  zoo->add_option("--seed", flags->zoo.seed, "seed of the random weights")->capture_default_str();
  zoo->add_flag("--dynamic-hw", flags->zoo.dynamic_size, "leave height and width open, not only the batch");
  const CLI::Option* json = add_json_flag(app);
  return [flags, zoo, json]() -> Result<int> {
    ASSIGN_OR_RETURN(const Graph graph, read_source(*flags, zoo->count_all() > 0));
    // An op that only the ONNX engines know is no reason to refuse the file.
    Status checked = infer_types(graph).status();
    if (!checked.ok() && checked.code() != ErrorCode::kUnsupported)
      return std::move(checked).with_context(flags->source);
    RETURN_IF_ERROR(formats::save_onnx(graph, flags->out));
    if (json->count() > 0)
      fmt::print("{}\n", describe(*flags, graph).dump());
    else
      print_text(*flags, graph);
    return 0;
  };
}

}  // namespace ridgeline::cli
