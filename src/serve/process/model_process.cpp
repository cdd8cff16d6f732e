#include "serve/process/model_process.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstring>
#include <poll.h>

#include "serve/process/messages.h"

namespace ridgeline::serve {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

/// A process whose forks keep its sockets open is seen to have ended only when somebody looks.
constexpr milliseconds kLookEvery{1000};
/// For a process that has closed its sockets, or is done, to be gone.
constexpr milliseconds kEndGrace{2000};

FromChild kind_of(const Frame& frame) { return static_cast<FromChild>(frame.kind); }

Status failure_in(const Frame& frame) {
  Unpacker unpacker(frame.body);
  return take_failure(unpacker);
}

Status misbehaves(const Frame& frame) {
  return internal_error("the process sent a message of kind {} that nobody asked for", frame.kind);
}

Status no_host() { return unsupported("the server's models can be neither called nor changed from here"); }

}  // namespace

struct ModelProcess::Parts {
  std::shared_ptr<Arena> inputs;
  std::shared_ptr<Arena> outputs;
  FrameSocket execute_socket;
  FrameSocket question_socket;
  ChildOutput output;
  std::shared_ptr<CallAnswers> calls;
  Subprocess child;
};

ModelProcess::ModelProcess(Launch launch, Parts parts)
    : launch_(std::move(launch)),
      inputs_(std::move(parts.inputs)),
      outputs_(std::move(parts.outputs)),
      inputs_owner_(inputs_),
      execute_socket_(std::move(parts.execute_socket)),
      question_socket_(std::move(parts.question_socket)),
      output_(std::move(parts.output)),
      calls_(std::move(parts.calls)),
      child_(std::move(parts.child)) {}

Result<std::unique_ptr<ModelProcess>> ModelProcess::spawn(Launch launch) {
  Descriptor file;
  if (launch.file != nullptr) {
    ASSIGN_OR_RETURN(file, launch.file());
  }
  ASSIGN_OR_RETURN(std::shared_ptr<Arena> inputs, Arena::create(launch.memory_bytes));
  ASSIGN_OR_RETURN(std::shared_ptr<Arena> outputs, Arena::create(launch.memory_bytes));
  ASSIGN_OR_RETURN(auto execute_ends, FrameSocket::pair());
  ASSIGN_OR_RETURN(auto question_ends, FrameSocket::pair());
  ASSIGN_OR_RETURN(ChildOutput output, ChildOutput::create(launch.instance, launch.log));
  ASSIGN_OR_RETURN(std::shared_ptr<CallAnswers> calls, CallAnswers::create());
  SubprocessOptions options{.arguments = launch.command, .environment = launch.environment};
  options.descriptors = {{output.child_descriptor(), 1},
                         {output.child_descriptor(), 2},
                         {execute_ends.second.get(), kExecuteDescriptor},
                         {question_ends.second.get(), kQuestionsDescriptor},
                         {inputs->descriptor(), kInputsDescriptor},
                         {outputs->descriptor(), kOutputsDescriptor}};
  if (file.get() >= 0) options.descriptors.emplace_back(file.get(), kFileDescriptor);
  ASSIGN_OR_RETURN(Subprocess child, Subprocess::start(options));
  output.started();
  return std::unique_ptr<ModelProcess>(new ModelProcess(
      std::move(launch),
      {std::move(inputs), std::move(outputs), std::move(execute_ends.first), std::move(question_ends.first),
       std::move(output), std::move(calls), std::move(child)}));
}

ModelProcess::~ModelProcess() { end(unavailable("the model is being unloaded")); }

Result<std::string> ModelProcess::wait_started() {
  const auto deadline = Clock::now() + launch_.start_timeout;
  const std::string start = launch_.start.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto sent =
      execute_socket_.send(static_cast<uint32_t>(ToChild::kStart), 0, std::as_bytes(std::span(start)));
  if (!sent.ok()) return why_it_ended(sent);
  for (bool runs = false;;) {
    if (interrupted_) return cancelled("the model is being unloaded");
    if (!runs && Clock::now() > deadline)
      return timed_out("{} did not start within {} ms", launch_.command.front(),
                       launch_.start_timeout.count());
    const Result<std::optional<Frame>> frame = turn(kLookEvery, true);
    if (!frame.ok()) return why_it_ended(frame.status());
    if (!*frame) continue;
    const std::string text(reinterpret_cast<const char*>((*frame)->body.data()), (*frame)->body.size());
    switch (kind_of(**frame)) {
      case FromChild::kHello:
        runs = true;
        break;
      case FromChild::kStarted:
        started_ = true;
        return text;
      case FromChild::kFailed:
        return failure_in(**frame);
      default:
        return misbehaves(**frame);
    }
  }
}

Status ModelProcess::serve() {
  while (!interrupted_) {
    const Result<std::optional<Frame>> frame = turn(kLookEvery, false);
    if (!frame.ok()) return why_it_ended(frame.status());
  }
  return {};
}

