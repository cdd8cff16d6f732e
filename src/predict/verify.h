#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "base/status.h"
#include "engine/agreement.h"
#include "engine/registry.h"

namespace ridgeline::predict {

/// A model before and after an export, and what to hold them against each other with.
struct VerifyCase {
  const Graph& original;
  const Graph& exported;             ///< as read back from the file
  std::span<const Tensor> images{};  ///< batches of one shape
  int threads = 1;
};

/// The first layer whose values are out of the precision's bound, all those before it being inside.
struct Divergence {
  std::string layer;
  std::string op;
  double max_abs_diff = 0;
  double scale = 0;  ///< largest absolute value of the reference
};

enum class Verdict { kAgrees, kDisagrees, kFailed, kSkipped };
std::string_view name_of(Verdict verdict);  // "OK" "MISMATCH" "FAILED" "SKIPPED"

struct EngineVerdict {
  std::string engine;
  std::string version;
  Precision precision = Precision::kFp32;  ///< what the engine was asked to compute in
  Verdict verdict = Verdict::kSkipped;
  std::string reason;                   ///< for all but kAgrees
  std::optional<Agreement> agreement;   ///< where the engine gave outputs
  std::optional<Divergence> diverging;  ///< for kDisagrees, where one layer stands out
};

struct Verification {
  std::string reference;  ///< the engine that ran the original in fp32
  std::vector<EngineVerdict> engines;
  bool agrees() const;  ///< some engine ran the file, and none disagreed or failed
};

/// LibTorch where it is here and can run the graph, else native; kUnavailable with both reasons.
Result<const Engine*> reference_engine(const EngineRegistry& engines, const VerifyCase& what);

/// Runs the original on `reference` and the exported graph on each of `engines` but null, in the precision
/// that it is stored in or else in fp32, and bounds the differences as races do. An engine that is not here
/// or lacks an op is skipped with its reason. `observe` is told each verdict as it falls.
Result<Verification> verify(const VerifyCase& what, const Engine& reference,
                            std::span<const std::unique_ptr<const Engine>> engines,
                            const std::function<void(const EngineVerdict&)>& observe,
                            const CancelToken& cancel = {});

}  // namespace ridgeline::predict
