#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "vision/preprocess.h"

namespace ridgeline::vision {

/// What a classifier expects of its pixels and means by its outputs. It travels with the weights: in a
/// checkpoint's metadata and in ONNX `metadata_props`, under the two keys below.
struct Contract {
  Preprocessing preprocessing;
  std::vector<std::string> classes;  ///< in the order of the outputs
  bool operator==(const Contract&) const = default;
};

inline constexpr std::string_view kPreprocessingKey = "ridgeline.preprocessing";
inline constexpr std::string_view kClassesKey = "ridgeline.classes";

/// {"resize":256,"crop":224,"interpolation":"bilinear","antialias":true,"mean":[…],"std":[…],
/// "color_order":"RGB","layout":"NCHW"}, and a list of names.
std::map<std::string, std::string> to_metadata(const Contract& contract);

/// None where neither key is there. kInvalidArgument, naming `what` and the field, for a missing half, a
/// broken or an unknown value: preprocessing that we would not do as the model expects it is not guessed at.
Result<std::optional<Contract>> contract_from_metadata(const std::map<std::string, std::string>& metadata,
                                                       std::string_view what);

/// "bilinear", "bicubic" or "nearest".
std::string_view name_of(Interpolation interpolation);
std::optional<Interpolation> interpolation_from_name(std::string_view name);

}  // namespace ridgeline::vision
