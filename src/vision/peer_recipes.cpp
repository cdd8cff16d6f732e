#include "vision/peer_recipes.h"

#include <cmath>
#include <string>

#include "vision/contract.h"

namespace ridgeline::vision {
namespace {

constexpr int kLargestSide = 1 << 14;

/// Fields of one JSON object; errors name the file and the field.
class Recipe {
 public:
  Recipe(const Json& object, std::string_view what) : object_(object), what_(what) {}

  const Json& at(const char* field) const {
    static const Json kAbsent;
    const auto found = object_.is_object() ? object_.find(field) : object_.end();
    return object_.is_object() && found != object_.end() ? *found : kAbsent;
  }
  Status wrong(const char* field, std::string_view expected) const {
    const Json& value = at(field);
    return unsupported(
        "{}: \"{}\" is {}, but must be {}: import the weights file itself to go without a contract", what_,
        field, value.is_null() ? "missing" : value.dump(-1, ' ', false, Json::error_handler_t::replace),
        expected);
  }

  Result<std::array<float, 3>> per_channel(const char* field) const {
    const Json& list = at(field);
    std::array<float, 3> values{};
    if (!list.is_array() || list.size() != values.size()) return wrong(field, "three numbers");
    for (size_t channel = 0; channel < values.size(); ++channel) {
      if (!list[channel].is_number()) return wrong(field, "three numbers");
      values[channel] = list[channel].get<float>();
    }
    return values;
  }
  /// A number of pixels, or an object that holds one under `key`, or under "height" and "width" alike.
  Result<int> side(const char* field, const char* key) const {
    const Json& value = at(field);
    const Json& held = value.is_object() && value.contains(key) ? value.at(key) : value;
    const bool square = held.is_object() && held.contains("height") && held.contains("width") &&
                        held["height"] == held["width"];
    const Json& pixels = square ? held["height"] : held;
    if (!pixels.is_number_integer() || pixels < 1 || pixels > kLargestSide)
      return wrong(field, "one side in pixels");
    return pixels.get<int>();
  }
  Result<double> share(const char* field, double fallback) const {
    const Json& value = at(field);
    if (value.is_null()) return fallback;
    if (!value.is_number() || value.get<double>() <= 0 || value.get<double>() > 1)
      return wrong(field, "above 0, at most 1");
    return value.get<double>();
  }
  bool is(const char* field, bool fallback) const {
    const Json& value = at(field);
    return value.is_boolean() ? value.get<bool>() : fallback;
  }

 private:
  const Json& object_;
  std::string_view what_;
};

/// PIL's numbers.
Result<Interpolation> resample_of(const Recipe& recipe) {
  const Json& number = recipe.at("resample");
  if (number == 0) return Interpolation::kNearest;
  if (number == 2) return Interpolation::kBilinear;
  if (number == 3) return Interpolation::kBicubic;
  return recipe.wrong("resample", "0, 2 or 3 (nearest, bilinear, bicubic)");
}

Status check_scale(const Recipe& recipe) {
  constexpr double kScale = 1.0 / 255;
  const Json& factor = recipe.at("rescale_factor");
  const bool usual =
      factor.is_null() || (factor.is_number() && std::abs(factor.get<double>() / kScale - 1) < 1e-3);
  if (!usual) return recipe.wrong("rescale_factor", "1/255");
  return recipe.is("do_rescale", true) ? Status() : recipe.wrong("do_rescale", "true");
}

bool is_convnext(const Recipe& recipe) {
  for (const char* field : {"image_processor_type", "feature_extractor_type"})
    if (recipe.at(field).is_string() && recipe.at(field).get<std::string>().starts_with("ConvNext"))
      return true;
  return false;
}

/// ConvNextImageProcessor: below 384 pixels, a resize to size / crop_pct and a crop; from there on, a resize
/// of both sides that distorts.
Status read_convnext_sides(const Recipe& recipe, Preprocessing& how) {
  constexpr int kDistortsFrom = 384;
  ASSIGN_OR_RETURN(how.crop, recipe.side("size", "shortest_edge"));
  if (how.crop >= kDistortsFrom)
    return recipe.wrong("size", "less than 384, from where on this processor distorts");
  ASSIGN_OR_RETURN(const double share, recipe.share("crop_pct", 224.0 / 256));
  how.resize_shorter = static_cast<int>(how.crop / share);
  return {};
}

Status read_cropped_sides(const Recipe& recipe, Preprocessing& how) {
  const Json& size = recipe.at("size");
  if (!size.is_object() || !size.contains("shortest_edge"))
    return recipe.wrong("size", "a \"shortest_edge\"");
  if (!recipe.is("do_center_crop", false)) return recipe.wrong("do_center_crop", "true");
  ASSIGN_OR_RETURN(how.resize_shorter, recipe.side("size", "shortest_edge"));
  ASSIGN_OR_RETURN(how.crop, recipe.side("crop_size", "shortest_edge"));
  return {};
}

}  // namespace

Result<Preprocessing> preprocessing_of_transformers(const Json& config, std::string_view what) {
  const Recipe recipe(config, what);
  Preprocessing how;
  if (!recipe.is("do_resize", true)) return recipe.wrong("do_resize", "true");
  RETURN_IF_ERROR(is_convnext(recipe) ? read_convnext_sides(recipe, how) : read_cropped_sides(recipe, how));
  ASSIGN_OR_RETURN(how.interpolation, resample_of(recipe));
  RETURN_IF_ERROR(check_scale(recipe));
  how.mean = {0, 0, 0};
  how.stddev = {1, 1, 1};
  if (recipe.is("do_normalize", true)) {
    ASSIGN_OR_RETURN(how.mean, recipe.per_channel("image_mean"));
    ASSIGN_OR_RETURN(how.stddev, recipe.per_channel("image_std"));
  }
  return how;
}

Result<Preprocessing> preprocessing_of_timm(const Json& config, std::string_view what) {
  const Recipe recipe(config, what);
  Preprocessing how;
  const Json& size = recipe.at("input_size");
  const bool square = size.is_array() && size.size() == 3 && size[0] == 3 && size[1] == size[2] &&
                      size[1].is_number_integer() && size[1] >= 1 && size[1] <= kLargestSide;
  if (!square) return recipe.wrong("input_size", "[3, SIDE, SIDE]");
  const Json& mode = recipe.at("crop_mode");
  if (!mode.is_null() && mode != "center") return recipe.wrong("crop_mode", "\"center\"");
  how.crop = size[1].get<int>();
  ASSIGN_OR_RETURN(const double share, recipe.share("crop_pct", 0.875));
  how.resize_shorter = static_cast<int>(std::floor(how.crop / share));
  const Json& filter = recipe.at("interpolation");
  const auto interpolation = interpolation_from_name(filter.is_string() ? filter.get<std::string>() : "");
  if (!interpolation) return recipe.wrong("interpolation", "nearest, bilinear or bicubic");
  how.interpolation = *interpolation;
  ASSIGN_OR_RETURN(how.mean, recipe.per_channel("mean"));
  ASSIGN_OR_RETURN(how.stddev, recipe.per_channel("std"));
  return how;
}

}  // namespace ridgeline::vision
