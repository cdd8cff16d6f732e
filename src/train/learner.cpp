#include "train/learner.h"

#include "engine/plugin/codec.h"
#include "engine/plugin_host.h"
#include "formats/onnx.h"
#include "train/plugin_abi.h"

namespace ridgeline::train {
namespace {

constexpr std::string_view kPlugin = "train_libtorch";

Result<const RidgelineTrainerV1*> open_door(const std::vector<std::string>& directories) {
  ASSIGN_OR_RETURN(const std::string path, require_plugin(kPlugin, directories));
  ASSIGN_OR_RETURN(void* const symbol, plugin_symbol(path, "ridgeline_trainer_v1"));
  const RidgelineTrainerV1* door = reinterpret_cast<RidgelineTrainerEntry>(symbol)();
  if (door == nullptr || door->abi_version != RIDGELINE_TRAINER_ABI_VERSION)
    return unavailable("{} speaks another trainer interface than this program: build it again", path);
  return door;
}

RidgelineTensor to_abi(const TensorView& view) {
  RidgelineTensor tensor{};
  plugin::encode(view, tensor);
  return tensor;
}

class PluginLearner : public Learner {
 public:
  PluginLearner(const RidgelineTrainerV1& door, RidgelineLearner* learner)
      : door_(door), learner_(learner, door.destroy) {}

  /// Reads the names of the state; to be called once, before anything else.
  Status prepare() {
    ASSIGN_OR_RETURN(const Json names, parse_json(door_.state_names(learner_.get()), "state names"));
    for (const Json& name : names) names_.push_back(name.get<std::string>());
    return {};
  }

  Result<StepResult> step(const TensorView& images, const TensorView& targets,
                          double learning_rate) override {
    const RidgelineTensor in = to_abi(images);
    const RidgelineTensor wanted = to_abi(targets);
    RidgelineStep step{};
    RETURN_IF_ERROR(plugin::decode_status(door_.step(learner_.get(), &in, &wanted, learning_rate, &step)));
    return StepResult{.loss = step.loss, .correct = step.correct, .grad_norm = step.grad_norm};
  }

  Result<TensorView> evaluate(const TensorView& images, bool averaged) override {
    const RidgelineTensor in = to_abi(images);
    RidgelineTensor out{};
    RETURN_IF_ERROR(plugin::decode_status(door_.evaluate(learner_.get(), &in, averaged ? 1 : 0, &out)));
    TensorView logits;
    plugin::decode(out, logits);
    return logits;
  }

  const std::vector<std::string>& state_names() const override { return names_; }

  Result<Tensor> state(const std::string& name) override {
    RidgelineTensor lent{};
    RETURN_IF_ERROR(plugin::decode_status(door_.get_state(learner_.get(), name.c_str(), &lent)));
    TensorView view;
    plugin::decode(lent, view);
    return Tensor::from_bytes(view.dtype, view.shape, {view.data, view.byte_size()});
  }

  Status set_state(const std::string& name, const Tensor& value) override {
    const RidgelineTensor given = to_abi(value.view());
    return plugin::decode_status(door_.set_state(learner_.get(), name.c_str(), &given));
  }

  Status sum(std::span<double> values) override {
    return plugin::decode_status(door_.sum(learner_.get(), values.data(), values.size()));
  }

  Status share_statistics() override { return plugin::decode_status(door_.share_statistics(learner_.get())); }

 private:
  const RidgelineTrainerV1& door_;
  std::unique_ptr<RidgelineLearner, void (*)(RidgelineLearner*)> learner_;
  std::vector<std::string> names_;
};

}  // namespace

Result<std::unique_ptr<Learner>> make_learner(const Graph& graph, const LearnerOptions& options,
                                              const std::vector<std::string>& directories) {
  ASSIGN_OR_RETURN(const RidgelineTrainerV1* const door, open_door(directories));
  ASSIGN_OR_RETURN(const std::string onnx, formats::to_onnx(graph));
  RidgelineLearner* handle = nullptr;
  RETURN_IF_ERROR(
      plugin::decode_status(door->create(onnx.data(), onnx.size(), encode(options).c_str(), &handle)));
  auto learner = std::make_unique<PluginLearner>(*door, handle);
  RETURN_IF_ERROR(learner->prepare());
  return std::unique_ptr<Learner>(std::move(learner));
}

}  // namespace ridgeline::train
