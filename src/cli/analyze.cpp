#include <charconv>
#include <fmt/core.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "base/json.h"
#include "bench/compare.h"
#include "cli/device_text.h"
#include "cli/measured_race.h"
#include "cli/model_source.h"
#include "cli/plan_text.h"
#include "cli/race_limits.h"
#include "cli/verbs.h"
#include "cost/limits.h"
#include "engine/model_precision.h"
#include "graph/infer.h"
#include "kernels/probes/measure.h"

namespace ridgeline::cli {
namespace {

struct Flags {
  std::string model;
  std::string conv;
  std::vector<int64_t> sizes;
  std::vector<int64_t> batches;
  std::string device = "host";
  int threads = 0;
  bool list_devices = false;
  bool measure = false;
  std::string measured;
  std::string engine;
  bool explain = false;
  std::string precision;

  bool on_host() const { return device == "host"; }
  int host_threads() const { return threads > 0 ? threads : allowed_cpus(); }
  std::vector<int64_t> batches_or_one() const { return batches.empty() ? std::vector<int64_t>{1} : batches; }
};

/// What a race measured of a case.
struct Measured {
  bench::Cell cell;
  cost::Attainment attainment;
};

struct Case {
  ImageCase image;
  cost::Analysis analysis;
  std::optional<Measured> measured;

  const cost::Attainment* attainment() const { return measured ? &measured->attainment : nullptr; }
};

/// IN,OUT,K,SIZE[,STRIDE].
Result<cost::ConvCase> parse_conv(const std::string& text) {
  std::vector<int64_t> numbers;
  for (const char *at = text.data(), *end = at + text.size(); at < end;) {
    int64_t number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    constexpr int64_t kLargest = 1 << 20;
    if (error != std::errc{} || number < 1 || number > kLargest || (rest != end && *rest != ',')) break;
    numbers.push_back(number);
    at = rest == end ? end : rest + 1;
    if (rest != end && at == end) numbers.clear();  // a comma at the end
  }
  const bool is_whole = static_cast<size_t>(std::count(text.begin(), text.end(), ',')) + 1 == numbers.size();
  if (!is_whole || numbers.size() < 4 || numbers.size() > 5)
    return invalid_argument(
        "--conv is '{}': give IN,OUT,K,SIZE or IN,OUT,K,SIZE,STRIDE, each from 1 to 1048576", text);
  return cost::ConvCase{1,          numbers[0], numbers[1],
                        numbers[2], numbers[3], numbers.size() == 5 ? numbers[4] : 1};
}

struct ChosenDevice {
  cost::Device device;
  Json json;
  std::string measured;  ///< what was measured of the host, for people
};

Result<ChosenDevice> choose_device(const Flags& flags, const Environment& environment) {
  if (!flags.on_host()) {
    ASSIGN_OR_RETURN(cost::Device device, cost::find_device(flags.device));
    Json json = cost::to_json(device);
    return ChosenDevice{std::move(device), std::move(json), ""};
  }
  ASSIGN_OR_RETURN(const CpuFeatures cpu, usable_cpu_features());
  const int threads = flags.host_threads();
  ASSIGN_OR_RETURN(const MeasuredPeaks peaks,
                   kernels::cached_peaks({cpu, threads, environment.cancel}, flags.measure));
  ASSIGN_OR_RETURN(cost::Device device, cost::host_device(peaks, threads));
  Json json = cost::to_json(device);
  json["measured"] = to_json(peaks);
  return ChosenDevice{std::move(device), std::move(json), peaks_text(peaks)};
}

std::vector<Case> conv_cases(const cost::ConvCase& conv, const std::vector<int64_t>& batches) {
  std::vector<Case> cases;
  for (const int64_t batch : batches) {
    cost::ConvCase at_batch = conv;
    at_batch.batch = batch;
    cases.push_back({{batch, conv.size, conv.size}, cost::analyze(at_batch), std::nullopt});
  }
  return cases;
}

Json to_json(const Measured& measured) {
  const cost::Attainment& attained = measured.attainment;
  return {{"engine", measured.cell.engine},
          {"precision", measured.cell.precision},
          {"device", measured.cell.device},
          {"threads", measured.cell.threads},
          {"data", measured.cell.data},
          {"mean_ms", *measured.cell.mean_ms},
          {"profiled_ms", attained.seconds * 1e3},
          {"matched_ms", attained.matched_seconds * 1e3},
          {"unmatched", attained.unmatched},
          {"untimed", attained.untimed}};
}

void print_json(const std::string& model, const ChosenDevice& chosen, const std::vector<Case>& cases) {
  Json document{{"model", model}, {"convention", cost::kConvention}, {"device", chosen.json}};
  document["cases"] = Json::array();
  for (const Case& one : cases) {
    Json json{{"batch", one.image.batch}, {"height", one.image.height}, {"width", one.image.width}};
    json.update(cost::to_json(one.analysis, chosen.device, one.attainment()));
    if (one.measured) json["measured"] = to_json(*one.measured);
    document["cases"].push_back(std::move(json));
  }
  fmt::print("{}\n", document.dump(2));
}

void print_text(const std::string& model, const ChosenDevice& chosen, const std::vector<Case>& cases) {
  const cost::Device& device = chosen.device;
  fmt::print("{} on {}; {}\n", model, device.name, cost::kConvention);
  for (const auto& [precision, flops] : device.peak_flops)
    fmt::print("  {}: {:.2f} TFLOP/s, ridge {:.1f} FLOP/B\n", precision, flops / 1e12,
               flops / device.bytes_per_s);
  fmt::print("  memory: {:.1f} GB/s ({})\n{}", device.bytes_per_s / 1e9, device.source, chosen.measured);
  for (const Case& one : cases) {
    fmt::print("\nbatch {}, {}x{}", one.image.batch, one.image.height, one.image.width);
    if (one.measured)
      fmt::print("; measured: {}, {:.3f} ms a call", bench::identity_of(one.measured->cell),
                 *one.measured->cell.mean_ms);
    fmt::print("\n{}", cost::to_text(one.analysis, device, one.attainment()));
  }
}

Result<Case> cost_case(const Graph& graph, const ImageCase& image, const MeasuredRace* race) {
  ASSIGN_OR_RETURN(const InputShapes shapes, image_shapes(graph, image));
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph, shapes, DataSizes::kLargest));
  Case one{image, cost::analyze(graph, types), std::nullopt};
  if (race == nullptr) return one;
  ASSIGN_OR_RETURN(const ProfiledRow* row, race->fastest(image));
  if (row->cell.flops && *row->cell.flops != one.analysis.total.flops)
    return invalid_argument("{} is {} FLOPs and this model {}: another model was raced",
                            bench::identity_of(row->cell), *row->cell.flops, one.analysis.total.flops);
  std::vector<OpTime> ops;
  for (const bench::ProfiledOp& op : row->profile.ops) ops.push_back(op.time);
  one.measured = Measured{row->cell, cost::attain(graph, types, one.analysis, timed_layers(ops))};
  return one;
}

