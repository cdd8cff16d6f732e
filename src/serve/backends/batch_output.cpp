#include "serve/backends/batch_output.h"

#include <algorithm>

#include "serve/config/tensor_rules.h"

namespace ridgeline::serve {
namespace {

bool is_static(const ValueInfo& value) { return value.type.shape && value.type.shape->is_static(); }

size_t row_bytes_of(DType dtype, std::span<const int64_t> dims) {
  return static_cast<size_t>(Shape(std::vector<int64_t>(dims.begin(), dims.end())).element_count()) *
         size_of(dtype);
}

size_t padded(size_t bytes) { return (bytes + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment; }

}  // namespace

Result<BatchOutput> BatchOutput::make(const EngineModel& model, std::span<CompiledSize* const> runs,
                                      BufferPool& pool) {
  size_t rows = 0;  // of all runs, padding included
  for (const CompiledSize* size : runs) rows += static_cast<size_t>(size->rows);
  BatchOutput output(model);
  size_t total = 0;
  for (size_t i = 0; i < model.config.outputs.size(); ++i) {
    const CompiledSize& size = *runs.front();
    const ValueInfo& value = size.session->signature().outputs[size.order.output_of[i]];
    Block block{.dtype = value.type.dtype};
    if (is_static(value)) {
      const std::span<const int64_t> dims = item_dims(*value.type.shape, model.batched());
      block.item = as_client_sees(model.config.outputs[i], dims);
      block.row_bytes = row_bytes_of(block.dtype, dims);
      block.offset = total;
      total += padded(block.row_bytes * rows);
    } else {
      block.lent = std::make_shared<std::vector<std::byte>>();
    }
    output.blocks_.push_back(std::move(block));
  }
  ASSIGN_OR_RETURN(output.buffer_, pool.take(total));
  return output;
}

std::vector<TensorView> BatchOutput::views_for(const CompiledSize& size, RowRange range) const {
  const Signature& signature = size.session->signature();
  std::vector<TensorView> views;
  for (const ValueInfo& value : signature.outputs)
    views.push_back({value.type.dtype, value.type.shape.value_or(Shape()), nullptr});
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    if (!block.offset) continue;
    views[size.order.output_of[i]].data =
        buffer_.bytes.data() + *block.offset + static_cast<size_t>(range.first) * block.row_bytes;
  }
  return views;
}

Status BatchOutput::take(const CompiledSize& size, RowRange range, std::span<const TensorView> views) {
  for (size_t i = 0; i < blocks_.size(); ++i)
    if (blocks_[i].lent)
      RETURN_IF_ERROR(
          take_lent(model_->config.outputs[i], size, range, views[size.order.output_of[i]], blocks_[i]));
  return {};
}

Status BatchOutput::take_lent(const OutputConfig& output, const CompiledSize& size, RowRange range,
                              const TensorView& view, Block& block) const {
  RETURN_IF_ERROR(check_output(model_->config, output,
                               {.name = output.name, .type = {view.dtype, view.shape}, .dim_names = {}},
                               size.rows));
  const std::span<const int64_t> dims = item_dims(view.shape, model_->batched());
  Shape item = as_client_sees(output, dims);
  if (range.first > 0 && item != block.item)
    return internal_error("its output '{}' has dims {} for some requests of a batch and {} for others",
                          output.name, dims_text(block.item.dims()), dims_text(item.dims()));
  block.item = std::move(item);
  block.row_bytes = row_bytes_of(view.dtype, dims);
  const size_t rows = model_->batched() ? static_cast<size_t>(range.count) : 1;
  block.lent->insert(block.lent->end(), view.data, view.data + rows * block.row_bytes);
  return {};
}

Answer BatchOutput::answer_for(const Member& member) const {
  Answer answer;
  const size_t first = model_->batched() ? static_cast<size_t>(member.first_row) : 0;
  const size_t rows = model_->batched() ? static_cast<size_t>(member.rows) : 1;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = blocks_[i];
    const std::span<const std::byte> all =
        block.lent ? std::span<const std::byte>(*block.lent) : std::span<const std::byte>(buffer_.bytes);
    const size_t begin = block.offset.value_or(0) + first * block.row_bytes;
    answer.response.outputs.push_back({.name = model_->config.outputs[i].name,
                                       .datatype = block.dtype,
                                       .shape = with_rows(block.item, member.rows, model_->batched()),
                                       .data = all.subspan(begin, rows * block.row_bytes)});
    if (block.lent) answer.keep_alive.push_back(block.lent);
  }
  answer.keep_alive.push_back(buffer_.owner);
  return answer;
}

}  // namespace ridgeline::serve
