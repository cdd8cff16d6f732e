#pragma once

#include <optional>

#include "predict/verify.h"

namespace ridgeline::predict {

/// An engine, and what it is asked to compute in.
struct EngineRun {
  const Engine& engine;
  Precision precision = Precision::kFp32;
  int threads = 1;
};

/// The graph's outputs for each batch, joined over the batches and widened to FP32 where they are narrower
/// floats.
Result<std::vector<Tensor>> outputs_of(const EngineRun& run, const Graph& graph,
                                       std::span<const Tensor> images);

/// Halves the list of layers until one is left whose values the engine computes out of bound while those
/// before it are inside: each step compiles the exported graph on the engine and the original on the
/// reference with one more output. None where no single layer stands out: the engine gives right answers as
/// soon as it keeps a value in between, or a step can't be compiled.
std::optional<Divergence> first_diverging_layer(const VerifyCase& what, const EngineRun& reference,
                                                const EngineRun& engine, Precision bound);

}  // namespace ridgeline::predict
