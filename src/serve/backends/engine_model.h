#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/registry.h"
#include "graph/graph.h"
#include "serve/backends/item_shapes.h"
#include "serve/backends/model_tensors.h"
#include "serve/core/backend.h"

namespace ridgeline::serve {

/// A model's file on one engine: what its instances share. Immutable once loaded.
struct EngineModel {
  std::string label;  ///< "model 'resnet', version 1", for messages
  ModelConfig config;
  std::shared_ptr<const EngineRegistry> registry;  ///< keeps `engine`
  const Engine* engine = nullptr;
  Graph graph;
  Precision precision = Precision::kFp32;
  std::vector<ItemShapes> warm;  ///< that its instances are compiled for ahead, besides fixed_shapes()

  bool batched() const { return config.max_batch_size > 0; }
};

/// Reads the model's file and chooses how to compute it, by the configuration's parameters: `engine` (of the
/// registry, in place of `default_engine`) where `any_engine`, and `precision`. Without a precision the
/// weights' own is taken where the engine computes in it, else FP32. Errors name the model, and the file or
/// the parameter: kUnavailable where the engine is not here, kUnsupported where it does not take the model.
Result<std::shared_ptr<const EngineModel>> load_engine_model(const ModelSource& source,
                                                             std::shared_ptr<const EngineRegistry> registry,
                                                             std::string_view default_engine,
                                                             bool any_engine);

/// A model compiled for some number of rows of some shapes, with memory for its inputs.
struct CompiledSize {
  int64_t rows = 1;
  double seconds = 0;    ///< of one run
  ModelMemory memory{};  ///< 0 where the engine does not tell its weights
  std::unique_ptr<Session> session;
  TensorOrder order;
  /// In the session's order. Rows that a batch does not fill hold those of earlier batches, or zeros at
  /// first: values that the model is known to take.
  std::vector<Tensor> inputs;
};

/// Compiles, runs once so that everything is in place, then times a run. Errors begin with the shapes.
/// Thread-safe.
Result<std::unique_ptr<CompiledSize>> compile_size(const EngineModel& model, const Place& place,
                                                   const ItemShapes& shapes, int64_t rows);

}  // namespace ridgeline::serve
