#include "cli/model_duel.h"

#include <chrono>
#include <utility>

#include "base/rng.h"
#include "engine/signature.h"

namespace ridgeline::cli {
namespace {

using Clock = std::chrono::steady_clock;

/// A round's block of one model lasts at least this long, so that clocks and caches settle in it.
constexpr std::chrono::milliseconds kBlock(40);
constexpr size_t kFewestCalls = 2;

class Side {
 public:
  static Result<Side> make(const Engine& engine, const Duellist& model, const DuelOptions& options) {
    Side side;
    SessionOptions session{.precision = model.precision, .threads = options.threads};
    session.input_shapes = options.input_shapes;
    ASSIGN_OR_RETURN(side.session_, engine.compile(model.graph, session));
    Rng rng(1);
    for (const ValueInfo& input : side.session_->signature().inputs) {
      ASSIGN_OR_RETURN(Tensor tensor, Tensor::zeros(input.type.dtype, *input.type.shape));
      if (input.type.dtype == DType::kF32)
        for (float& value : tensor.as<float>()) value = static_cast<float>(rng.normal());
      side.inputs_.push_back(std::move(tensor));
    }
    ASSIGN_OR_RETURN(const double warm_up_ms, side.call());
    static_cast<void>(warm_up_ms);
    return side;
  }

  /// Milliseconds of each call of a block; the first call after the other side's is not counted.
  Result<std::vector<double>> block() {
    ASSIGN_OR_RETURN(const double warm_up_ms, call());
    static_cast<void>(warm_up_ms);
    std::vector<double> times;
    for (const auto start = Clock::now(); times.size() < kFewestCalls || Clock::now() - start < kBlock;) {
      ASSIGN_OR_RETURN(const double ms, call());
      times.push_back(ms);
    }
    return times;
  }

 private:
  Result<double> call() {
    std::vector<TensorView> in;
    for (const Tensor& tensor : inputs_) in.push_back(tensor.view());
    std::vector<TensorView> out = lent_outputs(session_->signature());
    const auto start = Clock::now();
    RETURN_IF_ERROR(session_->run(in, out));
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  }

  std::unique_ptr<Session> session_;
  std::vector<Tensor> inputs_;
};

double mean_ms(const std::vector<std::vector<double>>& rounds) {
  std::vector<double> all;
  for (const std::vector<double>& round : rounds) all.insert(all.end(), round.begin(), round.end());
  return bench::summarize(all).mean;
}

}  // namespace

Result<DuelResult> duel(const Engine& engine, const Duellist& first, const Duellist& second,
                        const DuelOptions& options) {
  ASSIGN_OR_RETURN(Side one, Side::make(engine, first, options));
  ASSIGN_OR_RETURN(Side other, Side::make(engine, second, options));
  bench::PairedRounds rounds;
  for (int round = 0; round < options.rounds; ++round) {
    if (options.cancel.requested()) return cancelled("stopped after {} rounds", round);
    const auto play = [&](Side& side, std::vector<std::vector<double>>& times) -> Status {
      ASSIGN_OR_RETURN(std::vector<double> block, side.block());
      times.push_back(std::move(block));
      return {};
    };
    const bool turned = round % 2 == 1;  // neither always comes second
    if (turned) RETURN_IF_ERROR(play(other, rounds.cell));
    RETURN_IF_ERROR(play(one, rounds.baseline));
    if (!turned) RETURN_IF_ERROR(play(other, rounds.cell));
  }
  ASSIGN_OR_RETURN(const bench::Ratio speedup, bench::paired_speedup(rounds, 1));
  return DuelResult{mean_ms(rounds.baseline), mean_ms(rounds.cell), speedup};
}

}  // namespace ridgeline::cli
