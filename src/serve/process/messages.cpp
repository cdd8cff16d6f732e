#include "serve/process/messages.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/json.h"
#include "serve/backends/model_tensors.h"
#include "serve/process/protocol.h"
#include "serve/process/tensors.h"

namespace ridgeline::serve {
namespace {

/// TritonError's codes in their order, then those that it lacks. UNKNOWN answers 400 over HTTP, as Triton's
/// does.
constexpr std::array kCodes = {ErrorCode::kInvalidArgument, ErrorCode::kInternal,    ErrorCode::kNotFound,
                               ErrorCode::kInvalidArgument, ErrorCode::kUnavailable, ErrorCode::kUnsupported,
                               ErrorCode::kAlreadyExists,   ErrorCode::kCancelled,   ErrorCode::kOutOfMemory,
                               ErrorCode::kTimeout};
constexpr uint8_t kTritonUnavailable = 4;
constexpr uint8_t kTritonLast = 7;

uint8_t number_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 3;
    case ErrorCode::kNotFound:
      return 2;
    case ErrorCode::kAlreadyExists:
      return 6;
    case ErrorCode::kUnsupported:
      return 5;
    case ErrorCode::kUnavailable:
      return kTritonUnavailable;
    case ErrorCode::kCancelled:
      return kTritonLast;
    case ErrorCode::kOutOfMemory:
      return 8;
    case ErrorCode::kTimeout:
      return 9;
    case ErrorCode::kInternal:
      break;
  }
  return 1;
}

std::string parameters_text(const wire::Parameters& parameters) {
  if (parameters.empty()) return {};
  Json document = Json::object();
  for (const auto& [name, parameter] : parameters)
    std::visit([&, key = &name](const auto& value) { document[*key] = value; }, parameter);
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<wire::Parameters> take_parameters(Unpacker& unpacker) {
  wire::Parameters parameters;
  const std::string_view text = unpacker.take_text();
  if (text.empty() || text == "{}") return parameters;
  ASSIGN_OR_RETURN(const Json document, parse_json(text, "a model's parameters"));
  if (!document.is_object()) return invalid_argument("a model's parameters are no object");
  for (const auto& [name, value] : document.items()) {
    if (value.is_boolean()) parameters.emplace_back(name, value.get<bool>());
    if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX})
      parameters.emplace_back(name, value.get<uint64_t>());
    else if (value.is_number_integer())
      parameters.emplace_back(name, value.get<int64_t>());
    if (value.is_number_float()) parameters.emplace_back(name, value.get<double>());
    if (value.is_string()) parameters.emplace_back(name, value.get<std::string>());
  }
  return parameters;
}

void pack_block(Packer& packer, const ArenaOwner::Block& block) {
  packer.put(block.offset);
  packer.put(static_cast<uint64_t>(block.bytes.size()));
  packer.put(uint8_t{1});
}

void pack_no_block(Packer& packer) {
  packer.put(uint64_t{0});
  packer.put(uint64_t{0});
  packer.put(uint8_t{0});
}

/// Null where there is none.
Result<std::shared_ptr<const PeerBlock>> take_block(Unpacker& unpacker, const std::shared_ptr<Arena>& arena) {
  const auto place = unpacker.take<uint64_t>();
  const auto bytes = unpacker.take<uint64_t>();
  const bool there = unpacker.take<uint8_t>() != 0;
  if (!unpacker.ok() || !there) return std::shared_ptr<const PeerBlock>();
  return PeerBlock::at(arena, place, bytes);
}

template <typename Tensor>
const TensorConfig* reshaped(const std::vector<Tensor>& tensors, std::string_view name) {
  const auto found = std::ranges::find(tensors, name, &Tensor::name);
  return found == tensors.end() || !found->reshape ? nullptr : &*found;
}

Shape shape_for_model(const ModelConfig& config, const wire::InputTensor& input) {
  const TensorConfig* tensor = reshaped(config.inputs, input.name);
  if (tensor == nullptr) return input.shape;
  const bool batched = config.max_batch_size > 0 && input.shape.rank() > 0;
  return with_rows(as_model_sees(*tensor, item_dims(input.shape, batched)), batched ? input.shape[0] : 1,
                   batched);
}

