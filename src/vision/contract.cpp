#include "vision/contract.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>
#include <utility>

#include "base/json.h"

namespace ridgeline::vision {
namespace {

template <typename T>
using Name = std::pair<T, std::string_view>;
constexpr std::array<Name<Interpolation>, 3> kInterpolations = {{{Interpolation::kBilinear, "bilinear"},
                                                                 {Interpolation::kBicubic, "bicubic"},
                                                                 {Interpolation::kNearest, "nearest"}}};
constexpr std::array<Name<ColorOrder>, 2> kColorOrders = {
    {{ColorOrder::kRgb, "RGB"}, {ColorOrder::kBgr, "BGR"}}};
constexpr std::array<Name<Layout>, 2> kLayouts = {{{Layout::kNchw, "NCHW"}, {Layout::kNhwc, "NHWC"}}};

template <typename T, size_t N>
std::string_view spelled(const std::array<Name<T>, N>& names, T value) {
  return std::find_if(names.begin(), names.end(), [&](const auto& name) { return name.first == value; })
      ->second;
}

template <typename T, size_t N>
std::optional<T> meant(const std::array<Name<T>, N>& names, std::string_view text) {
  for (const auto& [value, name] : names)
    if (name == text) return value;
  return std::nullopt;
}

/// The shortest decimals that read back as these floats, so that 0.485 is not written 0.48500001430511475.
Json decimals(const std::array<float, 3>& values) {
  Json list = Json::array();
  for (const float value : values) list.push_back(std::strtod(fmt::format("{}", value).c_str(), nullptr));
  return list;
}

/// Reads the fields of one JSON object; errors name the metadata's owner, the key and the field.
class Fields {
 public:
  Fields(const Json& object, std::string_view what) : object_(object), what_(what) {}

  Result<int> size(const char* field) const {
    constexpr int kLargest = 1 << 14;
    const auto found = object_.find(field);
    if (found == object_.end() || !found->is_number_integer() || *found < 1 || *found > kLargest)
      return wrong(field, fmt::format("a number of pixels from 1 to {}", kLargest));
    return found->template get<int>();
  }

  template <typename T, size_t N>
  Result<T> one_of(const char* field, const std::array<Name<T>, N>& names) const {
    const auto found = object_.find(field);
    const auto value = found != object_.end() && found->is_string()
                           ? meant(names, found->template get_ref<const std::string&>())
                           : std::nullopt;
    if (value) return *value;
    std::string choices;
    for (const auto& name : names) choices += fmt::format("{}{}", choices.empty() ? "" : ", ", name.second);
    return wrong(field, "one of " + choices);
  }

  Result<std::array<float, 3>> per_channel(const char* field, bool positive) const {
    const auto found = object_.find(field);
    const char* expected = positive ? "three positive numbers" : "three numbers";
    if (found == object_.end() || !found->is_array() || found->size() != 3) return wrong(field, expected);
    std::array<float, 3> values{};
    for (size_t c = 0; c < 3; ++c) {
      const Json& value = (*found)[c];
      if (!value.is_number()) return wrong(field, expected);
      values[c] = value.get<float>();
      if (!std::isfinite(values[c]) || (positive && values[c] <= 0)) return wrong(field, expected);
    }
    return values;
  }

  Status must_be_true(const char* field) const {
    const auto found = object_.find(field);
    return found != object_.end() && *found == true ? Status() : wrong(field, "true");
  }

 private:
  Status wrong(const char* field, std::string_view expected) const {
    return invalid_argument("{}: {}: \"{}\" must be {}", what_, kPreprocessingKey, field, expected);
  }

  const Json& object_;
  std::string_view what_;
};

Result<Preprocessing> read_preprocessing(const std::string& text, std::string_view what) {
  ASSIGN_OR_RETURN(const Json object, parse_json(text, fmt::format("{}: {}", what, kPreprocessingKey)));
  const Fields fields(object, what);
  Preprocessing how;
  ASSIGN_OR_RETURN(how.resize_shorter, fields.size("resize"));
  ASSIGN_OR_RETURN(how.crop, fields.size("crop"));
  ASSIGN_OR_RETURN(how.interpolation, fields.one_of("interpolation", kInterpolations));
  RETURN_IF_ERROR(fields.must_be_true("antialias"));
  ASSIGN_OR_RETURN(how.mean, fields.per_channel("mean", false));
  ASSIGN_OR_RETURN(how.stddev, fields.per_channel("std", true));
  ASSIGN_OR_RETURN(how.color_order, fields.one_of("color_order", kColorOrders));
  ASSIGN_OR_RETURN(how.layout, fields.one_of("layout", kLayouts));
  return how;
}

Result<std::vector<std::string>> read_classes(const std::string& text, std::string_view what) {
  ASSIGN_OR_RETURN(const Json list, parse_json(text, fmt::format("{}: {}", what, kClassesKey)));
  const bool names =
      list.is_array() && std::all_of(list.begin(), list.end(), [](const Json& v) { return v.is_string(); });
  if (!names) return invalid_argument("{}: {}: must be a list of class names", what, kClassesKey);
  return list.get<std::vector<std::string>>();
}

}  // namespace

std::string_view name_of(Interpolation interpolation) { return spelled(kInterpolations, interpolation); }

std::optional<Interpolation> interpolation_from_name(std::string_view name) {
  return meant(kInterpolations, name);
}

std::map<std::string, std::string> to_metadata(const Contract& contract) {
  const Preprocessing& how = contract.preprocessing;
  const Json preprocessing = {{"resize", how.resize_shorter},
                              {"crop", how.crop},
                              {"interpolation", name_of(how.interpolation)},
                              {"antialias", true},
                              {"mean", decimals(how.mean)},
                              {"std", decimals(how.stddev)},
                              {"color_order", spelled(kColorOrders, how.color_order)},
                              {"layout", spelled(kLayouts, how.layout)}};
  const auto text = [](const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
  };
  return {{std::string(kPreprocessingKey), text(preprocessing)},
          {std::string(kClassesKey), text(Json(contract.classes))}};
}

Result<std::optional<Contract>> contract_from_metadata(const std::map<std::string, std::string>& metadata,
                                                       std::string_view what) {
  const auto preprocessing = metadata.find(std::string(kPreprocessingKey));
  const auto classes = metadata.find(std::string(kClassesKey));
  if (preprocessing == metadata.end() && classes == metadata.end()) return std::optional<Contract>();
  if (preprocessing == metadata.end() || classes == metadata.end())
    return invalid_argument("{}: {} is missing from the metadata; it must stand beside {}", what,
                            preprocessing == metadata.end() ? kPreprocessingKey : kClassesKey,
                            preprocessing == metadata.end() ? kClassesKey : kPreprocessingKey);
  Contract contract;
  ASSIGN_OR_RETURN(contract.preprocessing, read_preprocessing(preprocessing->second, what));
  ASSIGN_OR_RETURN(contract.classes, read_classes(classes->second, what));
  return std::optional<Contract>(std::move(contract));
}

}  // namespace ridgeline::vision
