#include "cost/limits.h"

#include <algorithm>

namespace ridgeline::cost {
namespace {

/// Every device has an fp32 peak.
Roof roof_of(const Device& device, std::string_view precision) {
  const auto found = device.peak_flops.find(precision);
  return {found != device.peak_flops.end() ? found->second : device.peak_flops.at("fp32"),
          device.bytes_per_s};
}

std::string_view main_precision(const Analysis& analysis) {
  const auto product =
      std::ranges::find_if(analysis.layers, [](const Layer& layer) { return layer.work.macs > 0; });
  return product == analysis.layers.end() ? std::string_view("fp32") : product->precision;
}

/// A count as an integer, as long as it is exact.
Json number(double value) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (value == static_cast<double>(static_cast<int64_t>(std::clamp(value, -kExact, kExact))))
    return static_cast<int64_t>(value);
  return value;
}

Json layer_json(const Layer& layer, const Device& device) {
  const Limit limit = limit_of(layer.work, layer.precision, device);
  return {{"name", layer.name},
          {"op", layer.op},
          {"kernel", layer.kernel},
          {"in_shape", layer.in_shape.dims()},
          {"out_shape", layer.out_shape.dims()},
          {"precision", layer.precision},
          {"params", layer.params},
          {"macs", number(layer.work.macs)},
          {"flops", number(layer.work.flops)},
          {"bytes", number(layer.work.bytes())},
          {"fused_bytes", number(layer.fused_bytes)},
          {"intensity", layer.work.intensity()},
          {"bound", name_of(limit.bound)},
          {"attainable_flops_per_s", limit.attainable_flops_per_s},
          {"attained_flops_per_s", nullptr}};
}

void add_attained(Json& layers, const Attainment& attainment, const Analysis& analysis,
                  const Device& device) {
  for (const Attained& part : attainment.parts) {
    if (part.layers.empty()) continue;
    const size_t main = part.main_layer(analysis);
    for (const size_t layer : part.layers)
      if (layer != main) layers[layer]["attained_with"] = analysis.layers[main].name;
    layers[main]["attained_flops_per_s"] = part.flops_per_s();
    layers[main]["attained_pct"] = attained_pct(part, analysis, device);
    layers[main]["measured_us"] = part.seconds * 1e6;
  }
}

void add_totals(Json& json, const Analysis& analysis, const Device& device) {
  const char* keys[] = {"macs",        "flops",     "conv_fc_flops", "bytes",
                        "fused_bytes", "intensity", "bound",         "least_seconds"};
  if (!analysis.uncounted.empty()) {
    for (const char* key : keys) json[key] = nullptr;
    return;
  }
  json["macs"] = number(analysis.total.macs);
  json["flops"] = number(analysis.total.flops);
  json["conv_fc_flops"] = number(analysis.product_flops);
  json["bytes"] = number(analysis.total.bytes());
  json["fused_bytes"] = number(analysis.fused_bytes);
  json["intensity"] = analysis.total.intensity();
  json["bound"] = name_of(limit_of(analysis, device).bound);
  json["least_seconds"] = least_seconds(analysis, device);
}

}  // namespace

Limit limit_of(const Work& work, std::string_view precision, const Device& device) {
  const Roof roof = roof_of(device, precision);
  return {roof.bound_of(work.intensity()), roof.attainable_flops_per_s(work.intensity())};
}

Limit limit_of(const Analysis& analysis, const Device& device) {
  return limit_of(analysis.total, main_precision(analysis), device);
}

double least_seconds(const Analysis& analysis, const Device& device) {
  double seconds = 0;
  for (const Layer& layer : analysis.layers)
    seconds += roof_of(device, layer.precision).least_seconds(layer.work.flops, layer.fused_bytes);
  return seconds;
}

Json to_json(const Device& device) {
  Json peaks = Json::object(), ridges = Json::object();
  for (const auto& [precision, flops] : device.peak_flops) {
    peaks[precision] = flops;
    ridges[precision] = roof_of(device, precision).ridge();
  }
  return {{"name", device.name}, {"peak_flops", peaks},   {"bandwidth", device.bytes_per_s},
          {"ridge", ridges},     {"units", device.units}, {"source", device.source}};
}

double attained_pct(const Attained& part, const Analysis& analysis, const Device& device) {
  const std::string& precision = analysis.layers[part.main_layer(analysis)].precision;
  const double attainable = roof_of(device, precision).attainable_flops_per_s(part.intensity());
  return attainable > 0 ? 100 * part.flops_per_s() / attainable : 0;
}

Json to_json(const Analysis& analysis, const Device& device, const Attainment* attainment) {
  Json json{{"params", analysis.params}};
  add_totals(json, analysis, device);
  json["uncounted"] = Json::array();
  for (const Uncounted& op : analysis.uncounted)
    json["uncounted"].push_back({{"name", op.name}, {"op", op.op}, {"reason", op.reason}});
  json["layers"] = Json::array();
  for (const Layer& layer : analysis.layers) json["layers"].push_back(layer_json(layer, device));
  if (attainment != nullptr) add_attained(json["layers"], *attainment, analysis, device);
  return json;
}

}  // namespace ridgeline::cost
