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
  int64_t groups = 1;
  bool bias = false;
};

/// What Kaiming's rule divides the variance of a convolution's weights by: the products that an output sums,
/// which keeps the values' scale whatever the widths, or those that an input goes into, as torchvision does.
enum class Fan { kIn, kOut };

enum class Activation { kNone, kRelu, kRelu6 };

/// Adds layers one after the other; every method takes the name of a value and returns that of its result.
/// Modules are named as in PyTorch ("layer1.0.conv1"); parameters are module + ".weight" and so on.
class Builder {
 public:
  Builder(std::string name, const ZooOptions& options, Fan fan);

  std::string input() const { return graph_.inputs.front().name; }
  std::string conv(const std::string& module, const std::string& x, const ConvSpec& spec);
  std::string batch_norm(const std::string& module, const std::string& x, int64_t channels);
  /// torchvision's Conv2dNormActivation: the layers are module + ".0", ".1" and ".2".
  std::string conv_norm(const std::string& module, const std::string& x, const ConvSpec& spec,
                        Activation activation);
  std::string linear(const std::string& module, const std::string& x, int64_t in, int64_t out);
  std::string relu(const std::string& module, const std::string& x) { return simple("Relu", module, {x}); }
  std::string add(const std::string& module, const std::string& a, const std::string& b) {
    return simple("Add", module, {a, b});
  }
  std::string max_pool(const std::string& module, const std::string& x, int64_t kernel, int64_t stride,
                       int64_t padding);
  std::string average_pool(const std::string& module, const std::string& x, int64_t kernel, int64_t stride);
  std::string global_average_pool(const std::string& module, const std::string& x) {
    return simple("GlobalAveragePool", module, {x});
  }
  std::string flatten(const std::string& module, const std::string& x) {
    return simple("Flatten", module, {x});
  }
  /// Joins maps along their channels, or along another axis.
  std::string concat(const std::string& module, std::vector<std::string> parts, int64_t axis = 1);
  std::string activate(Activation activation, const std::string& module, const std::string& x);

  /// For what no method makes: a node with one output, and what it reads that is no weight.
  std::string add_node(Node node);
  std::string integers(const std::string& name, const std::vector<int64_t>& values);

  /// Ends the graph in `logits` of `width` values, projected where the options ask for it.
  Result<Graph> finish(const std::string& logits, int64_t width);

 private:
  std::string constant(const std::string& name, Result<Tensor> value);
  std::string simple(const std::string& op, const std::string& module, std::vector<std::string> inputs);
  template <typename Draw>
  std::string parameter(const std::string& name, Shape shape, Draw draw);

  Graph graph_;
  ZooOptions options_;
  Fan fan_;
  Rng rng_;
  Status error_;
};

}  // namespace ridgeline::zoo