/// As it is where the model's shape is not the one that its configuration says.
Shape shape_for_client(const ModelConfig& config, const wire::OutputTensor& output) {
  const TensorConfig* tensor = reshaped(config.outputs, output.name);
  if (tensor == nullptr) return output.shape;
  const bool batched = config.max_batch_size > 0 && output.shape.rank() > 0;
  Shape shape = with_rows(as_client_sees(*tensor, item_dims(output.shape, batched)),
                          batched ? output.shape[0] : 1, batched);
  const Result<int64_t> count = shape.checked_element_count(1);
  return count.ok() && *count == output.shape.element_count() ? shape : output.shape;
}

/// Describes the tensors in their order, each in its shape of `shape_of`, and copies their bytes to where
/// `at` says.
template <typename Tensor, typename ShapeOf>
void pack_tensors(Packer& packer, const std::vector<Tensor>& tensors, const ShapeOf& shape_of,
                  std::span<const uint64_t> at, std::span<std::byte> block) {
  packer.put(static_cast<uint32_t>(tensors.size()));
  for (size_t i = 0; i < tensors.size(); ++i) {
    pack_tensor(packer, tensors[i], shape_of(tensors[i]), at[i]);
    if (!tensors[i].data.empty())
      std::memcpy(block.data() + at[i], tensors[i].data.data(), tensors[i].data.size());
  }
}

void pack_request(Packer& packer, const wire::InferRequest& request, uint64_t tag) {
  const uint32_t flags = (request.sequence.start ? kSequenceStart : 0) |
                         (request.sequence.end ? kSequenceEnd : 0) |
                         (request.outputs.empty() ? kAllOutputs : 0);
  const auto* number = std::get_if<uint64_t>(&request.sequence.id);
  const auto* name = std::get_if<std::string>(&request.sequence.id);
  packer.put(tag);
  packer.put(flags);
  packer.put(request.timeout_us);
  packer.put(number != nullptr ? *number : 0);
  packer.put(static_cast<uint8_t>(name != nullptr ? 1 : 0));
  packer.put_text(name != nullptr ? *name : "");
  packer.put_text(request.id);
  packer.put_text(parameters_text(request.parameters));
  packer.put(static_cast<uint32_t>(request.outputs.size()));
  for (const wire::RequestedOutput& output : request.outputs) packer.put_text(output.name);
}

/// What pack_request() has written.
Result<wire::InferRequest> take_request(Unpacker& unpacker) {
  wire::InferRequest request;
  unpacker.take<uint64_t>();  // the tag of a request that came from us
  const auto flags = unpacker.take<uint32_t>();
  request.timeout_us = unpacker.take<uint64_t>();
  const auto number = unpacker.take<uint64_t>();
  const bool named = unpacker.take<uint8_t>() != 0;
  const std::string name(unpacker.take_text());
  request.sequence.start = (flags & kSequenceStart) != 0;
  request.sequence.end = (flags & kSequenceEnd) != 0;
  if (named)
    request.sequence.id = name;
  else
    request.sequence.id = number;
  request.id = unpacker.take_text();
  ASSIGN_OR_RETURN(request.parameters, take_parameters(unpacker));
  const auto outputs = unpacker.take<uint32_t>();
  for (uint32_t i = 0; i < outputs && unpacker.ok(); ++i)
    request.outputs.push_back({.name = std::string(unpacker.take_text()), .binary = true});
  return request;
}

/// And the tensors behind it.
Status take_inputs(Unpacker& unpacker, const std::shared_ptr<const PeerBlock>& block,
                   wire::InferRequest& request) {
  ASSIGN_OR_RETURN(ReceivedTensors inputs, take_tensors(unpacker, block));
  for (wire::OutputTensor& tensor : inputs.tensors)
    request.inputs.push_back({.name = std::move(tensor.name),
                              .datatype = tensor.datatype,
                              .shape = std::move(tensor.shape),
                              .data = tensor.data});
  request.keep_alive = std::move(inputs.keep_alive);
  return {};
}

/// Where each request's inputs go, one request after the other.
std::vector<uint64_t> place_inputs(std::span<const std::shared_ptr<Job>> batch, BlockPlan& plan) {
  std::vector<std::span<const wire::InputTensor>> requests;
  std::vector<size_t> first = {0};
  for (const auto& job : batch) {
    requests.emplace_back(job->request().inputs);
    first.push_back(first.back() + requests.back().size());
  }
  std::vector<uint64_t> at(first.back());
  bool any = true;
  for (size_t input = 0; std::exchange(any, false); ++input)
    for (size_t i = 0; i < requests.size(); ++i) {
      if (input >= requests[i].size()) continue;
      const wire::InputTensor& tensor = requests[i][input];
      const bool follows = any && tensor.datatype != DType::kString;
      at[first[i] + input] =
          plan.add(tensor.data.size(), follows ? size_of(tensor.datatype) : kBlockAlignment);
      any = true;
    }
  return at;
}

