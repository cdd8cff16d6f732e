#include "bench/race.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <utility>

#include "base/cpu_features.h"
#include "base/file.h"
#include "bench/context.h"
#include "bench/group_race.h"
#include "bench/inputs.h"
#include "bench/journal.h"
#include "bench/statistics.h"
#include "bench/worker_protocol.h"
#include "engine/plugin/codec.h"

namespace ridgeline::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr double kNoiseProbeSeconds = 0.3;
constexpr int kHarnessCalls = 1000;

Clock::duration seconds(double count) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
}

/// Engines may crash on being looked at, so a worker looks.
Result<EngineTable> probe_engines(const WorkerLaunch& launch) {
  ASSIGN_OR_RETURN(WorkerProcess worker, WorkerProcess::start(launch));
  ASSIGN_OR_RETURN(const Json answer, worker.request({{"op", kOpProbe}}));
  EngineTable engines;
  for (const Json& entry : answer.value("engines", Json::array())) {
    ASSIGN_OR_RETURN(Capabilities capabilities, plugin::decode_capabilities(entry.value("capabilities", "")));
    engines.emplace_back(entry.value("name", ""),
                         EngineFacts{entry.value("version", ""), std::move(capabilities)});
  }
  return engines;
}

class Race {
 public:
  Race(const RaceConfig& config, const RaceTools& tools) : config_(config), tools_(tools) {}

  Result<Results> run() {
    ASSIGN_OR_RETURN(graph_, tools_.read_model(config_.model));
    ASSIGN_OR_RETURN(engines_, probe_engines(tools_.launch));
    ASSIGN_OR_RETURN(matrix_, plan(config_, engines_, allowed_cpus()));
    ASSIGN_OR_RETURN(Journal journal, Journal::open(config_.out, fingerprint(config_), config_.resume));
    RETURN_IF_ERROR(make_directories(scratch()));
    const Status raced = race_groups(journal);
    std::error_code ignored;
    fs::remove_all(scratch(), ignored);
    RETURN_IF_ERROR(raced);
    return std::move(results_);
  }

 private:
  std::string scratch() const { return config_.out + "/.scratch"; }
  std::string model_name() const { return fs::path(config_.model).stem().string(); }

  Status race_groups(Journal& journal) {
    describe_race();
    const auto start = Clock::now();
    const size_t count = matrix_.groups.size();
    for (size_t i = 0; i < count && !tools_.launch.cancel.requested(); ++i) {
      const Group& group = matrix_.groups[i];
      if (const auto done = journal.finished().find(group.key.name()); done != journal.finished().end()) {
        add_rows(done->second);
        continue;
      }
      tools_.observer.group_started(group.key.name());
      const double share = 1.0 / static_cast<double>(count);
      GroupContext context = {.config = config_,
                              .tools = tools_,
                              .graph = graph_,
                              .model_name = model_name(),
                              .scratch = scratch(),
                              .reference_path = "",
                              .reference_error = "",
                              .share_before = share * static_cast<double>(i),
                              .share = share,
                              .deadline = std::nullopt};
      if (config_.max_time_s > 0) {
        const auto end = start + seconds(config_.max_time_s);
        const auto now = Clock::now();
        if (now >= end) {
          add_rows(unraced_rows(group, CellStatus::kSkipped,
                                fmt::format("the time budget of {:g} s was spent", config_.max_time_s)));
          continue;
        }
        context.deadline = now + (end - now) / static_cast<int64_t>(count - i);
      }
      RETURN_IF_ERROR(race_group(group, context, journal));
      RETURN_IF_ERROR(write_results(results_, config_.out));
    }
    return write_results(results_, config_.out);
  }

  Status race_group(const Group& group, GroupContext& context, Journal& journal) {
    const Result<GroupInputs> inputs = make_inputs(graph_, group.key, config_.seed);
    if (!inputs.ok() && inputs.status().code() != ErrorCode::kUnsupported) return inputs.status();
    GroupOutcome outcome;
    if (inputs.ok()) {
      prepare_reference(group.key, *inputs, context);
      measure_harness(group.key, *inputs);
      if (tools_.launch.cancel.requested()) return {};
      ASSIGN_OR_RETURN(outcome, GroupRace(group, *inputs, context).run(journal));
    } else {
      outcome.cells = unraced_rows(group, CellStatus::kUnsupported, inputs.status().message());
    }
    add_rows(outcome.cells);
    return outcome.finished ? journal.append_group(group.key.name(), outcome.cells) : Status();
  }

  /// Rows of a group that was not started; cells with a reason of their own keep it.
  std::vector<Cell> unraced_rows(const Group& group, CellStatus status, const std::string& reason) {
    GroupContext context = {.config = config_,
                            .tools = tools_,
                            .graph = graph_,
                            .model_name = model_name(),
                            .scratch = "",
                            .reference_path = "",
                            .reference_error = "",
                            .deadline = std::nullopt};
    Group refused = group;
    for (PlannedCell& cell : refused.cells)
      if (cell.status == CellStatus::kOk) cell = {cell.contestant, status, reason};
    std::vector<Cell> rows = GroupRace(refused, GroupInputs{}, context).rows();
    for (const Cell& row : rows) tools_.observer.cell_ended(row);
    return rows;
  }

