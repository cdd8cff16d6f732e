#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "serve/backends/engine_model.h"
#include "serve/core/backend.h"

namespace ridgeline::serve {

/// A request in a batch: the rows that are its own, and its tensors in the order of the configuration's
/// inputs.
struct Member {
  Job* job = nullptr;
  int64_t first_row = 0;
  int64_t rows = 1;
  std::vector<const wire::InputTensor*> inputs;

  int64_t end_row() const { return first_row + rows; }
};

/// The rows of a batch that one run of a session computes. Fewer than the session's where it pads.
struct RowRange {
  int64_t first = 0;
  int64_t count = 0;

  int64_t end() const { return first + count; }
};

/// kInvalidArgument, naming the input, where the request lacks one (engines run on all of them), or has one
/// whose datatype, rows or bytes do not fit: what is copied by them must be true.
Result<Member> member_of(Job& job, const ModelConfig& config);

/// Equal shapes save the rows: they may share a run.
bool alike(const Member& a, const Member& b, bool batched);

/// The inputs' shapes as the model sees them.
ItemShapes shapes_of(const Member& member, const ModelConfig& config);

/// The bytes of rows `range` as one of a session's inputs. They are copied into `arena`, the session's own
/// memory: once, on the way from the message into the batch. Where they lie together, in one request or in
/// one after the other, aligned as engines like it, and are all that the session takes, floats are left
/// there: the client may change what lies in shared memory while the engine reads, and integers can be
/// indices.
TensorView gather(std::span<const Member> members, size_t input, RowRange range, const TensorView& arena);

}  // namespace ridgeline::serve
