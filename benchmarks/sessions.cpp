// Do two sessions get in each other's way? `sessions_benchmark [SECONDS [MODEL]]`: the engine `native` on as
// many threads as there are cores, one image at a time, by one session and by two at once of which each
// believes that it has all cores, in alternating rounds. Prints one JSON line: `together_share` is images a
// second of the two over those of the one, with its interval; `p99_over_p50` is of the one's single calls.

#include <array>
#include <barrier>
#include <chrono>
#include <cstdlib>
#include <fmt/core.h>
#include <thread>

#include "base/cpu_features.h"
#include "base/json.h"
#include "base/rng.h"
#include "bench/statistics.h"
#include "engine/registry.h"
#include "engine/signature.h"
#include "graph/zoo/zoo.h"

namespace ridgeline {
namespace {

constexpr int kBlock = 5;  // runs of each session in a round

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// A session and what it is given, on one thread at a time.
struct Runner {
  std::unique_ptr<Session> session;
  Tensor input;
  Status failed;
  std::vector<double> calls_ms;

  void run_block() {
    for (int i = 0; i < kBlock && failed.ok(); ++i) {
      std::vector<TensorView> out = lent_outputs(session->signature());
      const std::vector<TensorView> in = {input.view()};
      const Clock::time_point begin = Clock::now();
      failed = session->run(in, out);
      calls_ms.push_back(seconds_since(begin) * 1e3);
    }
  }
};

Result<Runner> prepare(const Engine& engine, const Graph& graph, int threads) {
  const ValueInfo& info = graph.inputs.front();
  Shape shape = *info.type.shape;
  shape[0] = 1;
  Runner runner;
  ASSIGN_OR_RETURN(runner.input, Tensor::zeros(DType::kF32, shape));
  Rng rng(1);
  for (float& value : runner.input.as<float>()) value = static_cast<float>(rng.normal());
  ASSIGN_OR_RETURN(runner.session,
                   engine.compile(graph, {.threads = threads, .input_shapes = {{info.name, shape}}}));
  return runner;
}

/// Seconds that both take for a block each.
double run_together(std::array<Runner, 2>& runners) {
  std::barrier ready(3);
  std::array<std::jthread, 2> threads;
  for (size_t i = 0; i < 2; ++i)
    threads[i] = std::jthread([&, i] {
      ready.arrive_and_wait();
      runners[i].run_block();
    });
  ready.arrive_and_wait();
  const Clock::time_point begin = Clock::now();
  for (std::jthread& thread : threads) thread.join();
  return seconds_since(begin);
}

Result<Json> race(const std::string& model, double seconds) {
  const EngineRegistry registry;
  ASSIGN_OR_RETURN(const Engine* const engine, registry.find("native"));
  ASSIGN_OR_RETURN(const Graph graph, zoo::make(model, {}));
  const int threads = allowed_cpus();
  std::array<Runner, 2> runners;
  for (Runner& runner : runners) {
    ASSIGN_OR_RETURN(runner, prepare(*engine, graph, threads));
    runner.run_block();
  }
  bench::PairedRounds rounds;  // time an image, of one and of two
  std::vector<double> alone_ms;
  const Clock::time_point begin = Clock::now();
  for (size_t round = 0; round < 4 || seconds_since(begin) < seconds; ++round) {
    runners[0].calls_ms.clear();
    runners[0].run_block();
    const std::vector<double>& calls = runners[0].calls_ms;
    alone_ms.insert(alone_ms.end(), calls.begin(), calls.end());
    double sum = 0;
    for (const double ms : calls) sum += ms;
    rounds.baseline.push_back({sum / kBlock});
    rounds.cell.push_back({run_together(runners) * 1e3 / (2 * kBlock)});
  }
  for (Runner& runner : runners) RETURN_IF_ERROR(std::move(runner.failed));
  ASSIGN_OR_RETURN(const bench::Ratio together, bench::paired_speedup(rounds, 1));
  return Json{{"model", model},
              {"threads", threads},
              {"rounds", rounds.cell.size()},
              {"alone_ms", bench::summarize(alone_ms).p50},
              {"together_share", together.value},
              {"low", together.low},
              {"high", together.high}};
}

}  // namespace
}  // namespace ridgeline

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::atof(argv[1]) : 10;
  const auto row = ridgeline::race(argc > 2 ? argv[2] : "resnet18", seconds);
  if (!row.ok()) {
    fmt::print(stderr, "sessions_benchmark: {}\n", row.status().message());
    return 1;
  }
  fmt::print("{}\n", row->dump());
}
