#include "quantize/observe.h"

#include <utility>

#include "engine/signature.h"
#include "graph/infer.h"

namespace ridgeline::quantize {
namespace {

using Names = std::vector<std::string>;

/// Parts of `values` that fit the memory each; a value that is larger on its own is a part of its own.
Result<std::vector<Names>> split_by_bytes(const Names& values, const TypeMap& types, int64_t most_bytes) {
  std::vector<Names> parts;
  int64_t bytes = 0;
  for (const std::string& value : values) {
    const auto type = types.find(value);
    if (type == types.end() || type->second.dtype != DType::kF32 || !type->second.shape)
      return unsupported("'{}': only FP32 values of a known shape can be calibrated", value);
    ASSIGN_OR_RETURN(const int64_t count, type->second.shape->checked_element_count(sizeof(float)));
    const int64_t own_bytes = count * static_cast<int64_t>(sizeof(float));
    if (parts.empty() || bytes + own_bytes > most_bytes) {
      parts.emplace_back();
      bytes = 0;
    }
    parts.back().push_back(value);
    bytes += own_bytes;
  }
  return parts;
}

/// The part of a batch's value that belongs to its first `count` images.
std::span<const float> of_images(const TensorView& value, int64_t count, int64_t batch) {
  const std::span<const float> all = value.as<const float>();
  const bool is_per_image = value.shape.rank() > 0 && value.shape[0] == batch;
  return is_per_image ? all.first(all.size() / static_cast<size_t>(batch) * static_cast<size_t>(count)) : all;
}

class Observer {
 public:
  Observer(const Graph& graph, const TypeMap& types, const ObserveOptions& options)
      : graph_(graph), types_(types), options_(options) {}

  Status run(const Names& values, const ImageBatches& batches, std::map<std::string, Histogram>& seen) {
    const std::string& input = graph_.inputs[0].name;
    Graph watched = graph_;
    watched.outputs.clear();
    for (const std::string& value : values)
      if (value != input) watched.outputs.push_back({value, types_.find(value)->second, {}});
    const bool has_input = watched.outputs.size() != values.size();
    std::unique_ptr<Session> session;
    if (!watched.outputs.empty()) {
      SessionOptions session_options{.threads = options_.threads};
      session_options.input_shapes[input] = options_.batch_shape;
      ASSIGN_OR_RETURN(session, options_.engine.compile(watched, session_options));
    }
    return batches([&](const Tensor& images, int64_t count) -> Status {
      if (has_input) RETURN_IF_ERROR(look_at(input, images.view(), count, seen));
      if (session == nullptr) return {};
      std::vector<TensorView> outputs = lent_outputs(session->signature());
      const TensorView in = images.view();
      RETURN_IF_ERROR(session->run({&in, 1}, outputs));
      for (size_t i = 0; i < outputs.size(); ++i)
        RETURN_IF_ERROR(look_at(watched.outputs[i].name, outputs[i], count, seen));
      return {};
    });
  }

 private:
  Status look_at(const std::string& name, const TensorView& value, int64_t count,
                 std::map<std::string, Histogram>& seen) const {
    return seen[name].add(of_images(value, count, options_.batch_shape[0]), name);
  }

  const Graph& graph_;
  const TypeMap& types_;
  const ObserveOptions& options_;
};

}  // namespace

Result<std::map<std::string, Histogram>> observe(const Graph& prepared,
                                                 const std::vector<std::string>& values,
                                                 const ImageBatches& batches, const ObserveOptions& options) {
  if (prepared.inputs.size() != 1)
    return unsupported("the model has {} inputs; calibration feeds images to one", prepared.inputs.size());
  ASSIGN_OR_RETURN(const TypeMap types,
                   infer_types(prepared, {{prepared.inputs[0].name, options.batch_shape}}));
  ASSIGN_OR_RETURN(const std::vector<Names> parts, split_by_bytes(values, types, options.most_bytes));
  std::map<std::string, Histogram> seen;
  for (const Names& part : parts)
    RETURN_IF_ERROR(Observer(prepared, types, options).run(part, batches, seen));
  return seen;
}

}  // namespace ridgeline::quantize
