#include <algorithm>

#include "graph/passes/passes.h"
#include "graph/passes/quantized_values.h"

namespace ridgeline::passes {
namespace {

/// Writes a rounding's scale and its least and most step, counted from the zero point.
void set_rounding(Node& node, const std::string& prefix, const Quantisation& to, const Clamp& clamp) {
  node.attributes[prefix + "_scale"] = to.scale;
  node.attributes[prefix + "_low"] = static_cast<float>(to.step_of(clamp.low) - to.zero_point);
  node.attributes[prefix + "_high"] = static_cast<float>(to.step_of(clamp.high) - to.zero_point);
}

/// QuantizeLinear and what reads it become one node.
class PairJoiner {
 public:
  PairJoiner(Graph& graph, const TypeMap& types) : rewriter_(graph), values_(rewriter_, types) {}

  void run() {
    for (size_t index = 0; index < rewriter_.node_count(); ++index)
      if (is_plain(rewriter_.node(index), "QuantizeLinear")) join(index);
    for (Node& node : rewriter_.graph().nodes)
      for (std::string& input : node.inputs)
        if (const auto alias = aliases_.find(input); alias != aliases_.end()) input = alias->second;
    rewriter_.finish();
  }

 private:
  void join(size_t index) {
    const Node& quantize = rewriter_.node(index);
    const auto to = values_.quantisation_of(index);
    const std::vector<size_t> readers = rewriter_.private_readers(quantize.outputs[0]);
    const auto undoes = [&](size_t reader) {
      const auto source = values_.source(rewriter_.node(reader).outputs[0]);
      return source && source->integers == quantize.outputs[0] && source->as == to;
    };
    if (!to || readers.empty() || !std::ranges::all_of(readers, undoes)) return;
    const auto is_output = [&](size_t reader) {
      return rewriter_.is_graph_output(rewriter_.node(reader).outputs[0]);
    };
    const auto captured = [&](size_t reader) {
      return rewriter_.is_captured(rewriter_.node(reader).outputs[0]);
    };
    if (std::ranges::any_of(readers, captured) || std::ranges::count_if(readers, is_output) > 1) return;
    const auto named = std::ranges::find_if(readers, is_output);
    Node round{
        .name = quantize.name, .op = "RoundToSteps", .domain = "ridgeline", .inputs = {quantize.inputs[0]}};
    round.outputs = rewriter_.node(named == readers.end() ? readers[0] : *named).outputs;
    set_rounding(round, "y", *to, {});
    for (const size_t reader : readers) {
      if (rewriter_.node(reader).outputs != round.outputs)
        aliases_[rewriter_.node(reader).outputs[0]] = round.outputs[0];
      rewriter_.drop(reader);
    }
    rewriter_.node(index) = std::move(round);
  }

  Rewriter rewriter_;
  QuantizedValues values_;
  std::map<std::string, std::string> aliases_;
};

/// Roundings go into the convolutions before them, and so does an addition between two of them.
class Absorber {
 public:
  Absorber(Graph& graph, const TypeMap& types) : rewriter_(graph), types_(types) {}

  void run() {
    for (size_t index = 0; index < rewriter_.node_count(); ++index) {
      const Node& node = rewriter_.node(index);
      const bool is_conv = is_plain(node, "Conv") || (node.domain == "ridgeline" && node.op == "FusedConv");
      if (is_conv && !rewriter_.is_dropped(index)) grow(index);
    }
    rewriter_.finish();
  }

 private:
  std::optional<size_t> next_of(const Node& node, std::string_view op) const {
    const auto next = rewriter_.only_reader(node.outputs[0]);
    if (!next || rewriter_.is_dropped(*next) || rewriter_.graph().nodes[*next].op != op) return std::nullopt;
    return next;
  }

  void grow(size_t conv) {
    Node fused = rewriter_.node(conv);
    size_t last = conv;
    const auto take = [&](size_t next) {
      fused.outputs = rewriter_.node(next).outputs;
      rewriter_.drop(last);
      last = next;
    };
    if (const auto round = next_of(fused, "RoundToSteps")) {
      for (const char* name : {"y_scale", "y_low", "y_high"})
        fused.attributes[name] = rewriter_.node(*round).attributes.at(name);
      take(*round);
    }
    if (last != conv && !fused.has_input(3) && fused.string_or("activation", "").empty()) {
      if (const auto add = residual_of(fused)) {
        move_rounding(fused);
        fused.name += "+" + rewriter_.node(*add).name;
        take(*add);
        take_activation_and_rounding(fused, take);
      }
    }
    if (last == conv) return;
    fused.op = "FusedConv";
    fused.domain = "ridgeline";
    rewriter_.node(last) = std::move(fused);
  }

  static void move_rounding(Node& fused) {
    for (const char* name : {"_scale", "_low", "_high"}) {
      fused.attributes[std::string("sum") + name] = fused.attributes.at(std::string("y") + name);
      fused.attributes.erase(std::string("y") + name);
    }
  }

  template <typename Take>
  void take_activation_and_rounding(Node& fused, const Take& take) {
    const auto next = rewriter_.only_reader(fused.outputs[0]);
    if (next && !rewriter_.is_dropped(*next))
      if (const auto clamp = clamp_of(rewriter_.graph(), rewriter_.node(*next))) {
        fused.attributes["activation"] = std::string("Clip");
        fused.attributes["min"] = clamp->low;
        fused.attributes["max"] = clamp->high;
        fused.name += "+" + rewriter_.node(*next).name;
        take(*next);
      }
    if (const auto round = next_of(fused, "RoundToSteps")) {
      for (const char* name : {"y_scale", "y_low", "y_high"})
        fused.attributes[name] = rewriter_.node(*round).attributes.at(name);
      take(*round);
    }
  }

  /// The Add that alone reads the results, with its other operand as the residual.
  std::optional<size_t> residual_of(Node& fused) const {
    const auto add = next_of(fused, "Add");
    if (!add) return std::nullopt;
    const Node& node = rewriter_.graph().nodes[*add];
    const std::string& residual = node.inputs[node.inputs[0] == fused.outputs[0] ? 1 : 0];
    const auto own = types_.find(fused.outputs[0]), other = types_.find(residual);
    if (own == types_.end() || other == types_.end() || !own->second.shape ||
        !own->second.shape->is_static() || own->second.shape != other->second.shape)
      return std::nullopt;
    fused.inputs.resize(3);
    fused.inputs.push_back(residual);
    return add;
  }

  Rewriter rewriter_;
  const TypeMap& types_;
};

}  // namespace

Status round_in_floats(Graph& graph, const PassOptions& options) {
  if (options.computes_in_integers) return {};
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph));
  PairJoiner(graph, types).run();
  Absorber(graph, types).run();
  return {};
}

}  // namespace ridgeline::passes