Result<MeasuredRace> measured_race(const Graph& graph, const Flags& flags) {
  RowFilter filter{flags.engine, std::string(name_of(stored_precision(graph))), std::nullopt,
                   flags.host_threads()};
  if (!flags.on_host()) {
    ASSIGN_OR_RETURN(const cost::Device device, cost::find_device(flags.device));
    filter.gpu = device.name;
  }
  return MeasuredRace::load(flags.measured, filter);
}

Result<std::vector<Case>> model_cases(const Graph& graph, const Flags& flags) {
  std::optional<MeasuredRace> race;
  std::vector<ImageCase> images;
  if (!flags.measured.empty()) {
    ASSIGN_OR_RETURN(race, measured_race(graph, flags));
    if (flags.sizes.empty() && flags.batches.empty()) images = race->cases();
  }
  if (images.empty()) {
    ASSIGN_OR_RETURN(const std::vector<int64_t> sizes, sizes_of(graph, flags.sizes));
    for (const int64_t size : sizes)
      for (const int64_t batch : flags.batches_or_one()) images.push_back({batch, size, size});
  }
  std::vector<Case> cases;
  for (const ImageCase& image : images) {
    ASSIGN_OR_RETURN(Case one, cost_case(graph, image, race ? &*race : nullptr));
    cases.push_back(std::move(one));
  }
  return cases;
}

Result<std::vector<Case>> cases_of(const Flags& flags) {
  if (flags.model.empty() == flags.conv.empty())
    return invalid_argument("name a model (a file, or zoo:NAME) or --conv IN,OUT,K,SIZE, one of them");
  if (!flags.conv.empty()) {
    if (!flags.measured.empty()) return invalid_argument("--measured goes with a model, not with --conv");
    ASSIGN_OR_RETURN(const cost::ConvCase conv, parse_conv(flags.conv));
    return conv_cases(conv, flags.batches_or_one());
  }
  ASSIGN_OR_RETURN(const Graph graph, load_model(flags.model));
  return model_cases(graph, flags);
}

