// What a backend adds to its engine: a batch of requests through an instance against the engine's bare run of
// as many rows, in alternating rounds. `backend_benchmark [SECONDS [ENGINE…]]` prints one JSON line a case:
// `served_share` is bare time over served time, with its interval; 1 would be an instance that costs nothing.
// Two sessions of one model differ by some percent, whatever runs them; `beside_engine_share` is what of an
// execution's time its session did not run.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>

#include "base/file.h"
#include "base/json.h"
#include "base/rng.h"
#include "bench/statistics.h"
#include "engine/signature.h"
#include "formats/onnx.h"
#include "graph/zoo/zoo.h"
#include "serve/backends/backends.h"
#include "serve/config/model_interface.h"

namespace ridgeline::serve {
namespace {

constexpr int64_t kRows = 8;
constexpr int kThreads = 2;

/// A request of one row, whose answer is dropped.
class DroppedJob : public Job {
 public:
  /// `message` holds the input's bytes from `begin` on.
  DroppedJob(wire::InputTensor input, std::vector<std::byte> message, size_t begin) {
    input.data = wire::keep(std::move(message), request_).subspan(begin);
    request_.inputs.push_back(std::move(input));
  }
  const wire::InferRequest& request() const override { return request_; }
  int64_t rows() const override { return 1; }
  bool cancelled() const override { return false; }
  void answer(Result<Answer> answer) override { failed_ = failed_ || !answer.ok(); }
  void end() override {}
  bool failed() const { return failed_; }

