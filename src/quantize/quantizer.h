#pragma once

#include <functional>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "quantize/judge.h"
#include "quantize/plan.h"
#include "quantize/qdq.h"
#include "quantize/search.h"

namespace ridgeline::quantize {

struct Options {
  Method method = Method::kMinMax;
  double percentile = kDefaultPercentile;
  double max_drop_points = 0.5;  ///< of top-1
  /// Told what is done, and which share of all work.
  std::function<void(double share, const std::string& what)> progress = [](double, const std::string&) {};
};

/// The pictures that a model is quantised with; those that cannot be read are left out.
struct Pictures {
  std::vector<std::string> calibration;
  std::vector<std::string> test;
  std::vector<int> test_labels;  ///< the right output of each
};

/// A layer, what the logits lose when it alone computes in INT8, and what became of it.
struct LayerOutcome {
  std::string name;
  std::string op;
  double sqnr_db = std::numeric_limits<double>::infinity();
  bool int8 = true;
};

struct Outcome {
  Graph graph;
  std::vector<LayerOutcome> layers;  ///< in the graph's order
  Comparison all_int8;               ///< with no layer left in float
  Comparison final;                  ///< with the layers left in float that the goal asks for
  SearchResult search;
  size_t calibration_images = 0;
  std::vector<std::string> skipped;  ///< one line for each file that could not be read
};

/// Calibrates `model` on the runner's engine, measures what each layer loses, and leaves the worst in float
/// until the test pictures' drop is at most the options'. kUnsupported where no layer can be quantised or
/// the model takes no pictures.
Result<Outcome> quantize(const Graph& model, std::string_view name, const Pictures& pictures,
                         const Runner& runner, const Options& options);

}  // namespace ridgeline::quantize
