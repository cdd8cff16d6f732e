#include "bench/group_race.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/nvml.h"
#include "bench/gpu.h"
#include "bench/profile.h"
#include "bench/statistics.h"
#include "bench/worker_protocol.h"
#include "engine/model_precision.h"
#include "engine/plugin/codec.h"

namespace ridgeline::bench {
namespace {

constexpr int kMinRounds = 3;             // fewer give no interval
constexpr double kRewarmBelowUs = 50000;  // longer calls outlast what a stop does to caches and threads
constexpr double kTimeoutSlack = 3;       // a block may take so many times what warm-up promised
constexpr double kProfileSeconds = 1;
constexpr int kProfileCalls = 10;
constexpr double kMega = 1e6;

Cell row_of(const Group& group, const PlannedCell& planned, const std::string& model, int64_t channels) {
  Cell cell;
  cell.model = model;
  cell.engine = planned.contestant.engine;
  cell.precision = planned.contestant.precision;
  cell.device = group.key.device;
  cell.data = group.key.data_kind();
  cell.batch = group.key.batch;
  cell.channels = channels;
  cell.height = group.key.size.height;
  cell.width = group.key.size.width;
  cell.threads = group.key.threads;
  cell.status = planned.status;
  cell.reason = planned.reason;
  return cell;
}

std::optional<int64_t> bytes_in_use(const std::string& device) {
  const auto index = gpu_index(device);
  return index ? gpu_bytes_in_use(*index) : std::nullopt;
}

std::string name_of(const Cell& cell) { return cell.engine + ":" + cell.precision; }

/// A quantized model rounds to whole steps at every point, also where an engine computes it in floats: the
/// last bit of a sum decides about a step, so two such rows differ as two in INT8 do.
Precision bounding_precision(const Graph& graph, Precision precision) {
  return stored_precision(graph) == Precision::kInt8 ? Precision::kInt8 : precision;
}

}  // namespace

GroupRace::GroupRace(const Group& group, const GroupInputs& inputs, const GroupContext& context)
    : group_(group),
      inputs_(inputs),
      context_(context),
      inputs_path_(context.scratch + "/inputs"),
      random_(context.config.seed) {
  for (const PlannedCell& planned : group.cells) {
    Contender contender;
    contender.row = row_of(group, planned, context.model_name, inputs.channels);
    contender.row.data_ms = inputs.data_ms;
    contender.precision = precision_from_name(planned.contestant.precision).value_or(Precision::kFp32);
    contenders_.push_back(std::move(contender));
  }
}

Result<GroupOutcome> GroupRace::run(Journal& journal) {
  std::vector<TensorView> views;
  for (const Tensor& tensor : inputs_.tensors) views.push_back(tensor.view());
  RETURN_IF_ERROR(write_tensors(inputs_path_, views));
  Status progress;
  for (Contender& contender : contenders_) {
    if (contender.row.status != CellStatus::kOk) continue;
    context_.tools.observer.advanced(context_.share_before, "loading " + name_of(contender.row));
    progress = load(contender);
    if (!progress.ok()) break;
  }
  if (progress.ok()) progress = warm_up();
  if (progress.ok()) progress = run_rounds(journal);
  if (!progress.ok() && progress.code() != ErrorCode::kCancelled) return progress;
  for (Contender* contender : alive()) read_memory(*contender);
  if (progress.ok())
    for (Contender* contender : alive()) save_profile(*contender);
  finish_rows();
  GroupOutcome outcome;
  outcome.finished = progress.ok() && !context_.tools.launch.cancel.requested();
  outcome.cells = rows();
  return outcome;
}

std::vector<Cell> GroupRace::rows() const {
  std::vector<Cell> result;
  for (const Contender& contender : contenders_) result.push_back(contender.row);
  return result;
}

/// Only a cancel is returned; every other failure is the row's.
Status GroupRace::load(Contender& contender) {
  const std::string outputs_path = context_.scratch + "/outputs";
  LoadRequest request{.model = context_.config.model,
                      .engine = contender.row.engine,
                      .options = {},
                      .inputs_path = inputs_path_,
                      .outputs_path = outputs_path};
  request.options.precision = contender.precision;
  request.options.device = contender.row.device;
  request.options.threads = contender.row.threads;
  request.options.input_shapes = inputs_.shapes;
  const auto gpu_before = bytes_in_use(contender.row.device);
  Status loaded = [&]() -> Status {
    ASSIGN_OR_RETURN(contender.worker, WorkerProcess::start(context_.tools.launch));
    ASSIGN_OR_RETURN(const Json answer, contender.worker->request(to_json(request)));
    ASSIGN_OR_RETURN(const LoadReport report, load_report_from_json(answer));
    contender.row.load_ms = report.load_ms;
    contender.row.compile_ms = report.compile_ms;
    contender.row.first_ms = report.first_ms;
    return {};
  }();
  if (loaded.ok()) {
    contender.worker->pause();
    const auto gpu_after = bytes_in_use(contender.row.device);
    if (gpu_before && gpu_after)
      contender.row.gpu_memory_mb = static_cast<double>(*gpu_after - *gpu_before) / kMega;
    const Status right = check_outputs(contender, outputs_path);
    if (right.ok()) return {};
    fail(contender, right);
    contender.row.status = CellStatus::kMismatch;
    return {};
  }
  if (loaded.code() == ErrorCode::kCancelled) return loaded;
  fail(contender, loaded);
  return {};
}

Status GroupRace::check_outputs(Contender& contender, const std::string& outputs_path) {
  if (contender.row.engine == "null") return {};  // computes nothing: it measures the harness
  if (context_.reference_path.empty())
    return unavailable("no reference to compare the outputs with: {}", context_.reference_error);
  ASSIGN_OR_RETURN(const std::vector<Tensor> reference, read_tensors(context_.reference_path));
  ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, read_tensors(outputs_path));
  ASSIGN_OR_RETURN(const Agreement agreement, compare_outputs(reference, outputs));
  contender.row.max_abs_diff = agreement.max_abs_diff;
  contender.row.cosine = agreement.cosine;
  contender.row.top1_agreement = agreement.top1_agreement;
  return check_agreement(agreement, bounding_precision(context_.graph, contender.precision));
}