  void add_rows(const std::vector<Cell>& rows) {
    results_.cells.insert(results_.cells.end(), rows.begin(), rows.end());
  }

  void describe_race() {
    results_.context = describe_machine();
    results_.context["noise"] = probe_noise(kNoiseProbeSeconds);
    results_.context["engines"] = describe_engines(engines_);
    results_.context["devices"] = tools_.devices;
    results_.context["baseline"] = matrix_.baseline.name();
    if (!matrix_.baseline_note.empty()) results_.context["baseline_note"] = matrix_.baseline_note;
    results_.context["config"] = fingerprint(config_);
    results_.context["convention"] = "1 MAC = 2 FLOPs";
    size_t cells = 0;
    for (const Group& group : matrix_.groups) cells += group.cells.size();
    tools_.observer.plan_made(matrix_.groups.size(), cells, matrix_.baseline_note);
  }

  /// Engines at fp32 on the CPU whose outputs the others are held against, best first.
  std::vector<Contestant> reference_candidates() const {
    std::vector<Contestant> candidates = {{"libtorch", "fp32"},
                                          {"native", "fp32"},
                                          matrix_.baseline,
                                          {"onnxruntime", "fp32"},
                                          {"openvino", "fp32"}};
    std::erase_if(candidates, [&](const Contestant& candidate) {
      return candidate.precision != "fp32" ||
             std::none_of(engines_.begin(), engines_.end(), [&](const auto& entry) {
               return entry.first == candidate.engine && entry.second.capabilities.available;
             });
    });
    return candidates;
  }

  /// The request that makes a worker run `contestant` once on the CPU.
  Result<LoadRequest> single_run(const Contestant& contestant, const GroupInputs& inputs,
                                 const std::string& outputs_path) {
    std::vector<TensorView> views;
    for (const Tensor& tensor : inputs.tensors) views.push_back(tensor.view());
    LoadRequest request{.model = config_.model,
                        .engine = contestant.engine,
                        .options = {},
                        .inputs_path = scratch() + "/reference_inputs",
                        .outputs_path = outputs_path};
    RETURN_IF_ERROR(write_tensors(request.inputs_path, views));
    request.options.threads = allowed_cpus();
    request.options.input_shapes = inputs.shapes;
    return request;
  }

  /// Outputs depend on the inputs alone, so groups that differ by device or threads share them.
  void prepare_reference(const GroupKey& key, const GroupInputs& inputs, GroupContext& context) {
    const std::string inputs_name = fmt::format("{} {} {}", to_string(key.size), key.batch, key.data);
    if (inputs_name == reference_inputs_) {
      context.reference_path = scratch() + "/reference";
      return;
    }
    context.reference_error = "no engine that could compute one is here";
    for (const Contestant& candidate : reference_candidates()) {
      tools_.observer.advanced(context.share_before, "reference outputs by " + candidate.name());
      const Status computed = [&]() -> Status {
        ASSIGN_OR_RETURN(const LoadRequest request, single_run(candidate, inputs, scratch() + "/reference"));
        ASSIGN_OR_RETURN(WorkerProcess worker, WorkerProcess::start(tools_.launch));
        return worker.request(to_json(request)).status();
      }();
      if (computed.ok()) {
        context.reference_path = scratch() + "/reference";
        reference_inputs_ = inputs_name;
        results_.context["reference"] = candidate.name();
        return;
      }
      context.reference_error = fmt::format("{}: {}", candidate.name(), computed.message());
    }
  }

  /// What a call costs besides the engine's work: the null engine's time through the same worker and loop.
  void measure_harness(const GroupKey& key, const GroupInputs& inputs) {
    if (results_.context.contains("harness_us")) return;
    const Status measured = [&]() -> Status {
      ASSIGN_OR_RETURN(const LoadRequest request,
                       single_run({"null", "fp32"}, inputs, scratch() + "/null_outputs"));
      ASSIGN_OR_RETURN(WorkerProcess worker, WorkerProcess::start(tools_.launch));
      RETURN_IF_ERROR(worker.request(to_json(request)).status());
      ASSIGN_OR_RETURN(const Json answer,
                       worker.request({{"op", kOpRun}, {"skip", 1}, {"iterations", kHarnessCalls}}));
      const auto times_us = answer.value("times_us", std::vector<double>());
      if (!times_us.empty()) results_.context["harness_us"] = summarize(times_us).mean;
      return {};
    }();
    if (!measured.ok()) results_.context["harness_us"] = nullptr;
    results_.context["harness_measured_at"] = key.name();
  }

  const RaceConfig& config_;
  const RaceTools& tools_;
  Graph graph_;
  EngineTable engines_;
  Matrix matrix_;
  Results results_;
  std::string reference_inputs_;
};

}  // namespace

Result<Results> run_race(const RaceConfig& config, const RaceTools& tools) {
  return Race(config, tools).run();
}

Status write_results(const Results& results, const std::string& directory) {
  RETURN_IF_ERROR(write_file_atomically(directory + "/benchmark_results.csv", to_csv(results)));
  return write_file_atomically(directory + "/results.json",
                               to_json(results).dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace ridgeline::bench
