// The C interface (train/plugin_abi.h) around GradientLearner. No exception passes.

#include <c10/util/Logging.h>
#include <torch/version.h>

#include "base/json.h"
#include "engine/libtorch/values.h"
#include "engine/plugin/door_guard.h"
#include "formats/onnx.h"
#include "train/libtorch/gradient_learner.h"
#include "train/libtorch/kept_memory.h"

/// Names and tensors that a call lends live here.
struct RidgelineLearner {
  std::unique_ptr<ridgeline::train::GradientLearner> learner;
  std::string names;
  at::Tensor lent;
};

namespace {

using namespace ridgeline;

/// What the library threw, in the words of its kind of error.
template <typename Work>
RidgelineStatus guarded(Work work) noexcept {
  return plugin::guarded([&]() -> Status {
    try {
      return work();
    } catch (const std::exception& error) {
      return libtorch::status_of(error);
    }
  });
}

TensorView view_of(const RidgelineTensor& tensor) {
  TensorView view;
  plugin::decode(tensor, view);
  return view;
}

void lend_tensor(RidgelineLearner& learner, at::Tensor value, RidgelineTensor& out) {
  learner.lent = std::move(value);
  const TensorView view{*libtorch::dtype_of(learner.lent.scalar_type()), Shape(learner.lent.sizes().vec()),
                        static_cast<std::byte*>(learner.lent.data_ptr())};
  plugin::encode(view, out);
}

const char* version() noexcept { return TORCH_VERSION; }

RidgelineStatus create(const void* onnx, uint64_t byte_size, const char* options_text,
                       RidgelineLearner** learner) noexcept {
  return guarded([&]() -> Status {
    FLAGS_caffe2_log_level = 3;  // fatal errors only: warnings would go to stderr
    ASSIGN_OR_RETURN(const train::LearnerOptions options, train::decode_learner_options(options_text));
    std::string bytes(static_cast<const char*>(onnx), byte_size);
    ASSIGN_OR_RETURN(const Graph graph, formats::parse_onnx(std::move(bytes), "model"));
    ASSIGN_OR_RETURN(auto made, train::GradientLearner::make(graph, options));
    const std::string names = Json(made->state_names()).dump();
    *learner = std::make_unique<RidgelineLearner>(std::move(made), names, at::Tensor()).release();
    return {};
  });
}

RidgelineStatus step(RidgelineLearner* learner, const RidgelineTensor* images, const RidgelineTensor* targets,
                     double learning_rate, RidgelineStep* result) noexcept {
  return guarded([&]() -> Status {
    *result = learner->learner->step(view_of(*images), view_of(*targets), learning_rate);
    return {};
  });
}

RidgelineStatus evaluate(RidgelineLearner* learner, const RidgelineTensor* images, int32_t averaged,
                         RidgelineTensor* logits) noexcept {
  return guarded([&]() -> Status {
    lend_tensor(*learner, learner->learner->evaluate(view_of(*images), averaged != 0), *logits);
    return {};
  });
}

const char* state_names(RidgelineLearner* learner) noexcept { return learner->names.c_str(); }

RidgelineStatus get_state(RidgelineLearner* learner, const char* name, RidgelineTensor* value) noexcept {
  return guarded([&]() -> Status {
    ASSIGN_OR_RETURN(at::Tensor held, learner->learner->state(name));
    lend_tensor(*learner, std::move(held), *value);
    return {};
  });
}

RidgelineStatus set_state(RidgelineLearner* learner, const char* name,
                          const RidgelineTensor* value) noexcept {
  return guarded([&] { return learner->learner->set_state(name, view_of(*value)); });
}

RidgelineStatus sum(RidgelineLearner* learner, double* values, size_t count) noexcept {
  return guarded([&]() -> Status {
    learner->learner->sum({values, count});
    return {};
  });
}

RidgelineStatus share_statistics(RidgelineLearner* learner) noexcept {
  return guarded([&]() -> Status {
    learner->learner->share_statistics();
    return {};
  });
}

void destroy(RidgelineLearner* learner) noexcept {
  std::unique_ptr<RidgelineLearner>{learner}.reset();
  train::release_kept_memory();
}

}  // namespace

extern "C" __attribute__((visibility("default"))) const RidgelineTrainerV1* ridgeline_trainer_v1() {
  static const RidgelineTrainerV1 kDoor = {.abi_version = RIDGELINE_TRAINER_ABI_VERSION,
                                           .name = "libtorch",
                                           .version = version,
                                           .create = create,
                                           .step = step,
                                           .evaluate = evaluate,
                                           .state_names = state_names,
                                           .get_state = get_state,
                                           .set_state = set_state,
                                           .sum = sum,
                                           .share_statistics = share_statistics,
                                           .destroy = destroy};
  return &kDoor;
}
