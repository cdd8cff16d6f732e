#include "quantize/forecast.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>

#include "cost/analysis.h"
#include "cost/fusion.h"

namespace ridgeline::quantize {
namespace {

// A gain below the first is lost in the noise of most machines, one below the second hardly worth the work.
constexpr double kNothingGained = 1.05;
constexpr double kLittleGained = 1.3;

// Bytes that an element's passage between FP32 and 8 bits moves, and there and back again.
constexpr double kConversionBytes = 4 + 1;
constexpr double kRoundTripBytes = 2 * kConversionBytes;

/// Instructions that multiply 8-bit integers and sum them in 32 bits, without saturation on the way.
std::string int8_instructions(const CpuFeatures& cpu) {
  if (cpu.amx_int8) return "amx_int8";
  return cpu.avx512_vnni ? "avx512_vnni" : "";
}

double elements_of(const TypeMap& types, const std::string& value) {
  const auto type = types.find(value);
  const bool known = type != types.end() && type->second.shape && type->second.shape->is_static();
  return known ? static_cast<double>(type->second.shape->element_count()) : 0;
}

/// What a set of operators that run as one does at least.
struct GroupWork {
  double flops = 0;
  double bytes = 0;
};

/// By the group's first node.
std::map<size_t, GroupWork> work_of_groups(const Graph& graph, const TypeMap& types,
                                           const cost::Analysis& analysis) {
  const std::vector<size_t> groups = cost::fusion_groups(graph, types);
  std::map<size_t, GroupWork> work;
  for (size_t node = 0; node < groups.size(); ++node) {
    work[groups[node]].flops += analysis.layers[node].work.flops;
    work[groups[node]].bytes += analysis.layers[node].fused_bytes;
  }
  return work;
}

LayerForecast layer_forecast(const Node& node, bool is_int8, const GroupWork& work, const cost::Roof& fp32,
                             const cost::Roof& int8) {
  const GroupWork small{work.flops, is_int8 ? work.bytes / sizeof(float) : work.bytes};
  const cost::Roof& roof = is_int8 ? int8 : fp32;
  const auto bound = [](const cost::Roof& of, const GroupWork& what) {
    return of.bound_of(what.bytes > 0 ? what.flops / what.bytes : 0);
  };
  return {.name = node.name,
          .op = node.op,
          .int8 = is_int8,
          .fp32_seconds = fp32.least_seconds(work.flops, work.bytes),
          .int8_seconds = roof.least_seconds(small.flops, small.bytes),
          .fp32_bound = bound(fp32, work),
          .int8_bound = bound(roof, small)};
}

/// Points that floats become, and points that float operators read.
double conversion_bytes(const Graph& graph, const Plan& plan, const TypeMap& types) {
  std::map<std::string, const Node*> makers;
  double bytes = 0;
  for (size_t index = 0; index < graph.nodes.size(); ++index) {
    const bool is_int8 = plan.int8_nodes.contains(index);
    if (is_int8) makers[graph.nodes[index].outputs[0]] = &graph.nodes[index];
    for (const std::string& input : graph.nodes[index].inputs)
      if (!is_int8 && plan.points.contains(input)) bytes += kConversionBytes * elements_of(types, input);
  }
  for (const auto& [value, range_of] : plan.points)
    if (!makers.contains(value)) bytes += kConversionBytes * elements_of(types, value);
  return bytes;
}

/// Without integer kernels every point goes to 8 bits and back, and every weight becomes a float at each
/// call.
double emulation_bytes(const Graph& graph, const Plan& plan, const TypeMap& types) {
  double bytes = 0;
  for (const auto& [value, range_of] : plan.points) bytes += kRoundTripBytes * elements_of(types, value);
  for (const Layer& layer : plan.layers)
    bytes += kConversionBytes * elements_of(types, graph.nodes[layer.node].inputs[1]);
  return bytes;
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  if (verdict == Verdict::kPays) return "pays";
  return verdict == Verdict::kHardlyPays ? "hardly pays" : "does not pay";
}

Verdict Forecast::verdict() const {
  if (speedup() < kNothingGained) return Verdict::kDoesNotPay;
  return speedup() < kLittleGained ? Verdict::kHardlyPays : Verdict::kPays;
}

std::string Forecast::words() const {
  const std::string reason =
      instructions.empty()
          ? "no VNNI and no AMX-int8: integers are multiplied no faster than floats, only memory traffic "
            "shrinks"
          : fmt::format("{} multiplies 8-bit integers at {:.1f} times the rate of FP32", instructions,
                        peak_ratio);
  switch (verdict()) {
    case Verdict::kPays:
      return fmt::format("INT8 pays here: {}, {:.2f}x over the model", reason, speedup());
    case Verdict::kHardlyPays:
      return fmt::format("INT8 hardly pays here: {:.2f}x over the model ({})", speedup(), reason);
    case Verdict::kDoesNotPay:
      break;
  }
  return fmt::format("INT8 will not help here: {:.2f}x over the model ({})", speedup(), reason);
}

Result<Forecast> forecast(const Graph& prepared, const Plan& plan, const TypeMap& types,
                          const cost::Device& device, const CpuFeatures& cpu) {
  const cost::Analysis analysis = cost::analyze(prepared, types);
  if (!analysis.uncounted.empty())
    return unsupported("{} '{}': {}", analysis.uncounted[0].op, analysis.uncounted[0].name,
                       analysis.uncounted[0].reason);
  ASSIGN_OR_RETURN(const cost::Roof fp32, device.roof("fp32"));
  Forecast found{.instructions = int8_instructions(cpu)};
  cost::Roof int8 = fp32;
  if (!found.instructions.empty()) {
    ASSIGN_OR_RETURN(int8, device.roof("int8"));
  }
  found.peak_ratio = int8.flops_per_s / fp32.flops_per_s;
  for (const auto& [node, work] : work_of_groups(prepared, types, analysis)) {
    found.layers.push_back(
        layer_forecast(prepared.nodes[node], plan.int8_nodes.contains(node), work, fp32, int8));
    found.fp32_seconds += found.layers.back().fp32_seconds;
    found.int8_seconds += found.layers.back().int8_seconds;
  }
  found.conversion_seconds = conversion_bytes(prepared, plan, types) / device.bytes_per_s;
  found.int8_seconds += found.conversion_seconds;
  found.emulated_seconds = found.fp32_seconds + emulation_bytes(prepared, plan, types) / device.bytes_per_s;
  return found;
}

}  // namespace ridgeline::quantize
