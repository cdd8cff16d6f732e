#include <charconv>
#include <fmt/core.h>
#include <memory>
#include <string>
#include <vector>

#include "base/cpu_features.h"
#include "base/json.h"
#include "cli/model_source.h"
#include "cli/verbs.h"
#include "cost/limits.h"
#include "graph/infer.h"
#include "kernels/probes/measure.h"

namespace ridgeline::cli {
namespace {

struct Flags {
  std::string model;
  std::string conv;
  std::vector<int64_t> sizes;
  std::vector<int64_t> batches = {1};
  std::string device = "host";
  int threads = 0;
  bool measure = false;
};

struct Case {
  int64_t batch, height, width;
  cost::Analysis analysis;
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
};

Result<ChosenDevice> choose_device(const Flags& flags, const Environment& environment) {
  if (flags.device != "host") {
    ASSIGN_OR_RETURN(cost::Device device, cost::find_device(flags.device));
    Json json = cost::to_json(device);
    return ChosenDevice{std::move(device), std::move(json)};
  }
  ASSIGN_OR_RETURN(const CpuFeatures cpu, usable_cpu_features());
  const int threads = flags.threads > 0 ? flags.threads : allowed_cpus();
  ASSIGN_OR_RETURN(const MeasuredPeaks peaks,
                   kernels::cached_peaks({cpu, threads, environment.cancel}, flags.measure));
  ASSIGN_OR_RETURN(cost::Device device, cost::host_device(peaks, threads));
  Json json = cost::to_json(device);
  json["measured"] = to_json(peaks);
  return ChosenDevice{std::move(device), std::move(json)};
}

std::vector<Case> conv_cases(const cost::ConvCase& conv, const std::vector<int64_t>& batches) {
  std::vector<Case> cases;
  for (const int64_t batch : batches) {
    cost::ConvCase at_batch = conv;
    at_batch.batch = batch;
    cases.push_back({batch, conv.size, conv.size, cost::analyze(at_batch)});
  }
  return cases;
}

void print_json(const std::string& model, const ChosenDevice& chosen, const std::vector<Case>& cases) {
  Json document{{"model", model}, {"convention", cost::kConvention}, {"device", chosen.json}};
  document["cases"] = Json::array();
  for (const Case& one : cases) {
    Json json{{"batch", one.batch}, {"height", one.height}, {"width", one.width}};
    json.update(cost::to_json(one.analysis, chosen.device));
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
  fmt::print("  memory: {:.1f} GB/s ({})\n", device.bytes_per_s / 1e9, device.source);
  for (const Case& one : cases)
    fmt::print("\nbatch {}, {}x{}\n{}", one.batch, one.height, one.width,
               cost::to_text(one.analysis, device));
}

Result<std::vector<Case>> model_cases(const Graph& graph, const Flags& flags) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> sizes, sizes_of(graph, flags.sizes));
  std::vector<Case> cases;
  for (const int64_t size : sizes) {
    for (const int64_t batch : flags.batches) {
      ASSIGN_OR_RETURN(const InputShapes shapes, image_shapes(graph, {batch, size, size}));
      ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph, shapes));
      cases.push_back({batch, size, size, cost::analyze(graph, types)});
    }
  }
  return cases;
}

Result<std::vector<Case>> cases_of(const Flags& flags) {
  if (flags.model.empty() == flags.conv.empty())
    return invalid_argument("name a model (a file, or zoo:NAME) or --conv IN,OUT,K,SIZE, one of them");
  if (!flags.conv.empty()) {
    ASSIGN_OR_RETURN(const cost::ConvCase conv, parse_conv(flags.conv));
    return conv_cases(conv, flags.batches);
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

Result<int> analyze(const Flags& flags, bool as_json, const Environment& environment) {
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
  app.add_option("model", flags->model, "an ONNX file, or zoo:NAME");
  app.add_option("--size", flags->sizes, "image sizes; default: the model's own, else 224")->delimiter(',');
  app.add_option("--conv", flags->conv,
                 "cost one square convolution IN,OUT,K,SIZE[,STRIDE] under same padding");
  app.add_option("--batch", flags->batches, "batch sizes")->delimiter(',')->check(CLI::Range(1, 1 << 20));
  app.add_option("--device", flags->device, "host (measured), or a published device such as a10 or h100")
      ->capture_default_str();
  app.add_option("--threads", flags->threads, "threads of the host; default: all that may run")
      ->check(CLI::Range(1, 4096));
  app.add_flag("--measure", flags->measure, "measure the host's peaks again");
  const CLI::Option* json = add_json_flag(app);
  return [flags, json, environment] { return analyze(*flags, json->count() > 0, environment); };
}

}  // namespace ridgeline::cli
