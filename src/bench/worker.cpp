#include "bench/worker.h"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <new>
#include <unistd.h>

#include "bench/process_memory.h"
#include "bench/worker_protocol.h"
#include "engine/plugin/codec.h"
#include "engine/signature.h"

namespace ridgeline::bench {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// One model on one engine, from load to the last run.
class Worker {
 public:
  explicit Worker(const WorkerTools& tools) : tools_(tools) {}

  Result<Json> handle(const Json& request) {
    const std::string op = request.value("op", "");
    if (op == kOpProbe) return probe();
    if (op == kOpLoad) return load(request);
    if (session_ == nullptr) return invalid_argument("'{}' came before a successful load", op);
    if (op == kOpRun) return run(request.at("skip"), request.at("iterations"));
    if (op == kOpProfile) return profile(request.at("iterations"));
    if (op == kOpMemory) return memory();
    return invalid_argument("unknown request '{}'", op);
  }

 private:
  Json probe() const {
    Json engines = Json::array();
    for (const auto& engine : tools_.engines.engines()) {
      const Capabilities capabilities = engine->probe();
      engines.push_back({{"name", engine->name()},
                         {"version", capabilities.available ? engine->version() : ""},
                         {"capabilities", plugin::encode(capabilities)}});
    }
    return {{"engines", std::move(engines)}};
  }

  Result<Json> load(const Json& json) {
    ASSIGN_OR_RETURN(const LoadRequest request, load_request_from_json(json));
    base_line_ = memory_of(getpid()).value_or(ProcessMemory{}).resident_bytes;
    LoadReport report;
    auto start = Clock::now();
    ASSIGN_OR_RETURN(const Graph graph, tools_.read_model(request.model));
    report.load_ms = milliseconds_since(start);
    ASSIGN_OR_RETURN(const Engine* engine, tools_.engines.find(request.engine));
    RETURN_IF_ERROR(engine->supports(graph, request.options));
    start = Clock::now();
    ASSIGN_OR_RETURN(session_, engine->compile(graph, request.options));
    report.compile_ms = milliseconds_since(start);
    ASSIGN_OR_RETURN(inputs_, read_tensors(request.inputs_path));
    prepare_views();
    start = Clock::now();
    RETURN_IF_ERROR(call());
    report.first_ms = milliseconds_since(start);
    RETURN_IF_ERROR(write_tensors(request.outputs_path, outputs_));
    return to_json(report);
  }

  void prepare_views() {
    input_views_.clear();
    for (const Tensor& input : inputs_) input_views_.push_back(input.view());
    outputs_ = lent_outputs(session_->signature());
  }

  Status call() {
    for (TensorView& output : outputs_) output.data = nullptr;  // lent by the session: nothing is copied
    return session_->run(input_views_, outputs_);
  }

  Result<Json> run(int skip, int iterations) {
    for (int i = 0; i < skip; ++i) RETURN_IF_ERROR(call());
    std::vector<double> times_us(static_cast<size_t>(iterations));
    for (double& time_us : times_us) {
      const auto start = Clock::now();
      RETURN_IF_ERROR(call());
      time_us = std::chrono::duration<double, std::micro>(Clock::now() - start).count();
    }
    return Json{{"times_us", times_us}};
  }

  Result<Json> profile(int iterations) {
    ASSIGN_OR_RETURN(const std::vector<OpTime> ops, session_->profile(input_views_, iterations));
    ASSIGN_OR_RETURN(Json list, parse_json(plugin::encode(ops), "profile"));
    return Json{{"ops", std::move(list)}};
  }

  Json memory() const {
    const ProcessMemory now = memory_of(getpid()).value_or(ProcessMemory{});
    return {{"peak_bytes", now.peak_bytes - base_line_}};
  }

  const WorkerTools& tools_;
  int64_t base_line_ = 0;
  std::unique_ptr<Session> session_;
  std::vector<Tensor> inputs_;
  std::vector<TensorView> input_views_;
  std::vector<TensorView> outputs_;
};

Json answer_to(Worker& worker, const std::string& line) {
  try {
    const Result<Json> request = parse_json(line, "a request");
    if (!request.ok()) return error_answer(request.status());
    Result<Json> answer = worker.handle(*request);
    if (!answer.ok()) return error_answer(answer.status());
    return {{"ok", std::move(answer).value()}};
  } catch (const std::bad_alloc&) {
    return error_answer(out_of_memory("the allocator gave no memory"));
  } catch (const std::exception& error) {
    return error_answer(internal_error("{}", error.what()));
  }
}

bool write_all(int out, const std::string& text) {
  for (size_t written = 0; written < text.size();) {
    const ssize_t count = write(out, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    written += static_cast<size_t>(count);
  }
  return true;
}

}  // namespace

void serve_requests(const WorkerTools& tools, int in, int out) {
  Worker worker(tools);
  std::string pending;
  for (;;) {
    size_t end = 0;
    while ((end = pending.find('\n')) != std::string::npos) {
      const Json answer = answer_to(worker, pending.substr(0, end));
      pending.erase(0, end + 1);
      const std::string line = answer.dump(-1, ' ', false, Json::error_handler_t::replace);
      if (!write_all(out, line + "\n")) return;
    }
    char buffer[65536];
    const ssize_t count = read(in, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    pending.append(buffer, static_cast<size_t>(count));
  }
}

Status run_worker(const WorkerTools& tools) {
  const int answers = dup(STDOUT_FILENO);
  if (answers < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    return unavailable("the worker's standard output: {}", std::strerror(errno));
  serve_requests(tools, STDIN_FILENO, answers);
  return {};
}

}  // namespace ridgeline::bench
