#include "serve/backends/batch_input.h"

#include <algorithm>

#include "wire/datatype.h"

namespace ridgeline::serve {
namespace {

bool is_aligned(std::span<const std::byte> bytes) {
  return reinterpret_cast<uintptr_t>(bytes.data()) % kTensorAlignment == 0;
}

/// The part of the member's bytes that lies in the range.
std::span<const std::byte> bytes_in(const Member& member, size_t input, RowRange range, size_t row_bytes) {
  const int64_t first = std::max(range.first, member.first_row);
  const int64_t end = std::min(range.end(), member.end_row());
  return member.inputs[input]->data.subspan(static_cast<size_t>(first - member.first_row) * row_bytes,
                                            static_cast<size_t>(end - first) * row_bytes);
}

/// All of the batch's bytes in the range, where they lie together in memory; else nothing.
std::span<const std::byte> bytes_together(std::span<const std::span<const std::byte>> parts) {
  if (parts.empty()) return {};
  const std::byte* const begin = parts.front().data();
  const std::byte* end = begin;
  for (const std::span<const std::byte> part : parts) {
    if (part.data() != end) return {};
    end += part.size();
  }
  return {begin, end};
}

}  // namespace

Result<Member> member_of(Job& job, const ModelConfig& config) {
  const bool batched = config.max_batch_size > 0;
  Member member{.job = &job, .rows = batched ? job.rows() : 1};
  for (const InputConfig& input : config.inputs) {
    const auto& given = job.request().inputs;
    const auto found = std::ranges::find(given, input.name, &wire::InputTensor::name);
    if (found == given.end())
      return invalid_argument(
          "input '{}' is missing: the model computes from all of its inputs, this one is "
          "configured as optional by mistake",
          input.name);
    if (found->datatype != input.datatype)
      return invalid_argument("input '{}' is {}, not {}", input.name, wire::datatype_name(found->datatype),
                              wire::datatype_name(input.datatype.value_or(DType::kF32)));
    ASSIGN_OR_RETURN(const size_t bytes, wire::tensor_byte_size(found->datatype, found->shape));
    const bool has_rows = !batched || (found->shape.rank() > 0 && found->shape[0] == member.rows);
    if (found->data.size() != bytes || !has_rows)
      return invalid_argument("input '{}' is {} in {} bytes, for {} rows", input.name,
                              wire::bracketed(found->shape), found->data.size(), member.rows);
    member.inputs.push_back(&*found);
  }
  return member;
}

bool alike(const Member& a, const Member& b, bool batched) {
  return std::ranges::equal(a.inputs, b.inputs, [&](const auto* x, const auto* y) {
    return std::ranges::equal(item_dims(x->shape, batched), item_dims(y->shape, batched));
  });
}

ItemShapes shapes_of(const Member& member, const ModelConfig& config) {
  ItemShapes shapes;
  for (size_t i = 0; i < config.inputs.size(); ++i)
    shapes.push_back(
        as_model_sees(config.inputs[i], item_dims(member.inputs[i]->shape, config.max_batch_size > 0)));
  return shapes;
}

TensorView gather(std::span<const Member> members, size_t input, RowRange range, const TensorView& arena) {
  std::vector<std::span<const std::byte>> parts;
  for (const Member& member : members) {
    if (member.end_row() <= range.first || member.first_row >= range.end()) continue;
    const wire::InputTensor& tensor = *member.inputs[input];
    const size_t row_bytes = tensor.data.size() / static_cast<size_t>(member.rows);
    parts.push_back(bytes_in(member, input, range, row_bytes));
  }
  const std::span<const std::byte> together = bytes_together(parts);
  // A session only reads its inputs.
  if (together.size() == arena.byte_size() && is_aligned(together) && is_float(arena.dtype))
    return {arena.dtype, arena.shape, const_cast<std::byte*>(together.data())};
  std::byte* to = arena.data;
  for (const std::span<const std::byte> part : parts) to = std::ranges::copy(part, to).out;
  return arena;
}

}  // namespace ridgeline::serve
