#include "serve/observe/custom_metrics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "serve/observe/metrics.h"

namespace ridgeline::serve {
namespace {

constexpr std::array<std::string_view, 3> kKinds = {"counter", "gauge", "histogram"};
constexpr std::array<std::string_view, 3> kTritonKinds = {"TRITONSERVER_METRIC_KIND_COUNTER",
                                                          "TRITONSERVER_METRIC_KIND_GAUGE",
                                                          "TRITONSERVER_METRIC_KIND_HISTOGRAM"};

std::string_view triton_name(MetricKind kind) { return kTritonKinds[static_cast<size_t>(kind)]; }

Status lacks(MetricKind kind, std::string_view what) {
  return unsupported("{} does not support {}", triton_name(kind), what);
}

/// As Prometheus takes it; labels have no colons.
bool is_name(std::string_view name, std::string_view also) {
  const auto fits = [also](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           also.find(c) != std::string_view::npos;
  };
  return !name.empty() && (name.front() < '0' || name.front() > '9') && std::ranges::all_of(name, fits);
}

/// Forgets what nobody holds any more.
template <typename Map>
void forget_dead(Map& map) {
  std::erase_if(map, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace

Status CustomMetric::increment(double by) {
  if (kind_ == MetricKind::kHistogram) return lacks(kind_, "Increment");
  if (kind_ == MetricKind::kCounter && !(by >= 0))
    return invalid_argument("{} can only be incremented monotonically by non-negative values.",
                            triton_name(kind_));
  const std::lock_guard lock(mutex_);
  value_ += by;
  return {};
}

Status CustomMetric::set(double value) {
  if (kind_ != MetricKind::kGauge) return lacks(kind_, "Set");
  const std::lock_guard lock(mutex_);
  value_ = value;
  return {};
}

Status CustomMetric::observe(double value) {
  if (kind_ != MetricKind::kHistogram) return lacks(kind_, "Observe");
  const auto bucket = std::ranges::lower_bound(bounds_, value);
  const std::lock_guard lock(mutex_);
  value_ += value;
  ++counts_[static_cast<size_t>(bucket - bounds_.begin())];
  return {};
}

Result<double> CustomMetric::value() const {
  if (kind_ == MetricKind::kHistogram) return lacks(kind_, "Value");
  const std::lock_guard lock(mutex_);
  return value_;
}

void CustomMetric::write(const MetricLabels& labels, MetricsPage& page) const {
  const std::lock_guard lock(mutex_);
  if (kind_ != MetricKind::kHistogram) return page.sample(labels, value_);
  uint64_t count = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    count += counts_[i];
    MetricLabels bucket = labels;
    bucket["le"] = i == bounds_.size() ? "+Inf" : fmt::format("{}", bounds_[i]);
    page.sample(bucket, count, "_bucket");
  }
  page.sample(labels, value_, "_sum");
  page.sample(labels, count, "_count");
}

Result<std::shared_ptr<CustomMetric>> CustomFamily::metric(const MetricLabels& labels,
                                                           std::vector<double> bounds) {
  for (const auto& [label, value] : labels)
    if (!is_name(label, "_") || label.starts_with("__") || (kind_ == MetricKind::kHistogram && label == "le"))
      return invalid_argument("metric '{}' cannot have a label '{}'", name_, label);
  const bool ascending = std::ranges::adjacent_find(bounds, std::greater_equal<>()) == bounds.end();
  if (!ascending || std::ranges::any_of(bounds, [](double bound) { return std::isnan(bound); }))
    return invalid_argument("the buckets of metric '{}' must ascend", name_);
  const std::lock_guard lock(mutex_);
  forget_dead(metrics_);
  std::weak_ptr<CustomMetric>& known = metrics_[labels];
  std::shared_ptr<CustomMetric> metric = known.lock();
  if (!metric) known = metric = std::make_shared<CustomMetric>(kind_, std::move(bounds));
  return metric;
}

void CustomFamily::write(MetricsPage& page) const {
  const std::lock_guard lock(mutex_);
  bool begun = false;
  for (const auto& [labels, held] : metrics_) {
    const std::shared_ptr<const CustomMetric> metric = held.lock();
    if (!metric) continue;
    if (!begun) page.family(name_, kKinds[static_cast<size_t>(kind_)], help_);
    begun = true;
    metric->write(labels, page);
  }
}

Result<std::shared_ptr<CustomFamily>> CustomMetrics::family(const std::string& name, const std::string& help,
                                                            MetricKind kind) {
  if (!is_name(name, "_:")) return invalid_argument("Invalid metric name: '{}'", name);
  if (is_server_family(name)) return invalid_argument("metric family '{}' is the server's own", name);
  const std::lock_guard lock(mutex_);
  forget_dead(families_);
  std::weak_ptr<CustomFamily>& known = families_[name];
  std::shared_ptr<CustomFamily> family = known.lock();
  if (!family) known = family = std::make_shared<CustomFamily>(name, help, kind);
  if (family->kind() != kind || family->help() != help)
    return invalid_argument("metric family '{}' exists already, with another kind or description", name);
  return family;
}

std::string CustomMetrics::text() const {
  std::vector<std::shared_ptr<const CustomFamily>> families;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, held] : families_)
      if (std::shared_ptr<const CustomFamily> family = held.lock()) families.push_back(std::move(family));
  }
  MetricsPage page;
  for (const auto& family : families) family->write(page);
  return page.take();
}

}  // namespace ridgeline::serve
