#include "predict/predictor.h"

#include <algorithm>
#include <array>
#include <fmt/ranges.h>

#include "engine/signature.h"
#include "predict/batch_loader.h"
#include "tensor/half.h"

namespace ridgeline::predict {
namespace {

Scores scores_of(const Graph& graph) {
  const auto makes_output = [&](const Node& node) {
    return node.op == "Softmax" && !node.outputs.empty() && node.outputs[0] == graph.outputs[0].name;
  };
  const bool softmax = std::any_of(graph.nodes.begin(), graph.nodes.end(), makes_output);
  return softmax ? Scores::kProbabilities : Scores::kLogits;
}

SessionOptions session_options(const ImageInput& input, const PredictorOptions& options, int64_t batch) {
  return {.precision = options.precision,
          .device = options.device,
          .threads = options.threads,
          .input_shapes = {{input.name, input.shape(batch)}}};
}

int64_t batch_of(const ImageInput& input, const PredictorOptions& options) {
  return input.fixed_batch > 0 ? input.fixed_batch : options.batch;
}

/// The first output's values per image.
Result<int64_t> outputs_per_image(const Signature& signature, int64_t batch, std::string_view model) {
  if (!signature.outputs.empty() && signature.outputs[0].type.shape) {
    const Shape& shape = *signature.outputs[0].type.shape;
    if (shape.rank() >= 2 && shape.is_static() && shape[0] == batch) return shape.element_count() / batch;
  }
  return unsupported("{}: is no classifier: its first output has no value per image and class", model);
}

Status check_options(const PredictorOptions& options) {
  if (options.threads < 1) return invalid_argument("{} threads, at least 1 is needed", options.threads);
  if (options.batch < 1) return invalid_argument("a batch of {}, at least 1 is needed", options.batch);
  return {};
}

}  // namespace

Result<Predictor> Predictor::make(const Graph& graph, std::string_view model, const Engine& engine,
                                  const PredictorOptions& options) {
  RETURN_IF_ERROR(check_options(options));
  Predictor predictor;
  ASSIGN_OR_RETURN(predictor.input_, image_input_of(graph, model));
  predictor.options_ = options;
  predictor.batch_ = batch_of(predictor.input_, options);
  predictor.scores_ = scores_of(graph);
  const SessionOptions session = session_options(predictor.input_, options, predictor.batch_);
  RETURN_IF_ERROR(engine.supports(graph, session).with_context(model));
  Result<std::unique_ptr<Session>> compiled = engine.compile(graph, session);
  if (!compiled.ok()) return std::move(compiled).status().with_context(model);
  predictor.session_ = std::move(compiled).value();
  ASSIGN_OR_RETURN(predictor.outputs_,
                   outputs_per_image(predictor.session_->signature(), predictor.batch_, model));
  RETURN_IF_ERROR(check_classes(predictor.input_.contract, predictor.outputs_, model));
  return predictor;
}

Status Predictor::run(std::span<const std::string> files, const std::function<void(const Prediction&)>& take,
                      const CancelToken& cancel) {
  ASSIGN_OR_RETURN(
      const std::unique_ptr<BatchLoader> loader,
      BatchLoader::start(files, input_.contract.preprocessing, input_.shape(batch_), options_.threads));
  std::vector<TensorView> outputs = lent_outputs(session_->signature());
  while (const BatchLoader::Batch* batch = loader->next()) {
    if (cancel.requested()) return cancelled("stopped after {} of {} images", batch->first, files.size());
    for (TensorView& output : outputs) output.data = nullptr;  // lent by the session: nothing is copied
    const std::array images = {batch->images.view()};
    RETURN_IF_ERROR(session_->run(images, outputs));
    RETURN_IF_ERROR(hand_out(outputs, batch->first, batch->statuses, take));
  }
  return {};
}

Status Predictor::hand_out(std::span<const TensorView> outputs, size_t first,
                           std::span<const Status> statuses,
                           const std::function<void(const Prediction&)>& take) const {
  const TensorView& lent = outputs[0];
  ASSIGN_OR_RETURN(const Tensor logits,
                   convert(Tensor::wrap(lent.dtype, lent.shape, lent.data, nullptr), DType::kF32));
  const auto per_image = static_cast<size_t>(outputs_);
  for (size_t i = 0; i < statuses.size(); ++i)
    take({.index = first + i,
          .status = statuses[i],
          .logits = statuses[i].ok() ? logits.as<float>().subspan(i * per_image, per_image)
                                     : std::span<const float>()});
  return {};
}

Result<const Engine*> best_engine(const EngineRegistry& engines, const Graph& graph, std::string_view model,
                                  const PredictorOptions& options) {
  RETURN_IF_ERROR(check_options(options));
  ASSIGN_OR_RETURN(const ImageInput input, image_input_of(graph, model));
  const SessionOptions session = session_options(input, options, batch_of(input, options));
  std::vector<std::string> names = {"openvino", "onnxruntime", "libtorch", "native"};
  for (const std::string_view name : engines.names())
    if (name != "null" && std::find(names.begin(), names.end(), name) == names.end())
      names.emplace_back(name);
  std::vector<std::string> reasons;
  for (const std::string& name : names) {
    const Result<const Engine*> engine = engines.find(name);
    if (!engine.ok()) continue;
    const Status refused = (*engine)->supports(graph, session);
    if (refused.ok()) return *engine;
    reasons.push_back(fmt::format("{}: {}", name, refused.message()));
  }
  return unavailable("{}: no engine can run it: {}", model, fmt::join(reasons, "; "));
}

}  // namespace ridgeline::predict