/// An op whose work is not known makes every total wrong, so the verb fails after it has shown the rest.
Status check_counted(const std::string& model, const std::vector<Case>& cases) {
  for (const Case& one : cases)
    for (const cost::Uncounted& op : one.analysis.uncounted)
      return unsupported("{}: the totals lack {} '{}': {}", model, op.op, op.name, op.reason);
  return {};
}

void print_devices(bool as_json) {
  if (!as_json) {
    fmt::print("{}", devices_text(cost::published_devices()));
    return;
  }
  Json devices = Json::array();
  for (const cost::Device& device : cost::published_devices()) devices.push_back(cost::to_json(device));
  fmt::print("{}\n", Json{{"convention", cost::kConvention}, {"devices", std::move(devices)}}.dump(2));
}

/// The plan of the first size and batch that were asked for.
Result<int> explain(const Flags& flags, bool as_json) {
  if (flags.model.empty()) return invalid_argument("--explain goes with a model: a file, or zoo:NAME");
  ASSIGN_OR_RETURN(const Graph graph, load_model(flags.model));
  ASSIGN_OR_RETURN(const std::vector<int64_t> sizes, sizes_of(graph, flags.sizes));
  ASSIGN_OR_RETURN(const InputShapes shapes,
                   image_shapes(graph, {flags.batches_or_one()[0], sizes[0], sizes[0]}));
  const Precision stored = stored_precision(graph) == Precision::kInt8 ? Precision::kInt8 : Precision::kFp32;
  const auto precision = flags.precision.empty() ? stored : precision_from_name(flags.precision);
  if (!precision)
    return invalid_argument("--precision is '{}': use fp32, bf16, bf16x3 or int8", flags.precision);
  ASSIGN_OR_RETURN(const native::Explanation plan,
                   native::explain(graph, {shapes, flags.host_threads(), *precision}));
  fmt::print("{}", as_json ? Json{{"model", flags.model}, {"plan", plan_json(plan)}}.dump(2) + "\n"
                           : plan_text(plan));
  return 0;
}

Result<int> analyze(const Flags& flags, bool as_json, const Environment& environment) {
  if (flags.explain) return explain(flags, as_json);
  if (flags.list_devices) {
    print_devices(as_json);
    return 0;
  }
  ASSIGN_OR_RETURN(const std::vector<Case> cases, cases_of(flags));
  ASSIGN_OR_RETURN(const ChosenDevice chosen, choose_device(flags, environment));
  const std::string model = flags.model.empty() ? fmt::format("conv {}", flags.conv) : flags.model;
  (as_json ? print_json : print_text)(model, chosen, cases);
  RETURN_IF_ERROR(check_counted(model, cases));
  return 0;
}

}  // namespace

Action configure_analyze(CLI::App& app, const Environment& environment) {
  auto flags = std::make_shared<Flags>();
  app.add_option("model", flags->model,
                 "an ONNX file, or zoo:NAME; sizes that the data decide count as the largest");
  app.add_option("--size", flags->sizes, "image sizes; default: the model's own, else 224")->delimiter(',');
  app.add_option("--conv", flags->conv,
                 "cost one square convolution IN,OUT,K,SIZE[,STRIDE] under same padding");
  app.add_option("--batch", flags->batches, "batch sizes; default: 1")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--device", flags->device, "host (measured), or a published device such as a10 or h100")
      ->capture_default_str();
  app.add_flag("--devices", flags->list_devices,
               "list the published devices with their dense peaks and where they are published");
  app.add_option("--threads", flags->threads, "threads of the host; default: all that may run")
      ->check(CLI::Range(1, 4096));
  app.add_flag("--measure", flags->measure, "measure the host's peaks again");
  auto* measured = app.add_option("--measured", flags->measured,
                                  "folder of a race of this model: says what each layer attained; without "
                                  "--size and --batch all that was measured");
  app.add_option("--engine", flags->engine, "whose row of the race; default: the fastest")->needs(measured);
  app.add_flag(
      "--explain", flags->explain,
      "print what `native` would run instead: each step's kernel, why not the ones before it, and memory");
  app.add_option("--precision", flags->precision,
                 "with --explain: fp32 (default), bf16, bf16x3, or int8 (default of quantized models)");
  const CLI::Option* json = add_json_flag(app);
  return [flags, json, environment] { return analyze(*flags, json->count() > 0, environment); };
}

}  // namespace ridgeline::cli
