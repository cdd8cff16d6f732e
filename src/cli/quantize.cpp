#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "base/json.h"
#include "cli/model_duel.h"
#include "cli/model_source.h"
#include "cli/progress_bar.h"
#include "cli/verbs.h"
#include "cost/devices.h"
#include "engine/registry.h"
#include "formats/onnx.h"
#include "kernels/probes/measure.h"
#include "predict/accuracy.h"
#include "predict/predictor.h"
#include "quantize/report.h"

namespace ridgeline::cli {
namespace {

constexpr std::string_view kBestEngine = "best";
constexpr int kRounds = 20;

struct Flags {
  std::string model;
  std::string data;
  std::string out;
  std::string method = "minmax";
  double percentile = quantize::kDefaultPercentile;
  size_t samples = 200;
  double max_drop = 0.5;
  std::string engine = std::string(kBestEngine);
  int batch = 8;
  int threads = allowed_cpus();
  bool forecast = false;
  bool verify = false;
  bool json = false;
};

/// What INT8 would gain in one call of the flags' batch.
Result<quantize::Forecast> forecast_of(const Graph& model, const Flags& flags, const CancelToken& cancel) {
  ASSIGN_OR_RETURN(const Graph prepared, quantize::prepare(model));
  ASSIGN_OR_RETURN(const predict::ImageInput input, predict::image_input_of(prepared, flags.model));
  const int64_t batch = input.fixed_batch > 0 ? input.fixed_batch : flags.batch;
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(prepared, {{input.name, input.shape(batch)}}));
  ASSIGN_OR_RETURN(const CpuFeatures cpu, usable_cpu_features());
  ASSIGN_OR_RETURN(const MeasuredPeaks peaks, kernels::cached_peaks({cpu, flags.threads, cancel}, false));
  ASSIGN_OR_RETURN(const cost::Device host, cost::host_device(peaks, flags.threads));
  return quantize::forecast(prepared, quantize::plan(prepared, {}), types, host, cpu);
}

/// `count` files spread evenly over all, which lie class by class.
std::vector<std::string> spread(const std::vector<vision::ImageFile>& files, size_t count) {
  std::vector<std::string> chosen;
  count = std::min(count, files.size());
  for (size_t i = 0; i < count; ++i) chosen.push_back(files[i * files.size() / count].path);
  return chosen;
}

Result<quantize::Pictures> pictures_of(const Graph& model, const Flags& flags) {
  ASSIGN_OR_RETURN(const vision::DataFolder data, vision::open_data_folder(flags.data, {}));
  for (const std::string& warning : data.warnings) fmt::print(stderr, "{}\n", warning);
  ASSIGN_OR_RETURN(const predict::ImageInput input, predict::image_input_of(model, flags.model));
  if (input.assumed) fmt::print(stderr, "{}\n", predict::assumption_of(input, flags.model));
  ASSIGN_OR_RETURN(const std::vector<size_t> outputs,
                   predict::outputs_of_classes(input.contract.classes, data.classes()));
  quantize::Pictures pictures{.calibration = spread(data.train.files, flags.samples)};
  for (const vision::ImageFile& file : data.test.files) {
    pictures.test.push_back(file.path);
    pictures.test_labels.push_back(static_cast<int>(outputs[static_cast<size_t>(file.label)]));
  }
  return pictures;
}

/// How much faster INT8 turned out to be.
struct Measured {
  std::string engine;
  std::optional<DuelResult> result;
  std::string reason;  ///< why there is none
};

Result<std::vector<Measured>> verify(const Graph& model, const Graph& quantized,
                                     const EngineRegistry& engines, const Flags& flags,
                                     const CancelToken& cancel) {
  ASSIGN_OR_RETURN(const predict::ImageInput input, predict::image_input_of(model, flags.model));
  const int64_t batch = input.fixed_batch > 0 ? input.fixed_batch : flags.batch;
  const DuelOptions options{flags.threads, {{input.name, input.shape(batch)}}, kRounds, cancel};
  std::vector<Measured> all;
  for (const auto& engine : engines.engines()) {
    const quantize::Runner runner{*engine};
    if (engine->name() == "null" || !engine->probe().available) continue;
    if (runner.precision_of(quantized) != Precision::kInt8) {
      all.push_back({std::string(engine->name()), std::nullopt, "computes with quantized values as floats"});
      continue;
    }
    const Result<DuelResult> found =
        duel(*engine, {model, runner.precision_of(model)}, {quantized, Precision::kInt8}, options);
    if (!found.ok() && found.status().code() == ErrorCode::kCancelled) return found.status();
    all.push_back({std::string(engine->name()), found.ok() ? std::optional(*found) : std::nullopt,
                   found.status().message()});
  }
  return all;
}

Json measured_json(const std::vector<Measured>& all) {
  Json list = Json::array();
  for (const Measured& one : all) {
    if (!one.result) {
      list.push_back({{"engine", one.engine}, {"reason", one.reason}});
      continue;
    }
    list.push_back({{"engine", one.engine},
                    {"fp32_ms", one.result->first_ms},
                    {"int8_ms", one.result->second_ms},
                    {"speedup", one.result->speedup.value},
                    {"speedup_low", one.result->speedup.low},
                    {"speedup_high", one.result->speedup.high}});
  }
  return list;
}

std::string measured_text(const std::vector<Measured>& all, int rounds) {
  std::string text = fmt::format("\nmeasured in {} alternating rounds\n", rounds);
  for (const Measured& one : all)
    text += one.result
                ? fmt::format("  {:<14}{:8.3f} ms in fp32 {:8.3f} ms in int8 {:6.2f}x [{:.2f}, {:.2f}]\n",
                              one.engine, one.result->first_ms, one.result->second_ms,
                              one.result->speedup.value, one.result->speedup.low, one.result->speedup.high)
                : fmt::format("  {:<14}{}\n", one.engine, one.reason);
  return text;
}

Result<int> print_forecast(const quantize::Forecast& forecast, const Flags& flags) {
  if (flags.json)
    fmt::print("{}\n", Json{{"model", flags.model},
                            {"batch", flags.batch},
                            {"threads", flags.threads},
                            {"forecast", to_json(forecast)}}
                           .dump());
  else
    fmt::print("{}", to_text(forecast, true));
  return 0;
}

int64_t file_bytes(const std::string& path) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(path, error);
  return error ? 0 : static_cast<int64_t>(bytes);
}

