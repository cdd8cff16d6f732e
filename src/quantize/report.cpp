#include "quantize/report.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>

namespace ridgeline::quantize {
namespace {

Json share_json(int64_t hits, int64_t count) {
  const Interval interval = share_interval(hits, count);
  return {{"top1", static_cast<double>(hits) / static_cast<double>(count)},
          {"low", interval.low},
          {"high", interval.high}};
}

std::string share_text(const char* what, int64_t hits, int64_t count) {
  const Interval interval = share_interval(hits, count);
  return fmt::format("  {:<7}{:6.2f} % of {} images [{:.2f}, {:.2f}]\n", what,
                     100 * static_cast<double>(hits) / static_cast<double>(count), count, 100 * interval.low,
                     100 * interval.high);
}

/// Of the name column.
template <typename Layers>
size_t longest_name(const Layers& layers) {
  size_t longest = 0;
  for (const auto& layer : layers) longest = std::max(longest, layer.name.size());
  return longest;
}

Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json comparison_json(const Comparison& found) {
  const Interval drop = paired_drop_interval(found.lost, found.gained, found.images);
  Json json = share_json(found.hits_after, found.images);
  json.update({{"drop_points", found.drop_points()},
               {"drop_low", 100 * drop.low},
               {"drop_high", 100 * drop.high},
               {"agreement", static_cast<double>(found.agreed) / static_cast<double>(found.images)},
               {"logit_sqnr_db", number_or_null(found.logit_sqnr_db)}});
  return json;
}

}  // namespace

Json to_json(const Forecast& forecast) {
  Json layers = Json::array();
  for (const LayerForecast& layer : forecast.layers)
    layers.push_back({{"name", layer.name},
                      {"op", layer.op},
                      {"int8", layer.int8},
                      {"fp32_us", layer.fp32_seconds * 1e6},
                      {"int8_us", layer.int8_seconds * 1e6},
                      {"speedup", layer.speedup()},
                      {"fp32_bound", cost::name_of(layer.fp32_bound)},
                      {"int8_bound", cost::name_of(layer.int8_bound)}});
  return {{"verdict", name_of(forecast.verdict())},
          {"words", forecast.words()},
          {"instructions", forecast.instructions},
          {"peak_ratio", forecast.peak_ratio},
          {"fp32_ms", forecast.fp32_seconds * 1e3},
          {"int8_ms", forecast.int8_seconds * 1e3},
          {"conversion_ms", forecast.conversion_seconds * 1e3},
          {"speedup",
           {{"onnxruntime", forecast.speedup()},
            {"openvino", forecast.speedup()},
            {"libtorch", forecast.emulated_speedup()},
            {"native", forecast.native_speedup()}}},
          {"layers", std::move(layers)}};
}

std::string to_text(const Forecast& forecast, bool with_layers) {
  std::string text = fmt::format("{}\n", forecast.words());
  const bool native_has_kernels = !forecast.instructions.empty();
  const auto line = [&](std::string_view how, double int8_seconds, double speedup) {
    text += fmt::format("  {:<52} {:8.3f} ms in fp32 {:8.3f} ms in int8 {:6.2f}x\n", how,
                        forecast.fp32_seconds * 1e3, int8_seconds * 1e3, speedup);
  };
  line(native_has_kernels ? "with integer kernels (onnxruntime, openvino, native)"
                          : "with integer kernels (onnxruntime, openvino)",
       forecast.int8_seconds, forecast.speedup());
  line(native_has_kernels ? "computed with as floats (libtorch)"
                          : "computed with as floats (libtorch, native)",
       forecast.emulated_seconds, forecast.emulated_speedup());
  if (!with_layers) return text;
  const size_t width = longest_name(forecast.layers);
  text += fmt::format("\n  {:<{}} {:<18} {:>10} {:>10} {:>7}  {}\n", "layer", width, "op", "fp32 us",
                      "int8 us", "gain", "bound");
  for (const LayerForecast& layer : forecast.layers)
    text += fmt::format("  {:<{}} {:<18} {:10.1f} {:10.1f} {:6.2f}x  {}\n", layer.name, width, layer.op,
                        layer.fp32_seconds * 1e6, layer.int8_seconds * 1e6, layer.speedup(),
                        cost::name_of(layer.int8_bound));
  return text;
}

Json accuracy_json(const Outcome& outcome, double max_drop_points) {
  const Comparison& found = outcome.final;
  return {{"images", found.images},
          {"before", share_json(found.hits_before, found.images)},
          {"after", comparison_json(found)},
          {"all_int8", comparison_json(outcome.all_int8)},
          {"max_drop_points", max_drop_points}};
}

Json layers_json(const Outcome& outcome) {
  Json layers = Json::array();
  for (const LayerOutcome& layer : outcome.layers)
    layers.push_back({{"name", layer.name},
                      {"op", layer.op},
                      {"sqnr_db", number_or_null(layer.sqnr_db)},
                      {"decision", layer.int8 ? "int8" : "float"}});
  return layers;
}

std::string to_text(const Outcome& outcome, double max_drop_points) {
  const size_t width = longest_name(outcome.layers);
  std::string text =
      fmt::format("  {:<{}} {:<8} {:>10}  {}\n", "layer", width, "op", "SQNR dB", "computes in");
  for (const LayerOutcome& layer : outcome.layers)
    text += fmt::format("  {:<{}} {:<8} {:10.1f}  {}\n", layer.name, width, layer.op, layer.sqnr_db,
                        layer.int8 ? "int8" : "float");
  const Comparison& found = outcome.final;
  const Interval drop = paired_drop_interval(found.lost, found.gained, found.images);
  text += "\ntop-1, with the 95 % interval\n";
  text += share_text("before", found.hits_before, found.images);
  text += share_text("after", found.hits_after, found.images);
  text += fmt::format(
      "  drop   {:6.2f} points [{:.2f}, {:.2f}], at most {} asked for; the same class for {:.2f} % of the "
      "images\n",
      found.drop_points(), 100 * drop.low, 100 * drop.high, max_drop_points,
      100 * static_cast<double>(found.agreed) / static_cast<double>(found.images));
  return text;
}

}  // namespace ridgeline::quantize
