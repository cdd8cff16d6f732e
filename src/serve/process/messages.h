#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "serve/core/backend.h"
#include "serve/process/arena.h"
#include "serve/process/frames.h"
#include "serve/process/pack.h"
#include "wire/http/control.h"

namespace ridgeline::serve {

/// A batch on its way to a process.
struct PackedBatch {
  ArenaOwner::Block block;
  Packer body;
};
/// Copies the inputs into one block, shaped as the model sees them. Requests are numbered from `first_tag`.
/// Each input's rows lie together, request after request, as engines take a batch.
Result<PackedBatch> pack_batch(std::span<const std::shared_ptr<Job>> batch, const ModelConfig& config,
                               uint64_t first_tag, ArenaOwner& arena);

/// In the process: the requests of that batch. Their inputs point into the arena.
Result<std::vector<wire::InferRequest>> take_batch(std::span<const std::byte> body,
                                                   const std::shared_ptr<Arena>& arena);

/// What stands in the frame kFailed. Without a code it is kInternal.
Packer pack_failure(const Status& why);
Status take_failure(Unpacker& unpacker);

/// What a model has to say to one request: nothing, an answer, or its error.
using ModelAnswer = std::optional<Result<Answer>>;

/// Outputs are shaped as clients see them. kInvalidArgument for what is malformed: the process is not to be
/// trusted any more.
Result<std::vector<ModelAnswer>> take_answers(Unpacker& unpacker, const ModelConfig& config,
                                              const std::shared_ptr<Arena>& arena);

/// In the process: copies all outputs into one block. kOutOfMemory where the server holds on to too much, and
/// then nothing was packed.
Status pack_answers(Packer& packer, std::span<const Result<Answer>> answers, ArenaOwner& arena);

/// The request of a model to one of the server's models.
struct ModelCall {
  wire::InferRequest request;
  bool decoupled = false;  ///< it takes any number of answers
};
Result<ModelCall> take_call(std::span<const std::byte> body, const std::shared_ptr<Arena>& arena);

/// What a model wants loaded.
struct ModelLoad {
  std::string name;
  wire::http::LoadRequest request;
};
Result<ModelLoad> take_load(std::span<const std::byte> body, const std::shared_ptr<Arena>& arena);

/// One answer to a model's call; null: only the end. kOutOfMemory where the process holds on to too much.
Result<Packer> pack_call_answer(const Result<Answer>* answer, bool last, ArenaOwner& arena);

}  // namespace ridgeline::serve
