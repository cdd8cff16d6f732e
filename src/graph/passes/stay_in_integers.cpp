#include <algorithm>
#include <array>

#include "graph/passes/passes.h"
#include "graph/passes/quantized_node.h"

namespace ridgeline::passes {
namespace {

using namespace std::string_view_literals;

constexpr size_t kSteps = 256;
using Values = std::array<float, kSteps>;

/// They move elements, or pick the largest, whatever the scale.
constexpr std::array kMoves = {"Flatten"sv, "MaxPool"sv,   "Reshape"sv,
                               "Squeeze"sv, "Transpose"sv, "Unsqueeze"sv};
/// Of one element each, with no operand but that.
constexpr std::array kFunctions = {"Elu"sv,  "Gelu"sv, "HardSigmoid"sv, "HardSwish"sv, "LeakyRelu"sv,
                                   "Mish"sv, "Selu"sv, "Sigmoid"sv,     "Softplus"sv,  "Tanh"sv};

bool is_one_of(std::span<const std::string_view> ops, const Node& node) {
  return node.domain.empty() && std::ranges::find(ops, node.op) != ops.end();
}

/// What the 256 steps stand for, in the order of their bytes.
Values values_of(const Quantisation& from) {
  Values values;
  for (size_t byte = 0; byte < kSteps; ++byte) {
    const auto step = static_cast<int32_t>(byte);
    values[byte] = from.value_of(from.dtype == DType::kI8 && step > 127 ? step - 256 : step);
  }
  return values;
}

/// Elements may as well be quantised before they are moved: whatever made them may then write steps itself.
void quantize_before_moves(Graph& graph, const TypeMap& types) {
  Rewriter rewriter(graph);
  const QuantizedValues values(rewriter, types);
  for (size_t index = 0; index < rewriter.node_count(); ++index) {
    Node& node = rewriter.node(index);
    if (!is_one_of(kMoves, node) || node.op == "MaxPool" || values.source(node.inputs[0])) continue;
    const auto reader = rewriter.only_reader(node.outputs[0]);
    if (!reader || !values.quantisation_of(*reader)) continue;
    Node& after = rewriter.node(*reader);
    std::swap(node, after);
    std::swap(node.inputs[0], after.inputs[0]);
    std::swap(node.outputs[0], after.outputs[0]);
  }
}

class Stayer {
 public:
  Stayer(Graph& graph, const TypeMap& types, const PassOptions& options)
      : rewriter_(graph), values_(rewriter_, types), types_(types), options_(options) {}

  Status run() {
    const size_t count = rewriter_.node_count();
    for (size_t index = 0; index < count; ++index)
      if (!rewriter_.is_dropped(index)) RETURN_IF_ERROR(visit(index));
    rewriter_.finish();
    auto& nodes = rewriter_.graph().nodes;
    nodes.insert(nodes.end(), added_.begin(), added_.end());
    return added_.empty() ? Status() : sort_topologically(rewriter_.graph());
  }

 private:
  Status visit(size_t index) {
    const Node& node = rewriter_.node(index);
    if (!node.domain.empty() || !node.has_input(0) || !node.has_output(0) || node.has_output(1)) return {};
    if (is_plain(node, "QuantizeLinear")) return requantize(index);
    const auto sink = values_.sink(node.outputs[0]);
    if (!sink) return {};
    if (is_plain(node, "Concat")) return join(index, *sink);
    if (is_plain(node, "Mul")) return multiply(index, *sink);
    const auto source = values_.source(node.inputs[0]);
    if (!source) return is_plain(node, "GlobalAveragePool") ? squeeze(index, *sink) : Status();
    if (is_one_of(kMoves, node)) return move(index, *source, *sink);
    if (node.op.ends_with("AveragePool")) return average(index, *source, *sink);
    if (is_one_of(kFunctions, node)) return apply(index, *source, *sink);
    if (const auto clamp = clamp_of(rewriter_.graph(), node)) {
      QuantizedSink both = *sink;
      both.clamp = clamp->then(sink->clamp);
      return look_up(index, {source->integers, values_of(source->as)}, both);
    }
    return {};
  }

