#include "serve/core/sequence_inputs.h"

#include <algorithm>
#include <cstring>

#include "base/file.h"
#include "serve/core/filler.h"
#include "wire/bytes.h"
#include "wire/datatype.h"

namespace ridgeline::serve {
namespace {

template <typename T>
std::vector<std::byte> bytes_of(T value) {
  std::vector<std::byte> bytes(sizeof(T));
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

/// The correlation id in the datatype that the configuration wants: numbers are cut to its size, as in
/// Triton.
std::vector<std::byte> id_bytes(const CorrelationId& id, DType datatype) {
  if (datatype == DType::kString) {
    std::vector<std::byte> text;
    const auto* name = std::get_if<std::string>(&id);
    wire::append_string(text, name != nullptr ? *name : std::to_string(std::get<uint64_t>(id)));
    return text;
  }
  const auto* number = std::get_if<uint64_t>(&id);
  std::vector<std::byte> bytes = bytes_of(number != nullptr ? *number : uint64_t{0});
  bytes.resize(size_of(datatype));  // little-endian: the low bytes
  return bytes;
}

struct Value {
  DType datatype = DType::kF32;
  std::vector<std::byte> bytes;
};

bool is_set(ControlKind kind, const SequenceRow& row) {
  switch (kind) {
    case ControlKind::kStart:
      return row.start;
    case ControlKind::kEnd:
      return row.end;
    default:
      return row.ready;
  }
}

Value value_of(const SequenceControl& control, const SequenceRow& row) {
  if (control.kind == ControlKind::kCorrelationId) {
    const DType datatype = control.datatype.value_or(DType::kU64);
    return {datatype, id_bytes(row.sequence, datatype)};
  }
  const size_t which = is_set(control.kind, row) ? 1 : 0;
  if (control.int32_false_true.size() == 2) return {DType::kI32, bytes_of(control.int32_false_true[which])};
  if (control.fp32_false_true.size() == 2) return {DType::kF32, bytes_of(control.fp32_false_true[which])};
  const bool flag = control.bool_false_true.size() == 2 ? control.bool_false_true[which] : which == 1;
  return {DType::kBool, bytes_of(static_cast<uint8_t>(flag))};
}

/// A dimension that may have any size begins as 1, as in Triton.
Shape initial_shape(const std::vector<int64_t>& dims, bool batched) {
  Shape shape;
  if (batched) shape.dims().push_back(1);
  for (const int64_t dim : dims) shape.dims().push_back(std::max<int64_t>(dim, dim < 0 ? 1 : 0));
  return shape;
}

}  // namespace

SequenceInputs::SequenceInputs(const ModelConfig& config)
    : config_(config), sequences_(&std::get<SequenceBatching>(config_.scheduling)) {}

Result<std::shared_ptr<SequenceInputs>> SequenceInputs::make(const ModelConfig& config,
                                                             const std::string& model_path) {
  auto inputs = std::make_shared<SequenceInputs>(config);
  RETURN_IF_ERROR(inputs->read_initial(model_path));
  return inputs;
}

Status SequenceInputs::read_initial(const std::string& model_path) {
  for (const SequenceState& state : sequences_->states) {
    const InitialState* const initial =
        state.initial_states.empty() ? nullptr : &state.initial_states.front();
    const DType datatype = state.datatype.value_or(DType::kF32);
    const Shape shape =
        initial_shape(initial != nullptr ? initial->dims : state.dims, config_.max_batch_size > 0);
    ASSIGN_OR_RETURN(std::vector<std::byte> bytes, zero_bytes(datatype, shape));
    if (initial != nullptr && !initial->data_file.empty()) {
      const std::string file = fmt::format("{}/initial_state/{}", model_path, initial->data_file);
      ASSIGN_OR_RETURN(const std::string content, read_file(file));
      if (datatype != DType::kString && content.size() != bytes.size())
        return invalid_argument("{}: has {} bytes, but state '{}' of shape {} needs {}", file, content.size(),
                                state.input_name, wire::bracketed(shape), bytes.size());
      bytes.resize(content.size());
      std::memcpy(bytes.data(), content.data(), content.size());
    }
    const auto owned = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
    initial_[state.output_name] = {{state.output_name, datatype, shape, *owned}, owned};
  }
  return {};
}

void SequenceInputs::complete(const std::shared_ptr<SequenceInputs>& self, Request& request, size_t instance,
                              const SequenceRow& row) {
  add_controls(request.mutable_request(), row);
  if (sequences_->states.empty()) return;
  const Seat seat = {instance, row.slot};
  add_states(request.mutable_request(), seat, row.start);
  request.inspect([self, seat](Answer& answer) { self->keep_states(answer, seat); });
}

void SequenceInputs::add_controls(wire::InferRequest& request, const SequenceRow& row) const {
  const Shape shape = config_.max_batch_size > 0 ? Shape{1, 1} : Shape{1};
  for (const ControlInput& input : sequences_->control_inputs) {
    if (input.controls.empty()) continue;
    Value value = value_of(input.controls.front(), row);
    const auto data = wire::keep(std::move(value.bytes), request);
    request.inputs.push_back({.name = input.name, .datatype = value.datatype, .shape = shape, .data = data});
  }
}

void SequenceInputs::add_states(wire::InferRequest& request, const Seat& seat, bool start) {
  States states;
  {
    const std::lock_guard lock(mutex_);
    States& held = states_.try_emplace(seat, initial_).first->second;
    if (start) held = initial_;
    states = held;
  }
  if (request.outputs.empty())
    for (const OutputConfig& output : config_.outputs) request.outputs.push_back({.name = output.name});
  for (const SequenceState& state : sequences_->states) {
    const State& held = states.at(state.output_name);
    request.inputs.push_back({.name = state.input_name,
                              .datatype = held.tensor.datatype,
                              .shape = held.tensor.shape,
                              .data = held.tensor.data});
    request.keep_alive.push_back(held.owner);
    request.outputs.push_back({.name = state.output_name});
  }
}

void SequenceInputs::keep_states(Answer& answer, const Seat& seat) {
  const std::lock_guard lock(mutex_);
  auto& outputs = answer.response.outputs;
  for (auto& [name, state] : states_.at(seat)) {
    const auto made = std::ranges::find(outputs, name, &wire::OutputTensor::name);
    if (made == outputs.end()) continue;
    // A copy: the backend's memory may be a whole batch.
    auto bytes = std::make_shared<const std::vector<std::byte>>(made->data.begin(), made->data.end());
    state = {*made, bytes};
    state.tensor.data = *bytes;
    const bool wanted =
        std::ranges::find(config_.outputs, name, &OutputConfig::name) != config_.outputs.end();
    if (!wanted) outputs.erase(made);
  }
}

std::shared_ptr<Job> SequenceInputs::padding(const wire::InferRequest& like) const {
  wire::InferRequest request{.model = like.model, .version = like.version, .outputs = like.outputs};
  const SequenceRow nobody;
  for (const wire::InputTensor& input : like.inputs) {
    const auto is_control = [&](const ControlInput& control) { return control.name == input.name; };
    if (std::ranges::any_of(sequences_->control_inputs, is_control)) continue;
    wire::InputTensor empty = input;
    const Result<std::vector<std::byte>> bytes = zero_bytes(input.datatype, input.shape);
    empty.data = bytes.ok() ? wire::keep(*bytes, request) : std::span<const std::byte>();
    request.inputs.push_back(std::move(empty));
  }
  add_controls(request, nobody);
  return std::make_shared<FillerJob>(std::move(request), 1);
}

}  // namespace ridgeline::serve
