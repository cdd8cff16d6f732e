#pragma once

#include <map>
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

struct PoolSpec {
  int64_t kernel, stride;
  int64_t padding = 0;
  bool ceil = false;  ///< a last window may be cut off by the border
};

/// How weights are drawn: so that the outputs of convolutions and linear layers have a mean square near 1,
/// whatever the depth and the widths, or as torchvision initialises ResNets: by Kaiming's rule over the
/// fan-out.
enum class Draw { kUnitScale, kFanOut };

enum class Activation { kNone, kRelu, kRelu6, kHardSwish, kSilu, kSigmoid, kHardSigmoid };

/// What follows a convolution.
struct NormSpec {
  Activation activation = Activation::kNone;
  float epsilon = 1e-5F;
};

struct SqueezeSpec {
  int64_t channels, squeezed;
  Activation activation, gate;
};

/// Adds layers one after the other; every method takes the name of a value and returns that of its result.
/// Modules are named as in PyTorch ("layer1.0.conv1"); parameters are module + ".weight" and so on.
class Builder {
 public:
  Builder(std::string name, const ZooOptions& options, Draw draw);

  std::string input() const { return graph_.inputs.front().name; }
  std::string conv(const std::string& module, const std::string& x, const ConvSpec& spec);
  std::string batch_norm(const std::string& module, const std::string& x, int64_t channels,
                         float epsilon = 1e-5F);
  /// torchvision's Conv2dNormActivation: the layers are module + ".0", ".1" and ".2".
  std::string conv_norm(const std::string& module, const std::string& x, const ConvSpec& spec,
                        const NormSpec& norm);
  /// torchvision's SqueezeExcitation: each channel times what its gate makes of all channels' means.
  std::string squeeze_excitation(const std::string& module, const std::string& x, const SqueezeSpec& spec);
  /// A transposed 2×2 convolution with the stride 2, which doubles both sides.
  std::string conv_up(const std::string& module, const std::string& x, int64_t in, int64_t out);
  std::string linear(const std::string& module, const std::string& x, int64_t in, int64_t out);
  std::string relu(const std::string& module, const std::string& x) {
    return activate(Activation::kRelu, module, x);
  }
  std::string activate(Activation activation, const std::string& module, const std::string& x);
  std::string add(const std::string& module, const std::string& a, const std::string& b);
  std::string max_pool(const std::string& module, const std::string& x, const PoolSpec& spec);
  std::string average_pool(const std::string& module, const std::string& x, const PoolSpec& spec);
  std::string global_average_pool(const std::string& module, const std::string& x);
  std::string flatten(const std::string& module, const std::string& x);
  /// Joins maps along their channels, or along another axis.
  std::string concat(const std::string& module, std::vector<std::string> parts, int64_t axis = 1);

  /// For what no method makes: a node with one output, and what it reads that is no weight.
  std::string add_node(Node node);
  std::string simple(const std::string& op, const std::string& module, std::vector<std::string> inputs);
  std::string integers(const std::string& name, const std::vector<int64_t>& values);

  /// Ends the graph in `logits` of `width` values, projected where the options ask for it.
  Result<Graph> finish(const std::string& logits, int64_t width);
  /// Makes `x` an output of this name.
  void output(const std::string& name, const std::string& x, Shape shape);
  /// Ends the graph in the outputs that it has. There is nothing to project: kInvalidArgument where the
  /// options ask for it.
  Result<Graph> finish();

 private:
  std::string hard_sigmoid(const std::string& module, const std::string& x);
  std::string relu6(const std::string& module, const std::string& x);
  double mean_square(const std::string& x) const;
  /// `x`, whose mean square is about this.
  std::string scaled(std::string x, double mean_square);
  std::string pool(const std::string& op, const std::string& module, const std::string& x,
                   const PoolSpec& spec);
  std::string constant(const std::string& name, Result<Tensor> value);
  template <typename Draw>
  std::string parameter(const std::string& name, Shape shape, Draw draw);

  Graph graph_;
  ZooOptions options_;
  Draw draw_;
  Rng rng_;
  std::map<std::string, double> mean_squares_;  ///< estimated, of values
  Status error_;
};

}  // namespace ridgeline::zoo