Result<std::vector<double>> GroupRace::timed_block(Contender& contender, int skip, int iterations) {
  contender.worker->resume();
  const double extra_s = kTimeoutSlack * (skip + iterations) * contender.call_us / kMega;
  const Result<Json> answer =
      contender.worker->request({{"op", kOpRun}, {"skip", skip}, {"iterations", iterations}}, extra_s);
  contender.worker->pause();
  RETURN_IF_ERROR(answer.status());
  try {
    return answer->at("times_us").get<std::vector<double>>();
  } catch (const Json::exception& error) {
    return internal_error("a worker's times: {}", error.what());
  }
}

Status GroupRace::warm_up() {
  for (Contender* contender : alive()) {
    context_.tools.observer.advanced(context_.share_before, "warming " + name_of(contender->row));
    const Result<std::vector<double>> times = timed_block(*contender, 0, std::max(1, context_.config.warmup));
    if (times.ok())
      contender->call_us = summarize(*times).p50;
    else if (times.status().code() == ErrorCode::kCancelled)
      return times.status();
    else
      fail(*contender, times.status());
  }
  return {};
}

int GroupRace::calls_per_round() const {
  const int rounds = std::min(context_.config.rounds, context_.config.runs);
  return (context_.config.runs + rounds - 1) / rounds;
}

int GroupRace::rounds_planned() const {
  return (context_.config.runs + calls_per_round() - 1) / calls_per_round();
}

Status GroupRace::run_rounds(Journal& journal) {
  const int planned = rounds_planned();
  for (int round = 0; round < planned && !alive().empty(); ++round) {
    if (round >= kMinRounds && context_.deadline && std::chrono::steady_clock::now() >= *context_.deadline)
      break;
    if (context_.tools.launch.cancel.requested()) return cancelled("stopped by the user");
    Json times_us = Json::object();
    RETURN_IF_ERROR(run_round(times_us));
    RETURN_IF_ERROR(journal.append_round(group_.key.name(), round, times_us));
    context_.tools.observer.advanced(context_.share_before + context_.share * (round + 1) / planned,
                                     fmt::format("round {} of {}", round + 1, planned));
  }
  return {};
}

Status GroupRace::run_round(Json& times_us) {
  std::vector<Contender*> order = alive();
  std::shuffle(order.begin(), order.end(), random_);
  for (Contender* contender : order) {
    const int skip = contender->call_us < kRewarmBelowUs ? 1 : 0;
    Result<std::vector<double>> times = timed_block(*contender, skip, calls_per_round());
    if (!times.ok() && times.status().code() == ErrorCode::kCancelled) return times.status();
    if (!times.ok()) {
      fail(*contender, times.status());
      continue;
    }
    times_us[name_of(contender->row)] = *times;
    contender->rounds_us.push_back(std::move(times).value());
  }
  return {};
}

void GroupRace::fail(Contender& contender, const Status& error) {
  contender.row.status = status_of(error.code());
  contender.row.reason = error.message();
  contender.worker.reset();
}

void GroupRace::read_memory(Contender& contender) {
  contender.worker->resume();
  const Result<Json> answer = contender.worker->request({{"op", kOpMemory}});
  contender.worker->pause();
  if (answer.ok()) contender.row.cpu_memory_mb = answer->value("peak_bytes", 0.0) / kMega;
}

