#include "cli/verbs.h"

#include <array>

namespace ridgeline::cli {

Action configure_analyze(CLI::App& app, const Environment& environment);
Action configure_bench(CLI::App& app, const Environment& environment);
Action configure_compare(CLI::App& app, const Environment& environment);
Action configure_export(CLI::App& app, const Environment& environment);
Action configure_import(CLI::App& app, const Environment& environment);
Action configure_infer(CLI::App& app, const Environment& environment);
Action configure_merge(CLI::App& app, const Environment& environment);
Action configure_instance(CLI::App& app, const Environment& environment);
Action configure_worker(CLI::App& app, const Environment& environment);
Action configure_data(CLI::App& app, const Environment& environment);
Action configure_doctor(CLI::App& app, const Environment& environment);
Action configure_quantize(CLI::App& app, const Environment& environment);
Action configure_report(CLI::App& app, const Environment& environment);
Action configure_repository(CLI::App& app, const Environment& environment);
Action configure_serve(CLI::App& app, const Environment& environment);
Action configure_train(CLI::App& app, const Environment& environment);
Action configure_version(CLI::App& app, const Environment& environment);

const CLI::Option* add_json_flag(CLI::App& app) {
  return app.add_flag("--json")->description(
      "print one JSON document on standard output and nothing else there");
}

std::span<const Verb> verbs() {
  static constexpr std::array kVerbs = {
      Verb{"analyze", "FLOPs, bytes, intensity and the roofline, layer by layer", configure_analyze},
      Verb{"bench", "race engines, precisions, sizes and batches against each other", configure_bench},
      Verb{"compare", "say what changed between two races; exit 1 on a regression", configure_compare},
      Verb{"data", "make and inspect folders of images", configure_data},
      Verb{"doctor", "say what this machine can run models with: engines, CPU, GPU, measured peaks",
           configure_doctor},
      Verb{"export", "write a model as ONNX with its contract, and hold every engine's answers against it",
           configure_export},
      Verb{"import",
           "write a model as ONNX: of the zoo, of weights trained elsewhere, or an ONNX file brought to "
           "opset 17",
           configure_import},
      Verb{"infer", "say what a model sees in image files: the likeliest classes of each", configure_infer},
      Verb{"instance", "run one instance of a served model, as told by the server that started it",
           configure_instance, true},
      Verb{"merge", "join the results of a race's shards", configure_merge},
      Verb{"quantize", "write a model in INT8, and say what it gains and loses", configure_quantize},
      Verb{"report", "turn a race's results into HTML, Markdown and plots", configure_report},
      Verb{"repository", "look over a folder of models that is to be served", configure_repository},
      Verb{"serve", "serve a repository of models: KServe v2 and Triton's extensions over HTTP and gRPC",
           configure_serve},
      Verb{"train", "train a model on a folder of images, as configurations and overrides say",
           configure_train},
      Verb{"version", "print the version of this build", configure_version},
      Verb{"worker", "run one cell of a race, as told on standard input", configure_worker, true},
  };
  return kVerbs;
}

}  // namespace ridgeline::cli