void pack_error(Packer& packer, uint8_t number, std::string_view message) {
  packer.put(static_cast<uint8_t>(AnswerKind::kError));
  packer.put(number);
  packer.put_text(message);
}

/// `at`: where its outputs go in the block.
void pack_response(Packer& packer, const wire::InferResponse& response, std::span<const uint64_t> at,
                   const ArenaOwner::Block& block) {
  packer.put(static_cast<uint8_t>(AnswerKind::kTensors));
  packer.put_text(parameters_text(response.parameters));
  const auto shape_of = [](const wire::OutputTensor& output) { return output.shape; };
  pack_tensors(packer, response.outputs, shape_of, at, block.bytes);
}

Result<ModelAnswer> take_answer(Unpacker& unpacker, const ModelConfig& config,
                                const std::shared_ptr<const PeerBlock>& block) {
  const auto kind = unpacker.take<uint8_t>();
  if (!unpacker.ok()) return invalid_argument("a message of answers is cut short");
  switch (static_cast<AnswerKind>(kind)) {
    case AnswerKind::kNone:
      return ModelAnswer();
    case AnswerKind::kError: {
      const auto code = unpacker.take<uint8_t>();
      Status error(kCodes[std::min<size_t>(code, kCodes.size() - 1)], std::string(unpacker.take_text()));
      return ModelAnswer(std::move(error));
    }
    case AnswerKind::kTensors: {
      Answer answer;
      ASSIGN_OR_RETURN(answer.response.parameters, take_parameters(unpacker));
      ASSIGN_OR_RETURN(ReceivedTensors received, take_tensors(unpacker, block));
      for (wire::OutputTensor& output : received.tensors) output.shape = shape_for_client(config, output);
      answer.response.outputs = std::move(received.tensors);
      answer.keep_alive = std::move(received.keep_alive);
      return ModelAnswer(std::move(answer));
    }
  }
  return invalid_argument("a message has the unknown answer {}", kind);
}

}  // namespace

Result<PackedBatch> pack_batch(std::span<const std::shared_ptr<Job>> batch, const ModelConfig& config,
                               uint64_t first_tag, ArenaOwner& arena) {
  BlockPlan plan;
  const std::vector<uint64_t> at = place_inputs(batch, plan);
  PackedBatch packed;
  ASSIGN_OR_RETURN(packed.block, arena.allocate(plan.bytes()));
  pack_block(packed.body, packed.block);
  packed.body.put(static_cast<uint32_t>(batch.size()));
  size_t first = 0;
  for (const auto& job : batch) {
    const wire::InferRequest& request = job->request();
    pack_request(packed.body, request, first_tag++);
    const auto shape_of = [&](const wire::InputTensor& input) { return shape_for_model(config, input); };
    pack_tensors(packed.body, request.inputs, shape_of, std::span(at).subspan(first), packed.block.bytes);
    first += request.inputs.size();
  }
  return packed;
}

Result<std::vector<wire::InferRequest>> take_batch(std::span<const std::byte> body,
                                                   const std::shared_ptr<Arena>& arena) {
  Unpacker unpacker(body);
  ASSIGN_OR_RETURN(const std::shared_ptr<const PeerBlock> block, take_block(unpacker, arena));
  if (block) block->see();
  std::vector<wire::InferRequest> requests;
  const auto count = unpacker.take<uint32_t>();
  for (uint32_t i = 0; i < count && unpacker.ok(); ++i) {
    ASSIGN_OR_RETURN(wire::InferRequest request, take_request(unpacker));
    RETURN_IF_ERROR(take_inputs(unpacker, block, request));
    requests.push_back(std::move(request));
  }
  if (!unpacker.finished()) return invalid_argument("a batch has the wrong length");
  return requests;
}

Packer pack_failure(const Status& why) {
  Packer packer;
  packer.put_text(why.message());
  packer.put(number_of(why.code()));
  return packer;
}

Status take_failure(Unpacker& unpacker) {
  std::string text(unpacker.take_text());
  const auto number = unpacker.take<uint8_t>();
  return {unpacker.ok() && number < kCodes.size() ? kCodes[number] : ErrorCode::kInternal, std::move(text)};
}

