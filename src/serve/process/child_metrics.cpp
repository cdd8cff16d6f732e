#include "serve/process/child_metrics.h"

#include "serve/process/protocol.h"

namespace ridgeline::serve {

Status ChildMetrics::make_family(Unpacker& unpacker, CustomMetrics& all) {
  const auto number = unpacker.take<uint64_t>();
  const auto kind = unpacker.take<uint8_t>();
  const std::string name(unpacker.take_text());
  const std::string help(unpacker.take_text());
  if (!unpacker.finished() || kind > static_cast<uint8_t>(MetricKind::kHistogram))
    return invalid_argument("Unsupported kind passed to MetricFamily constructor.");
  ASSIGN_OR_RETURN(families_[number], all.family(name, help, static_cast<MetricKind>(kind)));
  return {};
}

Status ChildMetrics::make_metric(Unpacker& unpacker) {
  const auto number = unpacker.take<uint64_t>();
  const auto family = families_.find(unpacker.take<uint64_t>());
  MetricLabels labels;
  const auto count = unpacker.take<uint32_t>();
  for (uint32_t i = 0; i < count && unpacker.ok(); ++i) {
    std::string label(unpacker.take_text());
    labels[std::move(label)] = unpacker.take_text();
  }
  std::vector<double> bounds;
  const auto buckets = unpacker.take<uint32_t>();
  for (uint32_t i = 0; i < buckets && unpacker.ok(); ++i) bounds.push_back(unpacker.take<double>());
  if (!unpacker.finished() || family == families_.end() || !family->second)
    return invalid_argument("a metric of no family");
  ASSIGN_OR_RETURN(metrics_[number], family->second->metric(labels, std::move(bounds)));
  return {};
}

Result<CustomMetric*> ChildMetrics::metric(uint64_t number) const {
  const auto found = metrics_.find(number);
  if (found == metrics_.end() || !found->second) return invalid_argument("there is no metric {}", number);
  return found->second.get();
}

Result<double> ChildMetrics::take(Unpacker& unpacker, CustomMetrics& all) {
  const auto what = static_cast<MetricDeed>(unpacker.take<uint8_t>());
  if (what == MetricDeed::kMakeFamily) {
    RETURN_IF_ERROR(make_family(unpacker, all));
    return 0.0;
  }
  if (what == MetricDeed::kMakeMetric) {
    RETURN_IF_ERROR(make_metric(unpacker));
    return 0.0;
  }
  const auto number = unpacker.take<uint64_t>();
  const auto operand = unpacker.take<double>();
  if (!unpacker.finished()) return invalid_argument("a message of metrics has the wrong length");
  switch (what) {
    case MetricDeed::kDropFamily:
      families_.erase(number);
      return 0.0;
    case MetricDeed::kDropMetric:
      metrics_.erase(number);
      return 0.0;
    default:
      break;
  }
  ASSIGN_OR_RETURN(CustomMetric* const changed, metric(number));
  switch (what) {
    case MetricDeed::kIncrement:
      RETURN_IF_ERROR(changed->increment(operand));
      return 0.0;
    case MetricDeed::kSet:
      RETURN_IF_ERROR(changed->set(operand));
      return 0.0;
    case MetricDeed::kObserve:
      RETURN_IF_ERROR(changed->observe(operand));
      return 0.0;
    case MetricDeed::kValue:
      return changed->value();
    default:
      return invalid_argument("nothing of a metric is number {}", static_cast<int>(what));
  }
}

}  // namespace ridgeline::serve
