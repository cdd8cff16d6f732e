#include "serve/backends/engine_instance.h"

#include <algorithm>
#include <chrono>

#include "serve/backends/batch_input.h"
#include "serve/backends/batch_output.h"
#include "serve/backends/buffer_pool.h"
#include "serve/backends/session_cache.h"

namespace ridgeline::serve {
namespace {

TimePoint now() { return std::chrono::steady_clock::now(); }

void refuse(std::span<const Member> members, const Status& why) {
  for (const Member& member : members) member.job->answer(why);
}

class EngineInstance : public Instance {
 public:
  EngineInstance(std::shared_ptr<const EngineModel> model, SessionCache sessions)
      : model_(std::move(model)), sessions_(std::move(sessions)) {}

  ComputeTimes execute(std::span<const std::shared_ptr<Job>> batch) override {
    ComputeTimes times;
    if (model_->batched()) {
      run(batch, times);
    } else {
      for (size_t i = 0; i < batch.size(); ++i) run(batch.subspan(i, 1), times);
    }
    return times;
  }

  ModelMemory memory() const override { return sessions_.memory(); }

 private:
  /// One batch; its times are added. Where inputs may be ragged its requests differ in shape, and run in turn
  /// with those that are like them.
  void run(std::span<const std::shared_ptr<Job>> batch, ComputeTimes& times) {
    std::vector<Member> waiting = members_of(batch);
    while (!waiting.empty()) {
      const Member first = waiting.front();
      const auto others = std::ranges::stable_partition(
          waiting, [&](const Member& member) { return alike(member, first, model_->batched()); });
      std::vector<Member> later(others.begin(), others.end());
      waiting.erase(others.begin(), others.end());
      run_alike(waiting, times);
      waiting = std::move(later);
    }
  }

  void run_alike(std::vector<Member>& members, ComputeTimes& times) {
    int64_t rows = 0;
    for (Member& member : members) {
      member.first_row = rows;
      rows = member.end_row();
    }
    Result<BatchOutput> output = compute(members, times);
    if (!output.ok()) return refuse(members, std::move(output).status().with_context(model_->label));
    const TimePoint begin = now();
    for (const Member& member : members) member.job->answer(output->answer_for(member));
    times.output += now() - begin;
  }

  /// Those whose requests are whole; the others are answered.
  std::vector<Member> members_of(std::span<const std::shared_ptr<Job>> batch) const {
    std::vector<Member> members;
    for (const auto& job : batch) {
      Result<Member> member = member_of(*job, model_->config);
      if (member.ok())
        members.push_back(std::move(member).value());
      else
        job->answer(std::move(member).status());
    }
    return members;
  }

  Result<BatchOutput> compute(std::span<const Member> members, ComputeTimes& times) {
    const TimePoint begin = now();
    ASSIGN_OR_RETURN(const auto runs, sessions_.runs_for(shapes_of(members.front(), model_->config),
                                                         members.back().end_row()));
    ASSIGN_OR_RETURN(BatchOutput output, BatchOutput::make(*model_, runs, pool_));
    times.input += now() - begin;
    int64_t first = 0;
    for (CompiledSize* const size : runs) {
      const RowRange range{first, std::min(size->rows, members.back().end_row() - first)};
      RETURN_IF_ERROR(compute_rows(members, *size, range, output, times));
      first = range.end();
    }
    return output;
  }

  Status compute_rows(std::span<const Member> members, CompiledSize& size, RowRange range,
                      BatchOutput& output, ComputeTimes& times) {
    const TimePoint begin = now();
    std::vector<TensorView> in;
    for (size_t i = 0; i < size.inputs.size(); ++i)
      in.push_back(gather(members, size.order.input_of[i], range, size.inputs[i].view()));
    std::vector<TensorView> out = output.views_for(size, range);
    const TimePoint filled = now();
    RETURN_IF_ERROR(size.session->run(in, out));
    const TimePoint done = now();
    RETURN_IF_ERROR(output.take(size, range, out));
    times.input += filled - begin;
    times.infer += done - filled;
    times.output += now() - done;
    return {};
  }

  std::shared_ptr<const EngineModel> model_;
  SessionCache sessions_;
  BufferPool pool_;
};

}  // namespace

Result<std::unique_ptr<Instance>> make_engine_instance(std::shared_ptr<const EngineModel> model,
                                                       Place place) {
  SessionCache sessions(model, std::move(place));
  if (const auto shapes = fixed_shapes(model->config))
    RETURN_IF_ERROR(sessions.warm_up(*shapes).with_context(model->label));
  for (const ItemShapes& shapes : model->warm)
    RETURN_IF_ERROR(sessions.warm_up(shapes).with_context(model->label));
  return std::unique_ptr<Instance>(std::make_unique<EngineInstance>(std::move(model), std::move(sessions)));
}

}  // namespace ridgeline::serve
