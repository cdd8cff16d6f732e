#include <algorithm>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/model_source.h"
#include "cli/verbs.h"
#include "engine/model_precision.h"
#include "predict/find_images.h"
#include "predict/predictor.h"

namespace ridgeline::cli {
namespace {

constexpr std::string_view kBestEngine = "best";

struct Flags {
  std::string model;
  std::vector<std::string> images;
  size_t top = 5;
  std::string engine = std::string(kBestEngine);
  std::string precision;
  std::string device = "cpu";
  int batch = 8;
  int threads = allowed_cpus();
  std::string csv;
  bool json = false;
};

/// What was said of one file.
struct Answer {
  std::string file;
  Status status;
  std::vector<predict::Ranked> top;
};

/// A model, ready to run, and what to say of it.
struct Setup {
  predict::Predictor predictor;
  std::string engine;
  std::string version;
  Precision precision;
};

/// The class's name, or its number where the contract names none.
std::string class_name(const predict::Predictor& predictor, size_t index) {
  const std::vector<std::string>& classes = predictor.input().contract.classes;
  return classes.empty() ? std::to_string(index) : classes[index];
}

std::string text_of(const predict::Predictor& predictor, const Answer& answer) {
  std::string line = answer.file;
  for (const predict::Ranked& ranked : answer.top)
    line += fmt::format("  {} {:.2f} %", class_name(predictor, ranked.index), 100 * ranked.probability);
  return line;
}

std::string csv_of(const predict::Predictor& predictor, const std::vector<Answer>& answers) {
  std::string csv = "file,rank,index,class,probability,error\n";
  for (const Answer& answer : answers) {
    if (!answer.status.ok())
      csv += fmt::format("{},,,,,{}\n", csv_quoted(answer.file), csv_quoted(answer.status.message()));
    for (size_t i = 0; i < answer.top.size(); ++i)
      csv += fmt::format("{},{},{},{},{:.6f},\n", csv_quoted(answer.file), i + 1, answer.top[i].index,
                         csv_quoted(class_name(predictor, answer.top[i].index)), answer.top[i].probability);
  }
  return csv;
}

Json json_of(const predict::Predictor& predictor, const Answer& answer) {
  if (!answer.status.ok()) return {{"file", answer.file}, {"error", answer.status.message()}};
  Json top = Json::array();
  for (const predict::Ranked& ranked : answer.top)
    top.push_back({{"index", ranked.index},
                   {"class", class_name(predictor, ranked.index)},
                   {"probability", ranked.probability}});
  return {{"file", answer.file}, {"top", std::move(top)}};
}

Json describe(const Flags& flags, const Setup& setup, const std::vector<Answer>& answers) {
  Json images = Json::array();
  for (const Answer& answer : answers) images.push_back(json_of(setup.predictor, answer));
  const auto skipped =
      std::count_if(answers.begin(), answers.end(), [](const Answer& answer) { return !answer.status.ok(); });
  return {{"model", flags.model},
          {"engine", setup.engine},
          {"engine_version", setup.version},
          {"precision", name_of(setup.precision)},
          {"device", flags.device},
          {"threads", flags.threads},
          {"batch", setup.predictor.batch()},
          {"contract_assumed", setup.predictor.input().assumed},
          {"skipped", skipped},
          {"images", std::move(images)}};
}

Result<Setup> prepare(const Flags& flags, size_t file_count) {
  ASSIGN_OR_RETURN(const Graph graph, load_model(flags.model));
  const auto precision =
      flags.precision.empty() ? stored_precision(graph) : precision_from_name(flags.precision);
  if (!precision)
    return invalid_argument("--precision {}: is none of fp32, fp16, bf16, bf16x3, int8", flags.precision);
  const predict::PredictorOptions options{.precision = *precision,
                                          .device = flags.device,
                                          .threads = flags.threads,
                                          .batch = std::min(flags.batch, static_cast<int>(file_count))};
  const EngineRegistry registry(PlanCache::kOn);
  ASSIGN_OR_RETURN(const Engine* engine, flags.engine == kBestEngine
                                             ? predict::best_engine(registry, graph, flags.model, options)
                                             : registry.find(flags.engine));
  ASSIGN_OR_RETURN(predict::Predictor predictor,
                   predict::Predictor::make(graph, flags.model, *engine, options));
  if (predictor.input().assumed)
    fmt::print(stderr, "{}\n", predict::assumption_of(predictor.input(), flags.model));
  return Setup{std::move(predictor), std::string(engine->name()), engine->version(), *precision};
}

std::string heading(const Flags& flags, const Setup& setup) {
  return fmt::format("{} on {} {}, {}, {}, threads {}, batch {}", flags.model, setup.engine, setup.version,
                     name_of(setup.precision), flags.device, flags.threads, setup.predictor.batch());
}

/// Runs all files; text goes out as it comes.
Status answer_all(const Flags& flags, const std::vector<std::string>& files, const CancelToken& cancel,
                  Setup& setup, std::vector<Answer>& answers) {
  predict::Predictor& predictor = setup.predictor;
  bool headed = false;
  const auto take = [&](const predict::Prediction& prediction) {
    Answer answer{files[prediction.index], prediction.status,
                  predict::top_k(prediction.logits, predictor.scores(), flags.top)};
    if (!answer.status.ok()) {
      fmt::print(stderr, "skipped: {}\n", answer.status.message());
    } else if (!flags.json) {
      if (!headed) fmt::print("{}\n", heading(flags, setup));
      headed = true;
      fmt::print("{}\n", text_of(predictor, answer));
    }
    answers.push_back(std::move(answer));
  };
  return predictor.run(files, take, cancel);
}

Result<int> run_infer(const Flags& flags, const CancelToken& cancel) {
  ASSIGN_OR_RETURN(const std::vector<std::string> files, predict::find_images(flags.images));
  ASSIGN_OR_RETURN(Setup setup, prepare(flags, files.size()));
  std::vector<Answer> answers;
  const Status done = answer_all(flags, files, cancel, setup, answers);
  if (!done.ok() && done.code() != ErrorCode::kCancelled) return done;
  if (std::none_of(answers.begin(), answers.end(), [](const Answer& each) { return each.status.ok(); }) &&
      done.ok())
    return invalid_argument("none of {} files could be read as an image", files.size());
  if (!flags.csv.empty()) RETURN_IF_ERROR(write_file_atomically(flags.csv, csv_of(setup.predictor, answers)));
  if (flags.json)
    fmt::print("{}\n", describe(flags, setup, answers).dump(-1, ' ', false, Json::error_handler_t::replace));
  RETURN_IF_ERROR(done);
  return 0;
}

}  // namespace

Action configure_infer(CLI::App& app, const Environment& environment) {
  auto flags = std::make_shared<Flags>();
  app.add_option("model", flags->model,
                 "an .onnx file, a checkpoint (.safetensors, .pth), a Hugging Face folder, or zoo:NAME")
      ->required();
  app.add_option("images", flags->images, "files, folders and patterns")->required();
  app.add_option("-k,--top", flags->top, "classes to name for each image")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--engine", flags->engine, "the engine to run on; by default the best that is here")
      ->capture_default_str();
  app.add_option("--precision", flags->precision, "by default that of the model's weights");
  app.add_option("--device", flags->device, "cpu or cuda:N")->capture_default_str();
  app.add_option("--batch", flags->batch, "images at a time")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 14));
  app.add_option("--threads", flags->threads, "by default one for each CPU")->check(CLI::Range(1, 1 << 12));
  app.add_option("--csv", flags->csv, "also write the answers to this file");
  const CLI::Option* json = add_json_flag(app);
  return [flags, json, cancel = environment.cancel]() -> Result<int> {
    flags->json = json->count() > 0;
    return run_infer(*flags, cancel);
  };
}

}  // namespace ridgeline::cli