  struct Mapped {
    std::string integers;
    Values values;  ///< of their steps
  };

  static bool is_same(const Quantisation& from, const QuantizedSink& to) {
    return from == to.as && to.low() == from.lowest() && to.high() == from.highest();
  }

  /// A node that gives each of 256 bytes a step.
  Result<Node> lookup_of(const Mapped& mapped, const QuantizedSink& to, const std::string& output) {
    ASSIGN_OR_RETURN(Tensor table, Tensor::zeros(to.as.dtype, {kSteps}));
    for (size_t byte = 0; byte < kSteps; ++byte) {
      const int32_t step = std::min(std::max(to.as.step_of(mapped.values[byte]), to.low()), to.high());
      table.as<uint8_t>()[byte] = static_cast<uint8_t>(step);
    }
    const std::string name = rewriter_.fresh_name(output + "/table");
    rewriter_.graph().initializers[name] = std::move(table);
    return Node{.name = output,
                .op = "Lookup",
                .domain = "ridgeline",
                .inputs = {mapped.integers, name},
                .outputs = {output}};
  }

  void drop_clamps(const QuantizedSink& sink, std::string& name) {
    for (const size_t clamp : sink.clamps) {
      name += "+" + rewriter_.node(clamp).name;
      rewriter_.drop(clamp);
    }
  }

  /// In place of the node at `index` and of what follows it.
  Status look_up(size_t index, const Mapped& mapped, const QuantizedSink& sink) {
    const std::string output = rewriter_.node(sink.quantize).outputs[0];
    ASSIGN_OR_RETURN(Node lookup, lookup_of(mapped, sink, output));
    lookup.name = rewriter_.node(index).name;
    drop_clamps(sink, lookup.name);
    rewriter_.drop(index);
    rewriter_.node(sink.quantize) = std::move(lookup);
    return {};
  }

  Status requantize(size_t index) {
    const Node node = rewriter_.node(index);
    const auto source = values_.source(node.inputs[0]);
    const auto to = values_.quantisation_of(index);
    if (!source || !to) return {};
    ASSIGN_OR_RETURN(rewriter_.node(index),
                     lookup_of({source->integers, values_of(source->as)},
                               {.clamps = {}, .quantize = index, .as = *to, .clamp = {}}, node.outputs[0]));
    rewriter_.node(index).name = node.name;
    return {};
  }

  Status move(size_t index, const QuantizedSource& source, const QuantizedSink& sink) {
    Node moved = rewriter_.node(index);
    moved.inputs[0] = source.integers;
    const std::string output = rewriter_.node(sink.quantize).outputs[0];
    if (is_same(source.as, sink)) {
      drop_clamps(sink, moved.name);
      rewriter_.drop(sink.quantize);
      moved.outputs[0] = output;
    } else {
      moved.outputs[0] = rewriter_.fresh_name(moved.outputs[0] + "/integers");
      ASSIGN_OR_RETURN(Node lookup, lookup_of({moved.outputs[0], values_of(source.as)}, sink, output));
      drop_clamps(sink, lookup.name);
      rewriter_.node(sink.quantize) = std::move(lookup);
    }
    rewriter_.node(index) = std::move(moved);
    return {};
  }

  Status average(size_t index, const QuantizedSource& source, const QuantizedSink& sink) {
    Node pool = rewriter_.node(index);
    if (pool.op == "GlobalAveragePool") {
      const auto type = types_.find(pool.inputs[0]);
      if (type == types_.end() || !type->second.shape || !type->second.shape->is_static()) return {};
      pool.attributes["kernel_shape"] =
          std::vector<int64_t>(type->second.shape->begin() + 2, type->second.shape->end());
    }
    pool.op = "QuantizedAveragePool";
    pool.domain = "ridgeline";
    pool.inputs = {source.integers};
    set_operand(pool, "x", source.as);
    set_result(pool, sink);
    drop_clamps(sink, pool.name);
    rewriter_.drop(index);
    pool.outputs = rewriter_.node(sink.quantize).outputs;
    rewriter_.node(sink.quantize) = std::move(pool);
    return {};
  }