 private:
  wire::InferRequest request_;
  bool failed_ = false;
};

struct Case {
  std::string engine;
  std::string model;
  int64_t size = 224;
};

struct Subjects {
  std::unique_ptr<LoadedModel> model;
  std::unique_ptr<Instance> instance;
  std::unique_ptr<Session> bare;
  Tensor input;
  std::vector<std::shared_ptr<Job>> jobs;
};

Result<Tensor> noise(const Shape& shape) {
  ASSIGN_OR_RETURN(Tensor tensor, Tensor::zeros(DType::kF32, shape));
  Rng rng(1);
  for (float& value : tensor.as<float>()) value = static_cast<float>(rng.normal());
  return tensor;
}

/// As they come from a socket: each request's bytes in memory of their own, at any address.
std::vector<std::shared_ptr<Job>> requests_of(const Tensor& input, const std::string& name) {
  constexpr size_t kHeaderBytes = 131;
  std::vector<std::shared_ptr<Job>> jobs;
  Shape shape = input.shape();
  shape[0] = 1;
  const size_t row_bytes = input.byte_size() / static_cast<size_t>(kRows);
  for (size_t row = 0; row < static_cast<size_t>(kRows); ++row) {
    std::vector<std::byte> message(kHeaderBytes);
    const std::byte* const from = input.data() + row * row_bytes;
    message.insert(message.end(), from, from + row_bytes);
    jobs.push_back(std::make_shared<DroppedJob>(wire::InputTensor{.name = name, .shape = shape},
                                                std::move(message), kHeaderBytes));
  }
  return jobs;
}

Result<Subjects> prepare(const Case& wanted, const std::shared_ptr<const EngineRegistry>& registry,
                         const std::string& folder) {
  ASSIGN_OR_RETURN(const Graph graph, zoo::make(wanted.model, {.image_size = wanted.size}));
  const std::string file = folder + "/model.onnx";
  RETURN_IF_ERROR(formats::save_onnx(graph, file));
  ASSIGN_OR_RETURN(const Graph read, formats::load_onnx(file));
  ASSIGN_OR_RETURN(const ModelInterface interface, interface_of(read, file));
  ModelConfig config{.name = wanted.model, .backend = "ridgeline", .default_model_filename = "model.onnx"};
  config.max_batch_size = static_cast<int32_t>(kRows);
  config.parameters["engine"] = wanted.engine;
  complete_from_model(config, interface);

  Subjects subjects;
  const Backends backends = engine_backends(registry);
  ASSIGN_OR_RETURN(subjects.model,
                   backends.at("ridgeline")->load({.config = config, .version_path = folder}));
  ASSIGN_OR_RETURN(subjects.instance, subjects.model->make_instance({.name = "0", .threads = kThreads}));
  const std::string& name = config.inputs.front().name;
  Shape shape(config.inputs.front().dims);
  shape.dims().insert(shape.dims().begin(), kRows);
  ASSIGN_OR_RETURN(const Engine* const engine, registry->find(wanted.engine));
  ASSIGN_OR_RETURN(subjects.bare,
                   engine->compile(read, {.threads = kThreads, .input_shapes = {{name, shape}}}));
  ASSIGN_OR_RETURN(subjects.input, noise(shape));
  subjects.jobs = requests_of(subjects.input, name);
  return subjects;
}

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

Result<Json> race(const Case& wanted, Subjects& subjects, double seconds) {
  constexpr size_t kBlock = 3;  // runs of each in a round
  bench::PairedRounds rounds;   // how many times faster the bare engine is than the instance
  std::vector<double> served_ms;
  std::vector<double> beside_engine;
  const auto begin = std::chrono::steady_clock::now();
  for (size_t round = 0; round < 4 || seconds_since(begin) < seconds; ++round) {
    auto& served = rounds.baseline.emplace_back();
    auto& bare = rounds.cell.emplace_back();
    for (size_t run = 0; run < 2 * kBlock; ++run) {
      const bool is_bare = (run < kBlock) == (round % 2 == 0);
      std::vector<TensorView> out = lent_outputs(subjects.bare->signature());
      const std::vector<TensorView> in = {subjects.input.view()};
      const auto start = std::chrono::steady_clock::now();
      if (is_bare) RETURN_IF_ERROR(subjects.bare->run(in, out));
      ComputeTimes times;
      if (!is_bare) times = subjects.instance->execute(subjects.jobs);
      const double spent = seconds_since(start);
      (is_bare ? bare : served).push_back(spent);
      if (!is_bare) beside_engine.push_back(1 - std::chrono::duration<double>(times.infer).count() / spent);
    }
    served_ms.push_back(served.back() * 1e3);
  }
  for (const auto& job : subjects.jobs)
    if (static_cast<const DroppedJob&>(*job).failed()) return internal_error("a request failed");
  ASSIGN_OR_RETURN(const bench::Ratio faster, bench::paired_speedup(rounds, 1));
  return Json{{"engine", wanted.engine},
              {"model", wanted.model},
              {"size", wanted.size},
              {"rows", kRows},
              {"rounds", rounds.cell.size()},
              {"served_ms", bench::summarize(served_ms).p50},
              {"beside_engine_share", bench::summarize(beside_engine).p50},
              {"served_share", 1 / faster.value},
              {"low", 1 / faster.high},
              {"high", 1 / faster.low}};
}

Status run_case(const Case& wanted, const std::shared_ptr<const EngineRegistry>& registry, double seconds) {
  std::string folder = (std::filesystem::temp_directory_path() / "backend_benchmark.XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) return internal_error("no folder for the model");
  Result<Subjects> subjects = prepare(wanted, registry, folder);
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
  if (!subjects.ok()) return std::move(subjects).status();
  ASSIGN_OR_RETURN(const Json row, race(wanted, *subjects, seconds));
  fmt::print("{}\n", row.dump());
  return {};
}

}  // namespace
}  // namespace ridgeline::serve

int main(int argc, char** argv) {
  using namespace ridgeline;
  const double seconds = argc > 1 ? std::atof(argv[1]) : 10;
  std::vector<std::string> engines(argv + std::min(argc, 2), argv + argc);
  if (engines.empty()) engines = {"native", "onnxruntime", "openvino", "libtorch"};
  const auto registry = std::make_shared<const EngineRegistry>();
  for (const std::string& engine : engines)
    for (const serve::Case& wanted :
         {serve::Case{engine, "resnet18", 224}, serve::Case{engine, "lenet", 32}}) {
      const Status done = serve::run_case(wanted, registry, seconds);
      if (!done.ok()) fmt::print(stderr, "backend_benchmark: {}: {}\n", engine, done.message());
    }
}