Status ModelProcess::finalize(milliseconds most) {
  const auto deadline = Clock::now() + most;
  RETURN_IF_ERROR(execute_socket_.send(static_cast<uint32_t>(ToChild::kFinalize), 0, {}));
  while (Clock::now() < deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    ASSIGN_OR_RETURN(const std::optional<Frame> frame, turn(std::min(left, kLookEvery), true));
    if (!frame) continue;
    if (kind_of(*frame) == FromChild::kFinalized) {
      const std::lock_guard lock(child_mutex_);
      child_.finish(std::min(std::chrono::ceil<milliseconds>(deadline - Clock::now()), kEndGrace));
      return {};
    }
    if (kind_of(*frame) == FromChild::kFailed) return failure_in(*frame).with_context("finalize()");
  }
  return timed_out("finalize() took longer than {} ms", most.count());
}

void ModelProcess::end(const Status& why) {
  {
    const std::lock_guard lock(child_mutex_);
    if (ended_) return;
    ended_ = true;
    child_.kill();
    ::kill(-child_.pid(), SIGKILL);  // what the model has started
  }
  execute_socket_.shut_down();
  question_socket_.shut_down();
  calls_->close();
  read_last_words();
  jobs_.close(why);
}

Result<Frame> ModelProcess::execute(uint64_t tag, std::span<const std::byte> body) {
  RETURN_IF_ERROR(execute_socket_.send(static_cast<uint32_t>(ToChild::kExecute), tag, body));
  ASSIGN_OR_RETURN(Frame frame, execute_socket_.receive());
  if (kind_of(frame) != FromChild::kExecuted || frame.tag != tag) return misbehaves(frame);
  return frame;
}

void ModelProcess::interrupt() {
  interrupted_ = true;
  calls_->push({});
}

void ModelProcess::kill() {
  const std::lock_guard lock(child_mutex_);
  if (!child_.poll_exit()) ::kill(-child_.pid(), SIGKILL);
}

Result<std::optional<Frame>> ModelProcess::turn(milliseconds most, bool with_execute) {
  if (with_execute) {  // a frame may have come together with the one before
    ASSIGN_OR_RETURN(std::optional<Frame> frame, execute_socket_.poll());
    if (frame) {
      const Status taken = take_questions();  // what the model logged before it is on the other stream
      if (!taken.ok() && taken.code() != ErrorCode::kUnavailable) return taken;
      return frame;
    }
  }
  std::array<pollfd, 4> waiting{{{question_socket_.descriptor(), POLLIN, 0},
                                 {calls_->descriptor(), POLLIN, 0},
                                 {output_.descriptor(), POLLIN, 0},
                                 {with_execute ? execute_socket_.descriptor() : -1, POLLIN, 0}}};
  if (output_.at_end()) waiting[2].fd = -1;
  const int ready = ::poll(waiting.data(), waiting.size(), static_cast<int>(most.count()));
  if (ready == 0) {
    const std::lock_guard lock(child_mutex_);
    if (child_.poll_exit()) return unavailable("the process is gone");
  }
  if (waiting[2].revents != 0) output_.read();
  if (waiting[1].revents != 0) RETURN_IF_ERROR(answer_calls());
  if (waiting[0].revents != 0) {
    const Status taken = take_questions();
    // What a process that is gone has said last may be on the other stream.
    if (!taken.ok() && with_execute) {
      ASSIGN_OR_RETURN(std::optional<Frame> frame, execute_socket_.poll());
      if (frame) return frame;
    }
    RETURN_IF_ERROR(taken);
  }
  if (waiting[3].revents != 0) return execute_socket_.poll();
  return std::optional<Frame>();
}

Status ModelProcess::take_questions() {
  for (;;) {
    ASSIGN_OR_RETURN(const std::optional<Frame> frame, question_socket_.poll());
    if (!frame) return {};
    RETURN_IF_ERROR(take_question(*frame));
  }
}

Status ModelProcess::take_question(const Frame& frame) {
  switch (kind_of(frame)) {
    case FromChild::kLog:
      take_log(frame);
      return {};
    case FromChild::kResponse:
      return launch_.decoupled() ? take_response(frame) : misbehaves(frame);
    case FromChild::kCall:
      return take_model_call(frame);
    case FromChild::kAskCancelled: {
      Unpacker unpacker(frame.body);
      const std::shared_ptr<Job> job = jobs_.find(unpacker.take<uint64_t>());
      Packer answer;
      answer.put(static_cast<uint8_t>(job && job->cancelled() ? 1 : 0));
      return question_socket_.send(static_cast<uint32_t>(ToChild::kCancelled), frame.tag, answer.body());
    }
    case FromChild::kMetric:
      return take_metric(frame);
    case FromChild::kLoad:
    case FromChild::kUnload:
      return take_change(frame);
    case FromChild::kAskReady:
      return take_ask_ready(frame);
    default:
      return misbehaves(frame);
  }
}

Status ModelProcess::take_metric(const Frame& frame) {
  if (!launch_.metrics) return misbehaves(frame);
  Unpacker unpacker(frame.body);
  const Result<double> value = metrics_.take(unpacker, *launch_.metrics);
  if (frame.tag == 0) return {};  // nobody asks what came of it
  return tell(frame.tag, value);
}

