#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "tensor/shape.h"

namespace ridgeline::ops {

/// What an Einsum's equation says of its operands: a label for each axis. Axes of an ellipsis have digits,
/// '0' being the last, since they meet those of other operands as broadcast axes do, last to last.
struct Equation {
  /// kInvalidArgument where `text` contradicts itself or the operands, of which extents may be unknown.
  /// Without "->" the result has an ellipsis's axes, then the letters that there are once, in their order.
  static Result<Equation> parse(std::string_view text, std::span<const Shape> operands);

  std::vector<std::string> terms;  ///< of the operands
  std::string out;
  std::string summed;               ///< what `out` lacks, in the labels' order
  std::map<char, int64_t> extents;  ///< of all labels, where they are more than 1 in some operand
};

}  // namespace ridgeline::ops
