#include "predict/verify.h"

#include <algorithm>
#include <array>

#include "engine/model_precision.h"
#include "predict/divergence.h"

namespace ridgeline::predict {
namespace {

SessionOptions options_for(const Graph& graph, const VerifyCase& what, Precision precision) {
  SessionOptions options{.precision = precision, .threads = what.threads};
  options.input_shapes[graph.inputs[0].name] = what.images[0].shape();
  return options;
}

/// The precision to run the exported graph in on an engine, or why that can't be done.
Result<Precision> choose_precision(const VerifyCase& what, const Engine& engine, Precision stored) {
  const Status refused = engine.supports(what.exported, options_for(what.exported, what, stored));
  if (refused.ok()) return stored;
  if (stored != Precision::kFp32 &&
      engine.supports(what.exported, options_for(what.exported, what, Precision::kFp32)).ok())
    return Precision::kFp32;
  return refused;
}

bool is_absence(const Status& status) {
  return status.code() == ErrorCode::kUnsupported || status.code() == ErrorCode::kUnavailable;
}

class Verifier {
 public:
  Verifier(const VerifyCase& what, const Engine& reference)
      : what_(what),
        stored_(stored_precision(what.exported)),
        reference_{reference, Precision::kFp32, what.threads} {}

  Status run_reference() {
    Result<std::vector<Tensor>> outputs = outputs_of(reference_, what_.original, what_.images);
    if (!outputs.ok()) return std::move(outputs).status().with_context("the reference");
    expected_ = std::move(outputs).value();
    return {};
  }

  EngineVerdict judge(const Engine& engine) const {
    EngineVerdict row{.engine = std::string(engine.name())};
    if (const Capabilities here = engine.probe(); !here.available) {
      row.reason = here.reason;
      return row;
    }
    row.version = engine.version();
    const Result<Precision> precision = choose_precision(what_, engine, stored_);
    row.precision = precision.ok() ? *precision : stored_;
    const Status judged =
        precision.ok() ? compare({engine, *precision, what_.threads}, row) : precision.status();
    if (!judged.ok()) row.reason = judged.message();
    if (judged.ok())
      row.verdict = Verdict::kAgrees;
    else if (row.verdict != Verdict::kDisagrees)
      row.verdict = is_absence(judged) ? Verdict::kSkipped : Verdict::kFailed;
    return row;
  }

 private:
  Status compare(const EngineRun& run, EngineVerdict& row) const {
    ASSIGN_OR_RETURN(const std::vector<Tensor> outputs, outputs_of(run, what_.exported, what_.images));
    row.verdict = Verdict::kDisagrees;
    const Result<Agreement> agreement = compare_outputs(expected_, outputs);
    RETURN_IF_ERROR(agreement.status());
    row.agreement = *agreement;
    Status bounded = check_agreement(*agreement, stored_);
    if (!bounded.ok()) row.diverging = first_diverging_layer(what_, reference_, run, stored_);
    return bounded;
  }

  const VerifyCase& what_;
  const Precision stored_;
  const EngineRun reference_;
  std::vector<Tensor> expected_;
};

}  // namespace

std::string_view name_of(Verdict verdict) {
  static constexpr std::array<std::string_view, 4> kNames = {"OK", "MISMATCH", "FAILED", "SKIPPED"};
  return kNames[static_cast<size_t>(verdict)];
}

bool Verification::agrees() const {
  const auto count = [&](Verdict verdict) {
    return std::count_if(engines.begin(), engines.end(),
                         [&](const EngineVerdict& row) { return row.verdict == verdict; });
  };
  return count(Verdict::kAgrees) > 0 && count(Verdict::kDisagrees) == 0 && count(Verdict::kFailed) == 0;
}

Result<const Engine*> reference_engine(const EngineRegistry& engines, const VerifyCase& what) {
  std::string reasons;
  for (const char* name : {"libtorch", "native"}) {
    ASSIGN_OR_RETURN(const Engine* engine, engines.find(name));
    const Status refused =
        engine->supports(what.original, options_for(what.original, what, Precision::kFp32));
    if (refused.ok()) return engine;
    reasons += fmt::format("{}{}: {}", reasons.empty() ? "" : "; ", name, refused.message());
  }
  return unavailable("no engine can compute a reference: {}", reasons);
}

Result<Verification> verify(const VerifyCase& what, const Engine& reference,
                            std::span<const std::unique_ptr<const Engine>> engines,
                            const std::function<void(const EngineVerdict&)>& observe,
                            const CancelToken& cancel) {
  Verifier verifier(what, reference);
  RETURN_IF_ERROR(verifier.run_reference());
  Verification verification{.reference = std::string(reference.name()), .engines = {}};
  for (const auto& engine : engines) {
    if (engine->name() == "null") continue;
    if (cancel.requested()) return cancelled("verification was stopped");
    verification.engines.push_back(verifier.judge(*engine));
    observe(verification.engines.back());
  }
  return verification;
}

}  // namespace ridgeline::predict
