#include <filesystem>
#include <fmt/core.h>
#include <memory>
#include <string>

#include "base/cpu_features.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/export_verdict.h"
#include "cli/model_source.h"
#include "cli/model_text.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"
#include "engine/model_precision.h"
#include "formats/onnx.h"
#include "formats/weights.h"
#include "graph/infer.h"
#include "graph/passes/open_dimensions.h"
#include "graph/passes/to_bf16.h"
#include "graph/passes/to_fp16.h"
#include "predict/image_input.h"
#include "predict/sample_images.h"
#include "predict/verify.h"

namespace ridgeline::cli {
namespace {

constexpr const char* kPainted = "painted flowers";

struct Flags {
  std::string source;
  std::string out;
  int64_t opset = formats::kGraphOpset;
  formats::GraphOptions shape;
  std::string precision;
  std::string data;
  int64_t images = 16;
  int threads = allowed_cpus();
  bool verify = true;
  bool json = false;
};

/// What a finished verification leaves to say.
struct Checked {
  predict::Verification verification;
  int64_t images = 0;
  std::string data;
};

/// The model with its contract in the metadata, in the weights' own precision.
Result<Graph> read_source(const Flags& flags) {
  ASSIGN_OR_RETURN(Graph graph, load_model_as(flags.source, flags.shape));
  RETURN_IF_ERROR(passes::open_dimensions(graph, flags.shape.dynamic_size).with_context(flags.source));
  const Result<predict::ImageInput> input = predict::image_input_of(graph, flags.source);
  if (!input.ok() && input.status().code() == ErrorCode::kUnsupported && !flags.verify) return graph;
  RETURN_IF_ERROR(input.status());
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph, {{input->name, input->shape(1)}}));
  const std::optional<Shape>& outputs = types.find(graph.outputs[0].name)->second.shape;
  if (outputs && outputs->is_static())
    RETURN_IF_ERROR(predict::check_classes(input->contract, outputs->element_count(), flags.source));
  if (input->assumed) fmt::print(stderr, "{}\n", predict::assumption_of(*input, flags.source));
  for (auto& [key, value] : vision::to_metadata(input->contract)) graph.metadata[key] = std::move(value);
  return graph;
}

Result<Graph> in_precision(const Flags& flags, const Graph& graph) {
  const Precision stored = stored_precision(graph);
  const auto wanted = flags.precision.empty() ? stored : precision_from_name(flags.precision);
  Graph converted = graph;
  if (wanted == stored) return converted;
  if (stored != Precision::kFp32 || (wanted != Precision::kFp16 && wanted != Precision::kBf16))
    return invalid_argument("--precision {}: {} is {}, and only fp32 models are converted, to fp16 or bf16",
                            flags.precision, flags.source, name_of(stored));
  RETURN_IF_ERROR(wanted == Precision::kFp16 ? passes::to_fp16(converted) : passes::to_bf16(converted));
  return converted;
}

Result<Checked> check(const Flags& flags, const Graph& original, const Graph& exported,
                      const CancelToken& cancel) {
  ASSIGN_OR_RETURN(const predict::ImageInput input, predict::image_input_of(exported, flags.out));
  const vision::Preprocessing& how = input.contract.preprocessing;
  ASSIGN_OR_RETURN(const predict::SampleImages samples,
                   flags.data.empty() ? predict::paint_samples(how, flags.images)
                                      : predict::sample_folder(flags.data, how, flags.images));
  for (const std::string& reason : samples.skipped) fmt::print(stderr, "skipped: {}\n", reason);
  const predict::VerifyCase what{original, exported, samples.batches, flags.threads};
  const EngineRegistry registry;
  ASSIGN_OR_RETURN(const Engine* reference, predict::reference_engine(registry, what));
  ProgressBar progress;
  double done = 0;
  const auto observe = [&](const predict::EngineVerdict& row) {
    progress.advance(++done / static_cast<double>(registry.engines().size()), row.engine);
  };
  ASSIGN_OR_RETURN(predict::Verification verification,
                   predict::verify(what, *reference, registry.engines(), observe, cancel));
  return Checked{std::move(verification), samples.count, flags.data.empty() ? kPainted : flags.data};
}

