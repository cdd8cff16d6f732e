#include "serve/process/tensors.h"

#include <string>

#include "wire/bytes.h"
#include "wire/datatype.h"

namespace ridgeline::serve {
namespace {

constexpr uint8_t kLastDatatype = static_cast<uint8_t>(DType::kString);

/// BYTES of which nobody else can change the lengths.
Result<std::span<const std::byte>> own_strings(const wire::OutputTensor& tensor,
                                               std::span<const std::byte> data,
                                               std::vector<std::shared_ptr<const void>>& keep_alive) {
  ASSIGN_OR_RETURN(const int64_t count, tensor.shape.checked_element_count(1));
  auto own = std::make_shared<const std::vector<std::byte>>(data.begin(), data.end());
  RETURN_IF_ERROR(wire::check_strings(*own, static_cast<uint64_t>(count), tensor.name));
  const std::span<const std::byte> bytes = *own;
  keep_alive.push_back(std::move(own));
  return bytes;
}

Result<wire::OutputTensor> take_tensor(Unpacker& unpacker, const std::shared_ptr<const PeerBlock>& block,
                                       std::vector<std::shared_ptr<const void>>& keep_alive) {
  wire::OutputTensor tensor{.name = std::string(unpacker.take_text())};
  const auto datatype = unpacker.take<uint8_t>();
  std::vector<int64_t> dims(unpacker.take<uint8_t>());
  for (int64_t& dim : dims) dim = unpacker.take<int64_t>();
  const auto offset = unpacker.take<uint64_t>();
  const auto size = unpacker.take<uint64_t>();
  if (!unpacker.ok()) return invalid_argument("a message about tensors is cut short");
  if (datatype > kLastDatatype)
    return invalid_argument("tensor '{}' has the unknown datatype {}", tensor.name, datatype);
  tensor.datatype = static_cast<DType>(datatype);
  tensor.shape = Shape(std::move(dims));
  const std::span<const std::byte> bytes = block ? block->bytes() : std::span<const std::byte>();
  if (offset > bytes.size() || size > bytes.size() - offset)
    return invalid_argument("tensor '{}' lies outside of its block", tensor.name);
  tensor.data = bytes.subspan(offset, size);
  if (tensor.datatype == DType::kString) {
    ASSIGN_OR_RETURN(tensor.data, own_strings(tensor, tensor.data, keep_alive));
    return tensor;
  }
  ASSIGN_OR_RETURN(const size_t expected, wire::tensor_byte_size(tensor.datatype, tensor.shape));
  if (size != expected)
    return invalid_argument("tensor '{}' has {} bytes; its shape {} needs {}", tensor.name, size,
                            wire::bracketed(tensor.shape), expected);
  return tensor;
}

}  // namespace

uint64_t BlockPlan::add(uint64_t bytes, uint64_t alignment) {
  const uint64_t offset = (bytes_ + alignment - 1) / alignment * alignment;
  bytes_ = offset + bytes;
  return offset;
}

Result<ReceivedTensors> take_tensors(Unpacker& unpacker, const std::shared_ptr<const PeerBlock>& block) {
  ReceivedTensors received;
  const auto count = unpacker.take<uint32_t>();
  for (uint32_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(wire::OutputTensor tensor, take_tensor(unpacker, block, received.keep_alive));
    received.tensors.push_back(std::move(tensor));
  }
  if (!unpacker.ok()) return invalid_argument("a message about tensors is cut short");
  if (block) received.keep_alive.push_back(block);
  return received;
}

}  // namespace ridgeline::serve
