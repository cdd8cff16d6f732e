#pragma once

#include <string>
#include <vector>

#include "graph/infer.h"
#include "graph/passes/clamp.h"
#include "graph/passes/rewriter.h"

namespace ridgeline::passes {

/// How a whole tensor is held in u8 or i8: value = (step − zero point) · scale.
struct Quantisation {
  DType dtype = DType::kU8;
  float scale = 1;
  int32_t zero_point = 0;

  int32_t lowest() const { return dtype == DType::kU8 ? 0 : -128; }
  int32_t highest() const { return lowest() + 255; }
  /// The step of a value, as QuantizeLinear rounds it.
  int32_t step_of(float value) const;
  float value_of(int32_t step) const { return static_cast<float>(step - zero_point) * scale; }
  bool operator==(const Quantisation&) const = default;
};

/// Where a DequantizeLinear takes a value from.
struct QuantizedSource {
  std::string integers;
  Quantisation as;
};

/// Where a value goes that nothing else reads: through Relus and Clips into a QuantizeLinear.
struct QuantizedSink {
  std::vector<size_t> clamps;  ///< nodes
  size_t quantize = 0;         ///< node
  Quantisation as;
  Clamp clamp;  ///< of all of them

  int32_t low() const { return as.step_of(clamp.low); }
  int32_t high() const { return as.step_of(clamp.high); }
};

/// A layer's constant weights as integers whose zero is 0.
struct QuantizedWeights {
  Tensor steps;               ///< i8, of the weights' shape
  std::vector<float> scales;  ///< of each output channel
};

/// Reads the QuantizeLinear and DequantizeLinear around the nodes of a graph; what they do otherwise than for
/// a whole tensor of u8 or i8 with constant FP32 scales is read as absent.
class QuantizedValues {
 public:
  QuantizedValues(const Rewriter& rewriter, const TypeMap& types) : rewriter_(rewriter), types_(types) {}

  std::optional<QuantizedSource> source(const std::string& value) const;
  std::optional<QuantizedSink> sink(const std::string& value) const;
  /// What the QuantizeLinear at `index` writes.
  std::optional<Quantisation> quantisation_of(size_t index) const;
  /// Output channels lie along `axis`. Absent where a weight less its zero point does not fit i8.
  std::optional<QuantizedWeights> weights(const std::string& value, size_t axis) const;
  /// Constants of one axis, from FP32 or i32.
  std::optional<Tensor> bias(const std::string& value, int64_t channels) const;

 private:
  const Node* maker(const std::string& value, std::string_view op) const;
  const Tensor* constant(const Node& node, size_t input, DType dtype) const;
  std::optional<Quantisation> whole_tensor(const Node& node, DType dtype) const;
  std::optional<Tensor> dequantized_bias(const Node& node, int64_t channels) const;

  const Rewriter& rewriter_;
  const TypeMap& types_;
};

}  // namespace ridgeline::passes