Status ModelProcess::tell(uint64_t question, const Result<double>& told) {
  Packer packer;
  packer.put(static_cast<uint8_t>(told.ok() ? 1 : 0));
  if (told.ok())
    packer.put(*told);
  else
    packer.put_text(told.status().message());
  return question_socket_.send(static_cast<uint32_t>(ToChild::kTold), question, packer.body());
}

Status ModelProcess::take_change(const Frame& frame) {
  if (launch_.host == nullptr) return tell(frame.tag, no_host());
  const Host::Asker asker{.loading = started_ ? std::string() : launch_.config.name};
  auto done = [answers = calls_, question = frame.tag](const Status& status) {
    const Result<double> told = status.ok() ? Result<double>(0.0) : Result<double>(status);
    answers->push({.call = question, .answer = {}, .last = false, .told = told});
  };
  if (kind_of(frame) == FromChild::kLoad) {
    ASSIGN_OR_RETURN(ModelLoad load, take_load(frame.body, outputs_));
    launch_.host->load(load.name, std::move(load.request), asker, std::move(done));
    return {};
  }
  Unpacker unpacker(frame.body);
  const std::string model(unpacker.take_text());
  const bool with_dependents = unpacker.take<uint8_t>() != 0;
  if (!unpacker.finished()) return misbehaves(frame);
  launch_.host->unload(model, with_dependents, asker, std::move(done));
  return {};
}

Status ModelProcess::take_ask_ready(const Frame& frame) {
  if (launch_.host == nullptr) return tell(frame.tag, no_host());
  Unpacker unpacker(frame.body);
  const std::string model(unpacker.take_text());
  const std::string version(unpacker.take_text());
  if (!unpacker.finished()) return misbehaves(frame);
  const Result<bool> ready = launch_.host->model_ready(model, version);
  return tell(frame.tag, ready.ok() ? Result<double>(*ready ? 1.0 : 0.0) : Result<double>(ready.status()));
}

Status ModelProcess::take_response(const Frame& frame) {
  Unpacker unpacker(frame.body);
  const bool last = unpacker.take<uint8_t>() != 0;
  ASSIGN_OR_RETURN(std::vector<ModelAnswer> answers, take_answers(unpacker, launch_.config, outputs_));
  const std::shared_ptr<Job> job = last ? jobs_.take(frame.tag) : jobs_.find(frame.tag);
  if (!job) return {};  // its batch has failed, and with it this job
  for (ModelAnswer& answer : answers)
    if (answer) job->answer(std::move(*answer));
  if (last) job->end();
  return {};
}

Status ModelProcess::take_model_call(const Frame& frame) {
  ASSIGN_OR_RETURN(ModelCall call, take_call(frame.body, outputs_));
  std::shared_ptr<Client> client = calling_model(frame.tag, calls_);
  if (launch_.host != nullptr) {
    launch_.host->infer({std::move(call.request), std::move(client), Clock::now()});
    return {};
  }
  client->answer(no_host());
  client->end();
  return {};
}

void ModelProcess::take_log(const Frame& frame) {
  Unpacker unpacker(frame.body);
  const auto level = unpacker.take<uint8_t>();
  const std::string_view text = unpacker.take_text();
  if (!launch_.log || !unpacker.ok() || level > static_cast<uint8_t>(Log::Level::kVerbose)) return;
  const auto of_log = static_cast<Log::Level>(level);
  if (launch_.log->shows(of_log)) launch_.log->write(of_log, fmt::format("{}: {}", launch_.instance, text));
}

Status ModelProcess::answer_calls() {
  for (CallAnswers::Entry& entry : calls_->take()) {
    if (entry.told) {
      RETURN_IF_ERROR(tell(entry.call, *entry.told));
      continue;
    }
    if (!entry.answer && !entry.last) continue;  // somebody wanted to be noticed
    const Result<Answer>* answer = entry.answer ? &*entry.answer : nullptr;
    Result<Packer> packed = pack_call_answer(answer, entry.last, inputs_owner_);
    if (!packed.ok()) {
      const Result<Answer> too_large = packed.status();
      packed = pack_call_answer(&too_large, entry.last, inputs_owner_);
    }
    const auto kind = static_cast<uint32_t>(ToChild::kCallAnswer);
    RETURN_IF_ERROR(question_socket_.send(kind, entry.call, packed->body()));
  }
  return {};
}

void ModelProcess::read_last_words() {
  constexpr int kMostReads = 1000;  // what a model has started may go on writing
  for (int i = 0; i < kMostReads && output_.read(); ++i) continue;
}

Status ModelProcess::why_it_ended(const Status& seen) {
  const std::lock_guard lock(child_mutex_);
  if (seen.code() != ErrorCode::kUnavailable) return seen;  // it runs, but what it says makes no sense
  const ExitState exit = child_.finish(kEndGrace);
  read_last_words();
  const std::string said = output_.tail();
  return internal_error("the process ended with {}{}{}", describe(exit),
                        said.empty() ? "" : "; its last lines:\n", said);
}

}  // namespace ridgeline::serve