  /// The function's results for all steps; none without an evaluator, or where that does not know it.
  Result<std::optional<Values>> results_of(const Node& function, const Quantisation& from) const {
    if (!options_.evaluate) return std::optional<Values>();
    const Values steps = values_of(from);
    ASSIGN_OR_RETURN(const Tensor input, Tensor::from_values<float>({kSteps}, std::span<const float>(steps)));
    Result<std::vector<Tensor>> outputs = options_.evaluate(function, std::span(&input, 1));
    if (!outputs.ok() && outputs.status().code() == ErrorCode::kUnsupported) return std::optional<Values>();
    if (!outputs.ok()) return std::move(outputs).status().with_context(function.describe());
    Values results;
    std::ranges::copy(outputs->at(0).as<float>(), results.begin());
    return std::optional(results);
  }

  Status apply(size_t index, const QuantizedSource& source, const QuantizedSink& sink) {
    ASSIGN_OR_RETURN(const auto results, results_of(rewriter_.node(index), source.as));
    return results ? look_up(index, {source.integers, *results}, sink) : Status();
  }

  /// x · f(x), as exporters write SiLU and HardSwish.
  struct Gated {
    size_t function;  ///< node
    Mapped mapped;
  };
  Result<std::optional<Gated>> gated(const Node& product) {
    for (const size_t side : {0, 1}) {
      const std::string& x = product.inputs[side];
      const auto source = values_.source(x);
      const auto function = rewriter_.producer(product.inputs[1 - side]);
      if (!source || !function || !is_one_of(kFunctions, rewriter_.node(*function)) ||
          rewriter_.node(*function).inputs[0] != x)
        continue;
      ASSIGN_OR_RETURN(auto results, results_of(rewriter_.node(*function), source->as));
      if (!results) break;
      const Values steps = values_of(source->as);
      for (size_t byte = 0; byte < kSteps; ++byte) (*results)[byte] *= steps[byte];
      return std::optional(Gated{*function, {source->integers, *results}});
    }
    return std::optional<Gated>();
  }

  Status multiply(size_t index, const QuantizedSink& sink) {
    const Node product = rewriter_.node(index);
    ASSIGN_OR_RETURN(const auto gate, gated(product));
    if (!gate) return scale(index, sink);
    const Node& function = rewriter_.node(gate->function);
    rewriter_.node(index).name = function.name + "+" + product.name;
    if (rewriter_.only_reader(function.outputs[0]) == index) rewriter_.drop(gate->function);
    return look_up(index, gate->mapped, sink);
  }

  /// A value that is a function of steps, whoever else reads it.
  Result<std::optional<Mapped>> mapped(const std::string& value) {
    if (const auto source = values_.source(value))
      return std::optional(Mapped{source->integers, values_of(source->as)});
    const auto producer = rewriter_.producer(value);
    if (!producer) return std::optional<Mapped>();
    const Node& node = rewriter_.node(*producer);
    if (is_plain(node, "Mul")) {
      ASSIGN_OR_RETURN(const auto gate, gated(node));
      return gate ? std::optional(gate->mapped) : std::nullopt;
    }
    const auto source = node.has_input(0) ? values_.source(node.inputs[0]) : std::nullopt;
    if (!source) return std::optional<Mapped>();
    if (const auto clamp = clamp_of(rewriter_.graph(), node)) {
      Mapped clamped{source->integers, values_of(source->as)};
      for (float& each : clamped.values) each = std::min(std::max(each, clamp->low), clamp->high);
      return std::optional(clamped);
    }
    if (!is_one_of(kFunctions, node)) return std::optional<Mapped>();
    ASSIGN_OR_RETURN(const auto results, results_of(node, source->as));
    return results ? std::optional(Mapped{source->integers, *results}) : std::nullopt;
  }

