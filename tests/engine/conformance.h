#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace ridgeline {

/// One of ONNX's node tests: a model of one op (or of the ops that define one), inputs and the outputs that
/// it must give.
struct ConformanceCase {
  std::string name;
  Graph graph;
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
};

/// kUnsupported when the model or its data holds what a Graph or Tensor can't (sequences, training ops).
Result<ConformanceCase> load_conformance_case(const std::string& folder);

/// Ok when the engine gives the outputs, within ONNX's own tolerances. kUnsupported when it refuses the
/// model. One that refuses it for what is not known before the run gets a second chance, with the inputs that
/// parametrise an op (those of rank 0 and 1: shapes, axes, K, …) as the constants that exporters write.
Status run_conformance_case(const Engine& engine, const ConformanceCase& test);

struct ConformanceReport {
  size_t passed = 0;
  size_t refused = 0;
  std::map<std::string, std::string> refusals;  ///< by op (or case, for models of several): one reason
  std::set<std::string> claimed_ops;            ///< those of which a case passes
  std::vector<std::string> failures;            ///< case and reason
};

/// All cases in `root`, less those whose data is known to be wrong.
ConformanceReport run_conformance(const Engine& engine, const std::string& root);

}  // namespace ridgeline
