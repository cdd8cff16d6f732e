/* The C interface between `ridgeline` and what learns by gradients, which lives in its own shared object
 * (libridgeline_train_<name>.so) that exports one symbol, `ridgeline_trainer_v1`. A model crosses as ONNX
 * bytes, options and lists as JSON text, tensors as the plain structs of engine/plugin_abi.h: no C++ type,
 * exception or protobuf object passes the door. Strings and tensors that a call lends stay valid until the
 * next call on the same learner. A learner is used by one thread at a time. */
#ifndef RIDGELINE_TRAIN_PLUGIN_ABI_H
#define RIDGELINE_TRAIN_PLUGIN_ABI_H

#include "engine/plugin_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RIDGELINE_TRAINER_ABI_VERSION 1

/* Of one step on this process's part of the batch. */
typedef struct RidgelineStep {
  double loss;      /* mean over the images */
  int64_t correct;  /* images whose largest logit is where the largest target is */
  double grad_norm; /* before clipping; 0 where nothing is clipped */
} RidgelineStep;

typedef struct RidgelineLearner RidgelineLearner;

typedef struct RidgelineTrainerV1 {
  int32_t abi_version;
  const char* name;
  /* of the library that computes */
  const char* (*version)(void);
  /* `onnx` is read by the call and not kept; its initializers are the first weights. options: what
   * train/learner_options.h writes. With a rendezvous in them the call waits for the other processes. */
  RidgelineStatus (*create)(const void* onnx, uint64_t byte_size, const char* options,
                            RidgelineLearner** learner);
  /* One step of the optimizer: `images` N x H x W x C, FP32 or BF16; `targets` N x classes FP32,
   * probabilities. */
  RidgelineStatus (*step)(RidgelineLearner* learner, const RidgelineTensor* images,
                          const RidgelineTensor* targets, double learning_rate, RidgelineStep* result);
  /* Logits by running statistics; of the averaged weights (EMA) when `averaged` is not 0. `logits` is lent.
   */
  RidgelineStatus (*evaluate)(RidgelineLearner* learner, const RidgelineTensor* images, int32_t averaged,
                              RidgelineTensor* logits);
  /* [str]: names of all state. Weights and running statistics are named as in the model, with PyTorch's
   * <module>.num_batches_tracked; `ema.` and a weight's name is its average; the rest is `optimizer.…`. */
  const char* (*state_names)(RidgelineLearner* learner);
  /* `value` is lent, row-major. */
  RidgelineStatus (*get_state)(RidgelineLearner* learner, const char* name, RidgelineTensor* value);
  RidgelineStatus (*set_state)(RidgelineLearner* learner, const char* name, const RidgelineTensor* value);
  /* Replaces each value by its sum over the processes; a barrier too. */
  RidgelineStatus (*sum)(RidgelineLearner* learner, double* values, size_t count);
  /* Gives every process the running statistics of the first. */
  RidgelineStatus (*share_statistics)(RidgelineLearner* learner);
  void (*destroy)(RidgelineLearner* learner);
} RidgelineTrainerV1;

typedef const RidgelineTrainerV1* (*RidgelineTrainerEntry)(void);

#ifdef __cplusplus
}
#endif
#endif
