#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/foreign_model.h"
#include "cli/model_source.h"
#include "cli/model_text.h"
#include "cli/verbs.h"
#include "formats/onnx.h"
#include "graph/infer.h"
#include "graph/zoo/zoo.h"
#include "vision/contract.h"

namespace ridgeline::cli {
namespace {

constexpr std::string_view kZooPrefix = "zoo:";

struct Flags {
  std::string source;
  std::string out;
  std::string model;
  zoo::ZooOptions zoo;
  bool asks_for_image_size = false;
  std::vector<std::string> given;  ///< flags that shape the model
};

/// Flags that are given but mean nothing for such a source.
Status check_flags(const Flags& flags, std::initializer_list<std::string_view> meant, const char* sources) {
  for (const std::string& flag : flags.given)
    if (std::find(meant.begin(), meant.end(), flag) == meant.end())
      return invalid_argument("{}: {} is for {} only: leave it out", flags.source, flag, sources);
  return {};
}

Result<Graph> read_source(const Flags& flags) {
  switch (kind_of(flags.source)) {
    case SourceKind::kZoo:
      RETURN_IF_ERROR(check_flags(
          flags, {"--projection", "--num-classes", "--image-size", "--seed", "--dynamic-hw"}, "weights"));
      return zoo::make(flags.source.substr(kZooPrefix.size()), flags.zoo);
    case SourceKind::kOnnx:
      if (std::filesystem::path(flags.source).extension() != ".onnx")
        return unsupported(
            "{}: only zoo:NAME, a Hugging Face folder and .onnx, .safetensors, .pth, .pt and .bin files can "
            "be imported",
            flags.source);
      RETURN_IF_ERROR(check_flags(flags, {}, "zoo models and weights"));
      return formats::load_onnx(flags.source);
    case SourceKind::kFolder:
    case SourceKind::kCheckpoint:
      break;
  }
  RETURN_IF_ERROR(
      check_flags(flags, {"--projection", "--model", "--image-size", "--dynamic-hw"}, "zoo models"));
  return foreign_model(flags.source, {.model = flags.model,
                                      .image_size = flags.asks_for_image_size ? flags.zoo.image_size : 0,
                                      .projection = flags.zoo.projection,
                                      .dynamic_size = flags.zoo.dynamic_size});
}

Status write_model(const Graph& graph, const std::string& path) {
  return names_weights(path) ? save_weights(graph, path) : formats::save_onnx(graph, path);
}

/// Weights without a contract are lawful, but what consumers will assume should not come as a surprise.
void tell_of_missing_contract(const Flags& flags, const Graph& graph) {
  const SourceKind kind = kind_of(flags.source);
  const bool foreign = kind == SourceKind::kFolder || kind == SourceKind::kCheckpoint;
  if (foreign && !graph.metadata.contains(std::string(vision::kPreprocessingKey)))
    fmt::print(
        stderr,
        "{}: does not say how its images are prepared: torchvision's evaluation recipe will be assumed\n",
        flags.source);
}

Json describe(const Flags& flags, const Graph& graph) {
  Json document = {{"model", flags.out}, {"source", flags.source}};
  document.update(describe_model(graph, formats::kGraphOpset));
  return document;
}

}  // namespace

Action configure_import(CLI::App& app, const Environment& /*environment*/) {
  auto flags = std::make_shared<Flags>();
  app.add_option("source", flags->source,
                 "zoo:NAME (such as zoo:resnet18), an .onnx file, weights (.safetensors, .pth, .pt, .bin), "
                 "or a folder of "
                 "the Hugging Face hub")
      ->required();
  app.add_option("-o,--out", flags->out,
                 "the ONNX file to write, or weights by their end: .safetensors, .pth")
      ->required();
  auto* shape = app.add_option_group("models of the zoo, and weights");
  shape->add_option("--model", flags->model, "what weights are of, where they don't tell: resnet18, …");
  shape->add_option("--projection", flags->zoo.projection, "project the logits to this many values")
      ->check(CLI::Range(1, 1 << 20));
  shape
      ->add_option("--num-classes", flags->zoo.num_classes,
                   "of the classifier, 1000 by default; of ssd_head 21, of unet 2")
      ->check(CLI::Range(1, 1 << 20));
  const CLI::Option* image_size = shape
                                      ->add_option("--image-size", flags->zoo.image_size,
                                                   "height and width of the input (weights: what they tell)")
                                      ->capture_default_str()
                                      ->check(CLI::Range(1, 1 << 20));
  shape->add_option("--seed", flags->zoo.seed, "seed of the random weights")->capture_default_str();
  shape->add_flag("--dynamic-hw", flags->zoo.dynamic_size, "leave height and width open, not only the batch");
  const CLI::Option* json = add_json_flag(app);
  return [flags, shape, image_size, json]() -> Result<int> {
    for (const CLI::Option* option : shape->get_options())
      if (option->count() > 0) flags->given.push_back(option->get_name());
    flags->asks_for_image_size = image_size->count() > 0;
    ASSIGN_OR_RETURN(const Graph graph, read_source(*flags));
    // An op that only the ONNX engines know is no reason to refuse the file.
    Status checked = infer_types(graph).status();
    if (!checked.ok() && checked.code() != ErrorCode::kUnsupported)
      return std::move(checked).with_context(flags->source);
    RETURN_IF_ERROR(write_model(graph, flags->out));
    tell_of_missing_contract(*flags, graph);
    if (json->count() > 0)
      fmt::print("{}\n", describe(*flags, graph).dump());
    else
      fmt::print("{}", model_text(flags->out, graph, formats::kGraphOpset));
    return 0;
  };
}

}  // namespace ridgeline::cli
