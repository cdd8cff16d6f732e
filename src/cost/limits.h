#pragma once

#include "cost/analysis.h"
#include "cost/attained.h"
#include "cost/devices.h"

namespace ridgeline::cost {

/// Said wherever counts are shown.
inline constexpr std::string_view kConvention = "1 MAC = 2 FLOPs";

/// What a device allows a piece of work.
struct Limit {
  Bound bound = Bound::kMemory;
  double attainable_flops_per_s = 0;
};

/// `work`'s limit at its ideal traffic; a precision that the device has no peak for runs at its fp32 peak.
Limit limit_of(const Work& work, std::string_view precision, const Device& device);

/// Of the whole call, at its first product's precision.
Limit limit_of(const Analysis& analysis, const Device& device);

/// The least time of one call when the layers run one after the other, each at its roof, with the fused
/// traffic.
double least_seconds(const Analysis& analysis, const Device& device);

/// What share of the roof over its own traffic a part attained, in percent.
double attained_pct(const Attained& part, const Analysis& analysis, const Device& device);

/// The "device" object of `analyze --json`.
Json to_json(const Device& device);

/// One of the "cases" of `analyze --json`; totals are null, and "uncounted" says why, when a layer is
/// uncounted. What was attained stands at the main layer of each part; the layers that ran with it say so in
/// "attained_with". `attainment` may be null.
Json to_json(const Analysis& analysis, const Device& device, const Attainment* attainment = nullptr);

/// The table of one case for people, with totals.
std::string to_text(const Analysis& analysis, const Device& device, const Attainment* attainment = nullptr);

}  // namespace ridgeline::cost