Json describe(const Flags& flags, std::string_view engine, const quantize::Forecast& expected,
              const quantize::Outcome& outcome, const std::vector<Measured>& measured) {
  return {{"model", flags.model},
          {"out", flags.out},
          {"engine", engine},
          {"threads", flags.threads},
          {"batch", flags.batch},
          {"method", flags.method},
          {"percentile", flags.percentile},
          {"calibration_images", outcome.calibration_images},
          {"skipped", outcome.skipped},
          {"bytes", {{"before", file_bytes(flags.model)}, {"after", file_bytes(flags.out)}}},
          {"forecast", to_json(expected)},
          {"accuracy", accuracy_json(outcome, flags.max_drop)},
          {"layers", layers_json(outcome)},
          {"measured", measured_json(measured)}};
}

void print_text(const Flags& flags, const quantize::Outcome& outcome, const std::vector<Measured>& measured) {
  fmt::print("{}\n{}: {:.1f} MB before, {:.1f} MB now\n", to_text(outcome, flags.max_drop), flags.out,
             static_cast<double>(file_bytes(flags.model)) / 1e6,
             static_cast<double>(file_bytes(flags.out)) / 1e6);
  if (!measured.empty()) fmt::print("{}", measured_text(measured, kRounds));
}

/// Calls `work` with a progress bar on standard error, which is gone afterwards.
template <typename Work>
auto with_progress(const Work& work) {
  ProgressBar bar;
  bar.start();
  return work([&](double share, const std::string& what) { bar.advance(share, what); });
}

/// What would else be found out after minutes of work.
Status check_out(const Flags& flags) {
  if (flags.data.empty() || flags.out.empty())
    return invalid_argument("--data DIR and -o FILE are needed, except with --forecast");
  const std::filesystem::path folder = std::filesystem::path(flags.out).parent_path();
  if (!folder.empty() && !std::filesystem::is_directory(folder))
    return not_found("{}: there is no folder {} to write it to", flags.out, folder.string());
  return {};
}

