#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "graph/graph.h"
#include "graph/zoo/zoo.h"

namespace ridgeline::zoo {

struct ConvSpec {
  int64_t in, out, kernel;
  int64_t stride = 1;
  int64_t padding = 0;
  bool bias = false;
};

/// Adds layers one after the other; every method takes the name of a value and returns that of its result.
/// Modules are named as in PyTorch ("layer1.0.conv1"); parameters are module + ".weight" and so on.
class Builder {
 public:
  Builder(std::string name, const ZooOptions& options);

  std::string input() const { return graph_.inputs.front().name; }
  std::string conv(const std::string& module, const std::string& x, const ConvSpec& spec);
  std::string batch_norm(const std::string& module, const std::string& x, int64_t channels);
  std::string linear(const std::string& module, const std::string& x, int64_t in, int64_t out);
  std::string relu(const std::string& module, const std::string& x) { return simple("Relu", module, {x}); }
  std::string add(const std::string& module, const std::string& a, const std::string& b) {
    return simple("Add", module, {a, b});
  }
  std::string max_pool(const std::string& module, const std::string& x, int64_t kernel, int64_t stride,
                       int64_t padding);
  std::string global_average_pool(const std::string& module, const std::string& x) {
    return simple("GlobalAveragePool", module, {x});
  }
  std::string flatten(const std::string& module, const std::string& x) {
    return simple("Flatten", module, {x});
  }

  /// Ends the graph in `logits` of `width` values, projected where the options ask for it.
  Result<Graph> finish(const std::string& logits, int64_t width);

 private:
  std::string simple(const std::string& op, const std::string& module, std::vector<std::string> inputs);
  std::string add_node(Node node);
  template <typename Draw>
  std::string parameter(const std::string& name, Shape shape, Draw draw);

  Graph graph_;
  ZooOptions options_;
  Rng rng_;
  Status error_;
};

}  // namespace ridgeline::zoo
