#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "serve/process/arena.h"
#include "serve/process/pack.h"
#include "wire/infer.h"

/// Tensors between processes: their bytes in a block of an arena, their description in a frame.
namespace ridgeline::serve {

/// Of a batch's tensors in one block, where each begins; its size last.
class BlockPlan {
 public:
  /// Where a tensor of that many bytes goes, at a multiple of `alignment`, a power of two.
  uint64_t add(uint64_t bytes, uint64_t alignment = kBlockAlignment);
  uint64_t bytes() const { return bytes_; }

 private:
  uint64_t bytes_ = 0;
};

/// Name, datatype, dims (`shape` in place of its own), place in its block, size.
template <typename Tensor>
void pack_tensor(Packer& packer, const Tensor& tensor, const Shape& shape, uint64_t offset) {
  packer.put_text(tensor.name);
  packer.put(static_cast<uint8_t>(tensor.datatype));
  packer.put(static_cast<uint8_t>(shape.rank()));
  for (const int64_t dim : shape) packer.put(dim);
  packer.put(offset);
  packer.put(static_cast<uint64_t>(tensor.data.size()));
}

/// Tensors that a child has written, and what keeps their bytes.
struct ReceivedTensors {
  std::vector<wire::OutputTensor> tensors;
  std::vector<std::shared_ptr<const void>> keep_alive;
};

/// A count, and that many tensors that lie in `block` (null: there is none, and so no tensor with bytes). All
/// is checked; BYTES are copied, since the child could change their lengths after they were looked at.
/// kInvalidArgument with the reason.
Result<ReceivedTensors> take_tensors(Unpacker& unpacker, const std::shared_ptr<const PeerBlock>& block);

}  // namespace ridgeline::serve
