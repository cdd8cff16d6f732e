#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cost/op_work.h"
#include "cost/work.h"

namespace ridgeline::cost {

/// One operator of a model.
struct Layer {
  std::string name;
  std::string op;
  std::string kernel;     ///< "3x3", "7x7/2"; "" where there is no window
  Shape in_shape;         ///< of the first operand
  Shape out_shape;        ///< of the first result
  std::string precision;  ///< whose peak applies: "fp32" "fp16" "bf16" "int8"
  int64_t params =
      0;  ///< learned values that no earlier layer uses: no scalars, indices or running statistics
  Work work;
  double fused_bytes = 0;  ///< see fusion.h
};

/// An operator whose work is not known, and why.
struct Uncounted {
  std::string name;
  std::string op;
  std::string reason;
};

/// The work of one call of a model at fixed shapes. The totals are meaningless while `uncounted` is not
/// empty.
struct Analysis {
  std::vector<Layer> layers;
  std::vector<Uncounted> uncounted;
  int64_t params = 0;
  Work total;
  double fused_bytes = 0;
  double product_flops = 0;  ///< of the total: the multiply-accumulates of convolutions and products alone
};

/// Costs every node of `graph`. An If counts as its dearer branch, a Loop or Scan as its body times the trip
/// count where that is known. What lies between DequantizeLinear and QuantizeLinear counts as integers.
Analysis analyze(const Graph& graph, const ValueTypes& types);

/// One convolution as a model of one layer.
Analysis analyze(const ConvCase& conv);

}  // namespace ridgeline::cost
