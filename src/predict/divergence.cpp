#include "predict/divergence.h"

#include <algorithm>
#include <array>
#include <set>

#include "engine/signature.h"
#include "graph/infer.h"
#include "tensor/half.h"

namespace ridgeline::predict {
namespace {

Result<Tensor> joined(std::span<const Tensor> parts) {
  if (parts.size() == 1) return parts[0];
  if (parts[0].shape().rank() == 0) return parts[0];
  Shape shape = parts[0].shape();
  shape[0] = 0;
  for (const Tensor& part : parts) shape[0] += part.shape()[0];
  ASSIGN_OR_RETURN(Tensor whole, Tensor::zeros(parts[0].dtype(), shape));
  std::byte* to = whole.data();
  for (const Tensor& part : parts) to = std::copy_n(part.data(), part.byte_size(), to);
  return whole;
}

Result<Tensor> widened(const TensorView& lent) {
  const bool narrow = lent.dtype == DType::kF16 || lent.dtype == DType::kBF16;
  const Tensor view = Tensor::wrap(lent.dtype, lent.shape, lent.data, nullptr);
  if (narrow) return convert(view, DType::kF32);
  return Tensor::from_bytes(lent.dtype, lent.shape, {lent.data, lent.byte_size()});
}

/// A value that both graphs hold, under its name in each.
struct Layer {
  std::string in_original;
  std::string in_exported;
  std::string name;
  std::string op;
};

bool is_float(const TypeMap& types, const std::string& value) {
  const auto type = types.find(value);
  return type != types.end() && type->second.shape &&
         (type->second.dtype == DType::kF32 || type->second.dtype == DType::kF16);
}

/// In the original's order. Conversion to FP16 keeps a value's name with "/fp16" behind it.
std::vector<Layer> common_layers(const Graph& original, const TypeMap& original_types,
                                 const TypeMap& exported_types) {
  std::vector<Layer> layers;
  for (const Node& node : original.nodes) {
    const std::string& value = node.outputs[0];
    if (!is_float(original_types, value)) continue;
    for (const std::string& name : {value + "/fp16", value})
      if (is_float(exported_types, name)) {
        layers.push_back({value, name, node.name, node.op});
        break;
      }
  }
  return layers;
}

/// The graph with one more output, in front. It is no longer what was read from a file.
Graph watched(const Graph& graph, const std::string& value, const TypeMap& types) {
  Graph result = graph;
  result.source = {};
  std::erase_if(result.outputs, [&](const ValueInfo& output) { return output.name == value; });
  result.outputs.insert(result.outputs.begin(), {value, types.find(value)->second, {}});
  return result;
}

}  // namespace

Result<std::vector<Tensor>> outputs_of(const EngineRun& run, const Graph& graph,
                                       std::span<const Tensor> images) {
  SessionOptions options{.precision = run.precision, .threads = run.threads};
  options.input_shapes[graph.inputs[0].name] = images[0].shape();
  ASSIGN_OR_RETURN(const std::unique_ptr<Session> session, run.engine.compile(graph, options));
  std::vector<std::vector<Tensor>> by_output(session->signature().outputs.size());
  for (const Tensor& batch : images) {
    std::vector<TensorView> outputs = lent_outputs(session->signature());
    const std::array in = {batch.view()};
    RETURN_IF_ERROR(session->run(in, outputs));
    for (size_t i = 0; i < outputs.size(); ++i) {
      ASSIGN_OR_RETURN(Tensor kept, widened(outputs[i]));
      by_output[i].push_back(std::move(kept));
    }
  }
  std::vector<Tensor> results;
  for (const std::vector<Tensor>& parts : by_output) {
    ASSIGN_OR_RETURN(Tensor whole, joined(parts));
    results.push_back(std::move(whole));
  }
  return results;
}

std::optional<Divergence> first_diverging_layer(const VerifyCase& what, const EngineRun& reference,
                                                const EngineRun& engine, Precision bound) {
  const std::span<const Tensor> first_batch = what.images.first(1);
  const Shape& shape = first_batch[0].shape();
  const Result<TypeMap> original_types = infer_types(what.original, {{what.original.inputs[0].name, shape}});
  const Result<TypeMap> exported_types = infer_types(what.exported, {{what.exported.inputs[0].name, shape}});
  if (!original_types.ok() || !exported_types.ok()) return std::nullopt;
  const std::vector<Layer> layers = common_layers(what.original, *original_types, *exported_types);
  const auto compare = [&](const Layer& layer) -> Result<Agreement> {
    ASSIGN_OR_RETURN(
        const auto expected,
        outputs_of(reference, watched(what.original, layer.in_original, *original_types), first_batch));
    ASSIGN_OR_RETURN(
        const auto given,
        outputs_of(engine, watched(what.exported, layer.in_exported, *exported_types), first_batch));
    return compare_outputs(std::span(expected).first(1), std::span(given).first(1));
  };
  // Layers before `inside` agree, `outside` and those after it do not.
  size_t inside = 0, outside = layers.size();
  std::optional<Divergence> found;
  while (inside < outside) {
    const size_t middle = inside + (outside - inside) / 2;
    const Result<Agreement> agreement = compare(layers[middle]);
    if (!agreement.ok()) return std::nullopt;
    if (check_agreement(*agreement, bound).ok()) {
      inside = middle + 1;
    } else {
      outside = middle;
      found = Divergence{layers[middle].name, layers[middle].op, agreement->max_abs_diff, agreement->scale};
    }
  }
  return found;
}

}  // namespace ridgeline::predict
