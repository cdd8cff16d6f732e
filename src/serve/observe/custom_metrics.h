#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/observe/metrics_page.h"

namespace ridgeline::serve {

enum class MetricKind : uint8_t { kCounter = 0, kGauge = 1, kHistogram = 2 };

/// One of a family's metrics, told apart by its labels. Errors have Triton's words. Thread-safe.
class CustomMetric {
 public:
  CustomMetric(MetricKind kind, std::vector<double> bounds)
      : kind_(kind), bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

  Status increment(double by);
  Status set(double value);
  Status observe(double value);
  Result<double> value() const;

  void write(const MetricLabels& labels, MetricsPage& page) const;

 private:
  const MetricKind kind_;
  const std::vector<double> bounds_;
  mutable std::mutex mutex_;
  double value_ = 0;              ///< of a histogram: the sum
  std::vector<uint64_t> counts_;  ///< of a histogram: what lies in each bucket alone
};

/// A name and what it means. Thread-safe.
class CustomFamily {
 public:
  CustomFamily(std::string name, std::string help, MetricKind kind)
      : name_(std::move(name)), help_(std::move(help)), kind_(kind) {}

  /// The one with these labels, which there may be already; it stays as long as somebody holds it.
  /// `bounds`: upper ones of a histogram's buckets, ascending; empty for other kinds.
  Result<std::shared_ptr<CustomMetric>> metric(const MetricLabels& labels, std::vector<double> bounds);

  MetricKind kind() const { return kind_; }
  const std::string& help() const { return help_; }
  void write(MetricsPage& page) const;

 private:
  const std::string name_;
  const std::string help_;
  const MetricKind kind_;
  mutable std::mutex mutex_;
  std::map<MetricLabels, std::weak_ptr<CustomMetric>> metrics_;
};

/// The metrics that models count themselves. Thread-safe.
class CustomMetrics {
 public:
  /// The family of that name, which there may be already; it stays as long as somebody holds it.
  /// kInvalidArgument for a name that Prometheus does not take, that the server uses itself, or that stands
  /// for another kind.
  Result<std::shared_ptr<CustomFamily>> family(const std::string& name, const std::string& help,
                                               MetricKind kind);
  /// To follow metrics_text().
  std::string text() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<CustomFamily>> families_;
};

}  // namespace ridgeline::serve