Result<int> quantize_model(const Flags& flags, const CancelToken& cancel) {
  ASSIGN_OR_RETURN(const Graph model, load_model(flags.model));
  if (flags.forecast) {
    ASSIGN_OR_RETURN(const quantize::Forecast expected, forecast_of(model, flags, cancel));
    return print_forecast(expected, flags);
  }
  RETURN_IF_ERROR(check_out(flags));
  ASSIGN_OR_RETURN(const quantize::Pictures pictures, pictures_of(model, flags));
  const EngineRegistry engines;
  ASSIGN_OR_RETURN(const Engine* engine, flags.engine == kBestEngine
                                             ? predict::best_engine(engines, model, flags.model, {})
                                             : engines.find(flags.engine));
  ASSIGN_OR_RETURN(const quantize::Forecast expected, forecast_of(model, flags, cancel));
  if (!flags.json) fmt::print("{}\n", to_text(expected, false));
  ASSIGN_OR_RETURN(const quantize::Outcome outcome, with_progress([&](const auto& progress) {
                     return quantize::quantize(model, flags.model, pictures,
                                               {*engine, flags.threads, flags.batch, cancel},
                                               {.method = *quantize::method_from_name(flags.method),
                                                .percentile = flags.percentile,
                                                .max_drop_points = flags.max_drop,
                                                .progress = progress});
                   }));
  if (!outcome.search.reached)
    return unsupported("{}: top-1 drops by more than {} points even with all layers but one in float",
                       flags.model, flags.max_drop);
  RETURN_IF_ERROR(formats::save_onnx(outcome.graph, flags.out));
  std::vector<Measured> measured;
  if (flags.verify) {
    ASSIGN_OR_RETURN(measured, verify(model, outcome.graph, engines, flags, cancel));
  }
  if (flags.json)
    fmt::print("{}\n", describe(flags, engine->name(), expected, outcome, measured).dump());
  else
    print_text(flags, outcome, measured);
  return 0;
}

}  // namespace

Action configure_quantize(CLI::App& app, const Environment& environment) {
  auto flags = std::make_shared<Flags>();
  app.footer("docs/quantize.md tells what is written, how it is chosen, and the keys of --json.");
  app.add_option("model", flags->model, "an ONNX file of an FP32 classifier, or zoo:NAME")->required();
  app.add_option("--data", flags->data,
                 "folder of images with train/ and test/, or one that is split: calibration on the one side, "
                 "accuracy on the other");
  app.add_option("-o,--out", flags->out, "the ONNX file to write");
  app.add_option("--method", flags->method, "how ranges are chosen: minmax, entropy or percentile")
      ->capture_default_str()
      ->check(CLI::IsMember({"minmax", "entropy", "percentile"}));
  app.add_option("--percentile", flags->percentile, "of the values that a range holds, in percent")
      ->capture_default_str()
      ->check(CLI::Range(50.0, 100.0));
  app.add_option("--samples", flags->samples, "images to calibrate with")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--max-drop", flags->max_drop,
                 "points of top-1 that may be lost; the worst layers stay in float until it holds")
      ->capture_default_str()
      ->check(CLI::Range(0.0, 100.0));
  app.add_option("--engine", flags->engine, "that calibrates and judges; best: the fastest here")
      ->capture_default_str();
  app.add_option("--batch", flags->batch, "images per call")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 16));
  app.add_option("--threads", flags->threads)->capture_default_str()->check(CLI::Range(1, 4096));
  app.add_flag("--forecast", flags->forecast,
               "print what INT8 can gain on this CPU, layer by layer, and stop");
  app.add_flag("--verify", flags->verify,
               "time both models in alternating rounds, on every engine with integer kernels");
  app.add_flag("--json", flags->json)
      ->description("print one JSON document on standard output and nothing else there");
  return [flags, cancel = environment.cancel] { return quantize_model(*flags, cancel); };
}

}  // namespace ridgeline::cli