void GroupRace::save_profile(Contender& contender) {
  const double calls = kProfileSeconds * kMega / std::max(1.0, contender.call_us);
  const int iterations = static_cast<int>(std::clamp(calls, 1.0, double{kProfileCalls}));
  contender.worker->resume();
  const Result<Json> answer =
      contender.worker->request({{"op", kOpProfile}, {"iterations", iterations}},
                                kTimeoutSlack * iterations * contender.call_us / kMega);
  contender.worker->pause();
  if (!answer.ok()) return;  // an engine without a profiler is no failure: the row has its times
  Cell& row = contender.row;
  const auto ops = plugin::decode_op_times(answer->value("ops", Json::array()).dump());
  if (!ops.ok()) return;
  std::vector<std::optional<OpCost>> costs(ops->size());
  if (context_.tools.op_costs) costs = context_.tools.op_costs(context_.graph, inputs_.shapes, row, *ops);
  Profile profile;
  for (size_t i = 0; i < ops->size(); ++i) profile.ops.push_back({(*ops)[i], costs[i]});
  if (const Status saved = bench::save_profile(context_.config.out, row, profile); !saved.ok())
    row.reason = saved.message();
}

std::vector<GroupRace::Contender*> GroupRace::alive() {
  std::vector<Contender*> result;
  for (Contender& contender : contenders_)
    if (contender.worker) result.push_back(&contender);
  return result;
}

void GroupRace::finish_rows() {
  for (Contender& contender : contenders_) {
    const bool timed = contender.row.status == CellStatus::kOk && !contender.rounds_us.empty();
    if (contender.row.status == CellStatus::kOk && !timed) {
      contender.row.status = CellStatus::kSkipped;
      contender.row.reason = "stopped by the user before it was timed";
    }
    if (timed) {
      const size_t rounds = contender.rounds_us.size();
      const bool stopped = context_.tools.launch.cancel.requested();
      if (rounds < static_cast<size_t>(rounds_planned()))
        contender.row.reason = fmt::format("{} of {} rounds: {}", rounds, rounds_planned(),
                                           stopped ? "stopped by the user" : "the time budget was spent");
      summarize_times(contender, contenders_.front());
    }
    context_.tools.observer.cell_ended(contender.row);
  }
}

void GroupRace::summarize_times(Contender& contender, const Contender& baseline) {
  std::vector<double> times_ms;
  for (const std::vector<double>& round : contender.rounds_us)
    for (const double time_us : round) times_ms.push_back(time_us / 1000);
  const Summary summary = summarize(times_ms);
  Cell& row = contender.row;
  row.mean_ms = summary.mean;
  row.std_ms = summary.std;
  row.min_ms = summary.min;
  row.p50_ms = summary.p50;
  row.p90_ms = summary.p90;
  row.p99_ms = summary.p99;
  row.fps = static_cast<double>(row.batch) * 1000 / summary.mean;
  row.ms_per_image = summary.mean / static_cast<double>(row.batch);
  const Ratio speedup = add_speedup(contender, baseline);
  std::sort(times_ms.begin(), times_ms.end());
  row.noisy = is_noisy(summary, percentile(times_ms, 0.1), speedup);
  add_cost(row);
}

/// The pairs are those rounds that both ran; a baseline that failed gives no speed-up.
Ratio GroupRace::add_speedup(Contender& contender, const Contender& baseline) {
  Cell& row = contender.row;
  Ratio speedup;
  if (baseline.row.status != CellStatus::kOk) return speedup;
  if (&contender != &baseline) {
    const size_t rounds = std::min(baseline.rounds_us.size(), contender.rounds_us.size());
    PairedRounds paired = {baseline.rounds_us, contender.rounds_us};
    paired.baseline.resize(rounds);
    paired.cell.resize(rounds);
    const Result<Ratio> ratio = paired_speedup(paired, context_.config.seed);
    if (!ratio.ok()) {
      row.reason = "no speed-up: " + ratio.status().message();
      return speedup;
    }
    speedup = *ratio;
  }
  row.speedup = speedup.value;
  row.speedup_low = speedup.low;
  row.speedup_high = speedup.high;
  return speedup;
}

void GroupRace::add_cost(Cell& row) {
  if (!context_.tools.cost) return;
  const auto cost = context_.tools.cost(context_.graph, inputs_.shapes, row);
  if (!cost) return;
  row.flops = cost->flops;
  row.bytes = cost->bytes;
  row.bound = cost->bound;
  const double flops_per_s = cost->flops / (*row.mean_ms / 1000);
  row.tflops = flops_per_s / 1e12;
  const Peaks peaks = context_.tools.peaks(row);
  if (peaks.measured_flops_per_s) row.measured_peak_pct = 100 * flops_per_s / *peaks.measured_flops_per_s;
  if (peaks.published_flops_per_s) row.published_peak_pct = 100 * flops_per_s / *peaks.published_flops_per_s;
}

}  // namespace ridgeline::bench
