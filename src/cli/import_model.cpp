#include <fmt/core.h>
#include <memory>
#include <string>

#include "base/json.h"
#include "cli/model_source.h"
#include "cli/verbs.h"
#include "formats/onnx.h"
#include "graph/zoo/zoo.h"

namespace ridgeline::cli {
namespace {

struct Flags {
  std::string source;
  std::string out;
  zoo::ZooOptions zoo;
};

Result<Graph> read_source(const Flags& flags) {
  if (flags.source.starts_with("zoo:")) return zoo::make(flags.source.substr(4), flags.zoo);
  if (flags.source.ends_with(".onnx")) return formats::load_onnx(flags.source);
  return unsupported("{}: import takes zoo:NAME or an .onnx file so far", flags.source);
}

Result<int> import_model(const Flags& flags, bool as_json) {
  ASSIGN_OR_RETURN(const Graph graph, read_source(flags));
  RETURN_IF_ERROR(infer_types(graph).status().with_context(flags.source));
  RETURN_IF_ERROR(formats::save_onnx(graph, flags.out));
  if (as_json)
    fmt::print(
        "{}\n",
        Json{{"model", flags.out}, {"nodes", graph.nodes.size()}, {"parameters", graph.parameter_count()}}
            .dump());
  else
    fmt::print("{}: {} nodes, {} parameters\n", flags.out, graph.nodes.size(), graph.parameter_count());
  return 0;
}

}  // namespace

Action configure_import(CLI::App& app, const Environment& /*environment*/) {
  auto flags = std::make_shared<Flags>();
  app.add_option("source", flags->source, "zoo:NAME or an .onnx file")->required();
  app.add_option("-o,--out", flags->out, "the ONNX file to write")->required();
  app.add_option("--num-classes", flags->zoo.num_classes, "classes of a zoo model")->capture_default_str();
  app.add_option("--image-size", flags->zoo.image_size, "height and width of a zoo model's input")
      ->capture_default_str();
  app.add_option("--projection", flags->zoo.projection,
                 "project a zoo model's logits to so many values; names INPUT_IMAGE and OUTPUT_PROJECTION");
  app.add_flag("--dynamic-hw", flags->zoo.dynamic_size, "leave height and width of a zoo model open");
  app.add_option("--seed", flags->zoo.seed, "of a zoo model's random weights")->capture_default_str();
  const CLI::Option* json = add_json_flag(app);
  return [flags, json] { return import_model(*flags, json->count() > 0); };
}

}  // namespace ridgeline::cli