void report(const Flags& flags, const Graph& exported, const std::optional<Checked>& checked) {
  if (!flags.json) {
    fmt::print("{}", model_text(flags.out, exported, flags.opset));
    if (checked) fmt::print("{}", table_of(checked->verification, checked->images, checked->data));
    return;
  }
  Json document = {
      {"model", flags.out}, {"source", flags.source}, {"precision", name_of(stored_precision(exported))}};
  document.update(describe_model(exported, flags.opset));
  document["verification"] =
      checked ? describe(checked->verification, checked->images, checked->data) : Json(nullptr);
  fmt::print("{}\n", document.dump(-1, ' ', false, Json::error_handler_t::replace));
}

Result<int> export_onnx(const Flags& flags, const CancelToken& cancel) {
  ASSIGN_OR_RETURN(const Graph original, read_source(flags));
  ASSIGN_OR_RETURN(const Graph converted, in_precision(flags, original));
  ASSIGN_OR_RETURN(const std::string bytes, formats::to_onnx(converted, {.opset = flags.opset}));
  ASSIGN_OR_RETURN(const Graph exported, formats::parse_onnx(bytes, flags.out));
  std::optional<Checked> checked;
  if (flags.verify) {
    ASSIGN_OR_RETURN(checked, check(flags, original, exported, cancel));
  }
  const bool agrees = !checked || checked->verification.agrees();
  if (agrees) RETURN_IF_ERROR(write_file_atomically(flags.out, bytes));
  report(flags, exported, checked);
  if (!agrees)
    fmt::print(stderr, "ridgeline export: {} was not written: an engine fails on it or disagrees with {}\n",
               flags.out, flags.source);
  return agrees ? 0 : 1;
}

Result<int> export_weights(const Flags& flags) {
  ASSIGN_OR_RETURN(const Graph graph, read_source(flags));
  RETURN_IF_ERROR(save_weights(graph, flags.out));
  if (flags.json)
    fmt::print("{}\n", Json{{"model", flags.out},
                            {"source", flags.source},
                            {"name", graph.name},
                            {"parameters", graph.parameter_count()}}
                           .dump());
  else
    fmt::print("{}: {} of {} parameters\n", flags.out, graph.name, graph.parameter_count());
  return 0;
}

Result<int> run_export(const Flags& flags, bool has_onnx_flags, const CancelToken& cancel) {
  if (std::filesystem::path(flags.out).extension() == ".onnx") return export_onnx(flags, cancel);
  if (!names_weights(flags.out))
    return invalid_argument("--out {}: name it .onnx, or .safetensors or .pth for the weights alone",
                            flags.out);
  if (has_onnx_flags)
    return invalid_argument(
        "--out {}: weights alone have no opset, precision or engines to verify on: leave these flags out",
        flags.out);
  return export_weights(flags);
}

}  // namespace

Action configure_export(CLI::App& app, const Environment& environment) {
  auto flags = std::make_shared<Flags>();
  app.add_option("source", flags->source,
                 "a checkpoint (.safetensors, .pth), an .onnx file, a Hugging Face folder, or zoo:NAME")
      ->required();
  app.add_option("-o,--out", flags->out, "the file to write: .onnx, or weights as .safetensors or .pth")
      ->required();
  app.add_flag("--dynamic-hw", flags->shape.dynamic_size, "leave height and width open; the batch always is");
  app.add_option("--projection", flags->shape.projection,
                 "project a zoo model's or checkpoint's logits to this many values: INPUT_IMAGE to "
                 "OUTPUT_PROJECTION")
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--image-size", flags->shape.image_size,
                 "of a zoo model or checkpoint; by default what it was trained at")
      ->check(CLI::Range(1, 1 << 14));
  auto* onnx = app.add_option_group("ONNX");
  onnx->add_option("--opset", flags->opset, "version of the ONNX operators")
      ->capture_default_str()
      ->check(CLI::Range(formats::kOldestWrittenOpset, formats::kMaxOpset));
  onnx->add_option("--precision", flags->precision, "convert an fp32 model; inputs and outputs stay fp32")
      ->check(CLI::IsMember({"fp32", "fp16", "bf16"}));
  onnx->add_option("--data", flags->data, "verify on this folder's images; without it on painted ones");
  onnx->add_option("--images", flags->images, "about how many images to verify on, in whole batches")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  onnx->add_option("--threads", flags->threads, "for verification; by default one for each CPU")
      ->check(CLI::Range(1, 1 << 12));
  onnx->add_flag("!--no-verify", flags->verify, "write the file without running it on any engine");
  const CLI::Option* json = add_json_flag(app);
  return [flags, onnx, json, cancel = environment.cancel]() -> Result<int> {
    flags->json = json->count() > 0;
    return run_export(*flags, onnx->count_all() > 0, cancel);
  };
}

}  // namespace ridgeline::cli
