#include "cost/analysis.h"

#include <algorithm>
#include <fmt/ranges.h>
#include <set>

#include "cost/fusion.h"
#include "cost/moved_types.h"

namespace ridgeline::cost {
namespace {

void add(Work& sum, const Work& work, double times = 1) {
  sum.macs += times * work.macs;
  sum.flops += times * work.flops;
  sum.bytes_read += times * work.bytes_read;
  sum.bytes_written += times * work.bytes_written;
}

Result<Work> work_of_any(const Node& node, const Graph& graph, const ValueTypes& types);

Result<Work> work_of_body(const Graph* body, const Node& owner, const ValueTypes& types) {
  if (body == nullptr) return unsupported("{}: a subgraph is missing", owner.describe());
  Work sum;
  for (const Node& node : body->nodes) {
    auto work = work_of_any(node, *body, types);
    if (!work.ok()) return std::move(work).status().with_context(owner.describe());
    add(sum, *work);
  }
  return sum;
}

Result<Work> work_of_if(const Node& node, const ValueTypes& types) {
  ASSIGN_OR_RETURN(const Work taken, work_of_body(node.subgraph("then_branch"), node, types));
  ASSIGN_OR_RETURN(const Work other, work_of_body(node.subgraph("else_branch"), node, types));
  const bool is_first_dearer =
      taken.flops != other.flops ? taken.flops > other.flops : taken.bytes() > other.bytes();
  return is_first_dearer ? taken : other;
}

Result<double> trips_of_loop(const Node& node, const Graph& graph) {
  const Tensor* count = node.has_input(0) ? graph.initializer(node.inputs[0]) : nullptr;
  if (count == nullptr || count->dtype() != DType::kI64 || count->element_count() != 1)
    return unsupported("{}: the trip count is not known", node.describe());
  return static_cast<double>(count->as<int64_t>()[0]);
}

Result<double> trips_of_scan(const Node& node, const ValueTypes& types) {
  const auto scanned = static_cast<size_t>(std::max<int64_t>(node.int_or("num_scan_inputs", 1), 1));
  const auto axes = node.ints_or("scan_input_axes", {0});
  if (scanned > node.inputs.size() || axes.empty())
    return unsupported("{}: the trip count is not known", node.describe());
  const auto type = types.find(node.inputs[node.inputs.size() - scanned]);
  const auto axis = static_cast<size_t>(axes[0]);
  if (type == types.end() || !type->second.shape || axis >= type->second.shape->rank() ||
      (*type->second.shape)[axis] < 0)
    return unsupported("{}: the trip count is not known", node.describe());
  return static_cast<double>((*type->second.shape)[axis]);
}

Result<Work> work_of_any(const Node& node, const Graph& graph, const ValueTypes& types) {
  if (!node.domain.empty() || (node.op != "If" && node.op != "Loop" && node.op != "Scan"))
    return work_of(node, types);
  if (node.op == "If") return work_of_if(node, types);
  ASSIGN_OR_RETURN(const double trips,
                   node.op == "Loop" ? trips_of_loop(node, graph) : trips_of_scan(node, types));
  ASSIGN_OR_RETURN(const Work body, work_of_body(node.subgraph("body"), node, types));
  Work work;
  add(work, body, trips);
  return work;
}

const ValueType* first_type(const std::vector<std::string>& values, const ValueTypes& types) {
  if (values.empty()) return nullptr;
  const auto type = types.find(values[0]);
  return type == types.end() ? nullptr : &type->second;
}

Shape shape_or_scalar(const ValueType* type) {
  return type != nullptr && type->shape ? *type->shape : Shape{};
}

/// Integers other than bytes index and count: they run beside the model's floats.
std::string precision_of(const ValueType* type) {
  if (type == nullptr) return "fp32";
  if (type->dtype == DType::kF16) return "fp16";
  if (type->dtype == DType::kBF16) return "bf16";
  return type->dtype == DType::kI8 || type->dtype == DType::kU8 ? "int8" : "fp32";
}

bool is_learned(const Node& node, size_t input, const Tensor& tensor) {
  if (tensor.shape().rank() == 0) return false;
  if (node.op == "BatchNormalization" && input >= 3) return false;  // running mean and variance
  return is_float(tensor.dtype()) || size_of(tensor.dtype()) == 1 || node.op.starts_with("QLinear");
}

int64_t params_of(const Node& node, const Graph& graph, std::set<std::string_view>& counted) {
  int64_t params = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor* tensor = graph.initializer(node.inputs[i]);
    if (tensor != nullptr && is_learned(node, i, *tensor) && counted.insert(node.inputs[i]).second)
      params += tensor->element_count();
  }
  return params;
}

void total_up(Analysis& analysis) {
  for (const Layer& layer : analysis.layers) {
    add(analysis.total, layer.work);
    analysis.params += layer.params;
    analysis.fused_bytes += layer.fused_bytes;
    analysis.product_flops += 2 * layer.work.macs;
  }
}

}  // namespace

Analysis analyze(const Graph& graph, const ValueTypes& stated) {
  const ValueTypes types = moved_types(graph, stated);
  Analysis analysis;
  std::vector<double> ideal;
  std::set<std::string_view> counted;
  for (const Node& node : graph.nodes) {
    const ValueType* in = first_type(node.inputs, types);
    Layer layer{node.name,
                node.op,
                kernel_of(node, types),
                shape_or_scalar(in),
                shape_or_scalar(first_type(node.outputs, types)),
                precision_of(in),
                params_of(node, graph, counted),
                {},
                0};
    if (const Result<Work> work = work_of_any(node, graph, types); work.ok())
      layer.work = *work;
    else
      analysis.uncounted.push_back({node.name, node.op, work.status().message()});
    ideal.push_back(layer.work.bytes());
    analysis.layers.push_back(std::move(layer));
  }
  const std::vector<double> fused = fused_bytes(graph, types, ideal);
  for (size_t i = 0; i < fused.size(); ++i) analysis.layers[i].fused_bytes = fused[i];
  total_up(analysis);
  return analysis;
}

Analysis analyze(const ConvCase& conv) {
  const int64_t out_size = conv.out_size();
  Layer layer{"conv",
              "Conv",
              conv.stride == 1 ? fmt::format("{0}x{0}", conv.kernel)
                               : fmt::format("{0}x{0}/{1}", conv.kernel, conv.stride),
              Shape{conv.batch, conv.in_channels, conv.size, conv.size},
              Shape{conv.batch, conv.out_channels, out_size, out_size},
              "fp32",
              conv.params(),
              work_of(conv, sizeof(float)),
              0};
  layer.fused_bytes = layer.work.bytes();
  Analysis analysis;
  analysis.layers.push_back(std::move(layer));
  total_up(analysis);
  return analysis;
}

}  // namespace ridgeline::cost