  /// A node over values of steps, each before its table, in place of the node at `index`.
  Status look_values_up(size_t index, const QuantizedSink& sink, const std::string& op,
                        std::span<const Mapped> operands) {
    Node lookup{.name = rewriter_.node(index).name,
                .op = op,
                .domain = "ridgeline",
                .outputs = rewriter_.node(sink.quantize).outputs};
    for (const Mapped& operand : operands) {
      const std::string name = rewriter_.fresh_name(lookup.outputs[0] + "/values");
      ASSIGN_OR_RETURN(rewriter_.graph().initializers[name],
                       Tensor::from_values<float>({int64_t{kSteps}}, std::span<const float>(operand.values)));
      lookup.inputs.insert(lookup.inputs.end(), {operand.integers, name});
    }
    set_result(lookup, sink);
    drop_clamps(sink, lookup.name);
    rewriter_.drop(index);
    rewriter_.node(sink.quantize) = std::move(lookup);
    return {};
  }

  const Shape* image_shape(const std::string& value) const {
    const auto type = types_.find(value);
    const bool is_image = type != types_.end() && type->second.shape && type->second.shape->is_static() &&
                          type->second.shape->rank() == 4;
    return is_image ? &*type->second.shape : nullptr;
  }

  /// The mean of an image that is a function of steps.
  Status squeeze(size_t index, const QuantizedSink& sink) {
    const std::string image = rewriter_.node(index).inputs[0];
    if (image_shape(image) == nullptr) return {};
    ASSIGN_OR_RETURN(const auto operand, mapped(image));
    return operand ? look_values_up(index, sink, "LookupMean", std::span(&*operand, 1)) : Status();
  }

  /// An image that is a function of steps, times such a factor of each channel.
  Status scale(size_t index, const QuantizedSink& sink) {
    const Node product = rewriter_.node(index);
    for (const size_t side : {0, 1}) {
      const Shape* const image = image_shape(product.inputs[side]);
      const Shape* const factor = image_shape(product.inputs[1 - side]);
      if (image == nullptr || factor == nullptr || *factor != Shape{(*image)[0], (*image)[1], 1, 1}) continue;
      ASSIGN_OR_RETURN(const auto x, mapped(product.inputs[side]));
      ASSIGN_OR_RETURN(const auto by, mapped(product.inputs[1 - side]));
      if (x && by) return look_values_up(index, sink, "LookupProduct", std::array{*x, *by});
    }
    return {};
  }

  Status join(size_t index, const QuantizedSink& sink) {
    Node joined = rewriter_.node(index);
    std::vector<QuantizedSource> sources;
    for (const std::string& input : joined.inputs) {
      const auto source = values_.source(input);
      if (!source) return {};
      sources.push_back(*source);
    }
    for (size_t i = 0; i < sources.size(); ++i) {
      joined.inputs[i] = sources[i].integers;
      if (is_same(sources[i].as, sink)) continue;
      joined.inputs[i] = rewriter_.fresh_name(sources[i].integers + "/joined");
      ASSIGN_OR_RETURN(Node lookup,
                       lookup_of({sources[i].integers, values_of(sources[i].as)}, sink, joined.inputs[i]));
      added_.push_back(std::move(lookup));
    }
    drop_clamps(sink, joined.name);
    joined.outputs = rewriter_.node(sink.quantize).outputs;
    rewriter_.drop(index);
    rewriter_.node(sink.quantize) = std::move(joined);
    return {};
  }

  Rewriter rewriter_;
  QuantizedValues values_;
  const TypeMap& types_;
  const PassOptions& options_;
  std::vector<Node> added_;
};

}  // namespace

Status stay_in_integers(Graph& graph, const PassOptions& options) {
  if (!options.computes_in_integers) return {};
  ASSIGN_OR_RETURN(TypeMap types, infer_types(graph));
  quantize_before_moves(graph, types);
  ASSIGN_OR_RETURN(types, infer_types(graph));
  return Stayer(graph, types, options).run();
}

}  // namespace ridgeline::passes
