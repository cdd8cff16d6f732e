#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/status.h"
#include "serve/backends/batch_input.h"
#include "serve/backends/buffer_pool.h"
#include "serve/backends/engine_model.h"

namespace ridgeline::serve {

/// The outputs of one batch: memory that its sessions write to and all its answers point into, so that
/// nothing is copied between the engine and the socket. What a session only tells the shape of when it has
/// run is lent by it, and copied here.
class BatchOutput {
 public:
  /// `runs` are the sizes that will run, in order.
  static Result<BatchOutput> make(const EngineModel& model, std::span<CompiledSize* const> runs,
                                  BufferPool& pool);

  /// What to hand to the session's run() that computes these rows.
  std::vector<TensorView> views_for(const CompiledSize& size, RowRange range) const;
  /// After that run, with what it left in them.
  Status take(const CompiledSize& size, RowRange range, std::span<const TensorView> views);

  /// The member's rows of every configured output.
  Answer answer_for(const Member& member) const;

 private:
  /// One configured output of the whole batch.
  struct Block {
    DType dtype = DType::kF32;
    Shape item;                                    ///< as clients see it, without the batch axis
    size_t row_bytes = 0;                          ///< of the whole, where there is no batch axis
    std::optional<size_t> offset;                  ///< in the buffer; none where the session lends
    std::shared_ptr<std::vector<std::byte>> lent;  ///< copied from the sessions, row by row
  };

  explicit BatchOutput(const EngineModel& model) : model_(&model) {}
  Status take_lent(const OutputConfig& output, const CompiledSize& size, RowRange range,
                   const TensorView& view, Block& block) const;

  const EngineModel* model_;
  std::vector<Block> blocks_;  ///< in the configuration's order
  BufferPool::Buffer buffer_;
};

}  // namespace ridgeline::serve