Result<std::vector<ModelAnswer>> take_answers(Unpacker& unpacker, const ModelConfig& config,
                                              const std::shared_ptr<Arena>& arena) {
  ASSIGN_OR_RETURN(const std::shared_ptr<const PeerBlock> block, take_block(unpacker, arena));
  std::vector<ModelAnswer> answers;
  const auto count = unpacker.take<uint32_t>();
  for (uint32_t i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(ModelAnswer answer, take_answer(unpacker, config, block));
    answers.push_back(std::move(answer));
  }
  if (!unpacker.finished()) return invalid_argument("a message of answers has the wrong length");
  return answers;
}

Status pack_answers(Packer& packer, std::span<const Result<Answer>> answers, ArenaOwner& arena) {
  BlockPlan plan;
  std::vector<uint64_t> at;
  for (const Result<Answer>& answer : answers)
    if (answer.ok())
      for (const wire::OutputTensor& output : answer->response.outputs)
        at.push_back(plan.add(output.data.size()));
  ASSIGN_OR_RETURN(const ArenaOwner::Block block, arena.allocate(plan.bytes()));
  pack_block(packer, block);
  packer.put(static_cast<uint32_t>(answers.size()));
  size_t first = 0;
  for (const Result<Answer>& answer : answers) {
    if (!answer.ok()) {
      pack_error(packer, number_of(answer.status().code()), answer.status().message());
      continue;
    }
    pack_response(packer, answer->response, std::span(at).subspan(first), block);
    first += answer->response.outputs.size();
  }
  return {};
}

Result<ModelCall> take_call(std::span<const std::byte> body, const std::shared_ptr<Arena>& arena) {
  Unpacker unpacker(body);
  ASSIGN_OR_RETURN(const std::shared_ptr<const PeerBlock> block, take_block(unpacker, arena));
  const bool decoupled = unpacker.take<uint8_t>() != 0;
  std::string model(unpacker.take_text());
  const auto version = unpacker.take<int64_t>();
  ASSIGN_OR_RETURN(wire::InferRequest request, take_request(unpacker));
  request.model = std::move(model);
  if (version > 0) request.version = std::to_string(version);
  RETURN_IF_ERROR(take_inputs(unpacker, block, request));
  if (!unpacker.finished()) return invalid_argument("a model's request has the wrong length");
  return ModelCall{std::move(request), decoupled};
}

Result<ModelLoad> take_load(std::span<const std::byte> body, const std::shared_ptr<Arena>& arena) {
  Unpacker unpacker(body);
  ASSIGN_OR_RETURN(const std::shared_ptr<const PeerBlock> block, take_block(unpacker, arena));
  ModelLoad load{.name = std::string(unpacker.take_text()), .request = {}};
  if (const std::string_view config = unpacker.take_text(); !config.empty()) load.request.config = config;
  std::span<const std::byte> rest = block ? block->bytes() : std::span<const std::byte>();
  const auto count = unpacker.take<uint32_t>();
  for (uint32_t i = 0; i < count && unpacker.ok(); ++i) {
    std::string path(unpacker.take_text());
    const auto bytes = unpacker.take<uint64_t>();
    if (bytes > rest.size()) return invalid_argument("file '{}' of a model lies outside of its block", path);
    load.request.files.emplace_back(std::move(path),
                                    std::string(reinterpret_cast<const char*>(rest.data()), bytes));
    rest = rest.subspan(bytes);
  }
  if (!unpacker.finished()) return invalid_argument("a message about a model to load has the wrong length");
  return load;
}

Result<Packer> pack_call_answer(const Result<Answer>* answer, bool last, ArenaOwner& arena) {
  Packer packer;
  packer.put(static_cast<uint8_t>(last ? 1 : 0));
  if (answer == nullptr) {
    pack_no_block(packer);
    packer.put(static_cast<uint8_t>(AnswerKind::kNone));
    return packer;
  }
  if (!answer->ok()) {
    pack_no_block(packer);
    const uint8_t number = number_of(answer->status().code());
    pack_error(packer, number > kTritonLast ? kTritonUnavailable : number, answer->status().message());
    return packer;
  }
  const wire::InferResponse& response = answer->value().response;
  BlockPlan plan;
  std::vector<uint64_t> at;
  for (const wire::OutputTensor& output : response.outputs) at.push_back(plan.add(output.data.size()));
  ASSIGN_OR_RETURN(const ArenaOwner::Block block, arena.allocate(plan.bytes()));
  pack_block(packer, block);
  pack_response(packer, response, at, block);
  return packer;
}

}  // namespace ridgeline::serve
