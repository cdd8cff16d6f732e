#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "graph/graph.h"

namespace ridgeline {

/// How a tool writes quantised models: activations and weights per tensor or by channel, signed or not, one
/// DequantizeLinear for all readers or one for each.
struct WritingStyle {
  bool by_channel = true;
  bool shares_dequantised = true;
  DType activations = DType::kU8;
  DType weights = DType::kI8;
  float weight_limit = 127;  ///< of a step's magnitude
};

/// Grows a graph of nodes between DequantizeLinear and QuantizeLinear by chance; batch 2.
class QuantizedGraphMaker {
 public:
  QuantizedGraphMaker(uint64_t seed, const WritingStyle& style);

  /// A node of kind `kind`, below kKinds.
  void grow(size_t kind);
  static constexpr size_t kKinds = 13;
  size_t any_kind() { return below(kKinds); }
  /// The last values of the graph, in FP32, are its outputs.
  Graph finish(size_t outputs);
  /// A step of each output.
  const std::vector<float>& output_steps() const { return output_steps_; }

 private:
  struct Value {
    std::string integers, floats;
    int64_t channels = 0, side = 0;
    float scale = 1;
    int32_t zero = 0;
    float spread = 1;  ///< of its floats
  };
  struct Made {
    std::string name;
    int64_t channels = 0, side = 0;
    float spread = 1;
    bool is_positive = false;
  };

  size_t below(size_t bound) { return static_cast<size_t>(rng_.below(bound)); }
  const Value& any() { return values_[below(values_.size())]; }
  std::string keep(Tensor tensor);
  std::string floats(std::vector<float> values, Shape shape);
  std::string node(const std::string& op, std::vector<std::string> inputs,
                   std::map<std::string, Attribute> attributes = {});
  std::string read(const Value& value);
  Value quantize(const Made& made, float scale, int32_t zero);
  Value quantize(const Made& made);
  std::string weights(const Shape& shape, int64_t axis, float scale, std::vector<float>& scales);
  std::string bias(const std::vector<float>& scales, float input_scale);
  struct Layer {
    int64_t channels, kernel = 1, stride = 1, groups = 1;
  };
  Made conv(const Value& x, const Layer& layer);
  Made conv(const Value& x);
  Made squeeze(const Value& x);
  Made gemm(const Value& x);
  Made activation(Made made);
  Made make(size_t kind, const Value& x);
  Made add(const Value& x);

  Rng rng_;
  WritingStyle style_;
  Graph graph_;
  std::vector<Value> values_;
  std::vector<float> output_steps_;
};

}  // namespace ridgeline
