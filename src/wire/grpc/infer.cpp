#include "wire/grpc/infer.h"

#include <algorithm>
#include <cstring>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>
#include <limits>
#include <utility>

#include "grpc_service.pb.h"
#include "wire/bytes.h"
#include "wire/datatype.h"
#include "wire/grpc/parameters.h"

namespace ridgeline::wire::grpc {
namespace {

using Message = inference::ModelInferRequest;
using Contents = inference::InferTensorContents;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

constexpr uint32_t kRawContentsTag =
    WireFormatLite::MakeTag(Message::kRawInputContentsFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
constexpr size_t kMostBytes = std::numeric_limits<int>::max();  // protobuf counts in int

/// Each value's low bytes: protocol buffers have no integers of 8 and 16 bits.
template <typename Values>
std::vector<std::byte> low_bytes(const Values& values, size_t bytes_each) {
  std::vector<std::byte> bytes(static_cast<size_t>(values.size()) * bytes_each);
  for (int i = 0; i < values.size(); ++i)
    std::memcpy(bytes.data() + static_cast<size_t>(i) * bytes_each, &values[i], bytes_each);
  return bytes;
}

/// Takes an input's typed contents: at most one list, of the datatype's kind.
class TypedContents {
 public:
  TypedContents(const Message& message, const Message::InferInputTensor& from, InputTensor& input,
                InferRequest& request)
      : message_(&message), from_(&from), input_(&input), request_(&request) {}

  Status take() {
    const Contents& contents = from_->contents();
    RETURN_IF_ERROR(take_list(contents.bool_contents(), DType::kBool));
    RETURN_IF_ERROR(take_narrow(contents.int_contents(), {DType::kI8, DType::kI16}, DType::kI32));
    RETURN_IF_ERROR(take_list(contents.int64_contents(), DType::kI64));
    RETURN_IF_ERROR(take_narrow(contents.uint_contents(), {DType::kU8, DType::kU16}, DType::kU32));
    RETURN_IF_ERROR(take_list(contents.uint64_contents(), DType::kU64));
    RETURN_IF_ERROR(take_list(contents.fp32_contents(), DType::kF32));
    RETURN_IF_ERROR(take_list(contents.fp64_contents(), DType::kF64));
    return take_strings(contents.bytes_contents());
  }

 private:
  bool is(DType dtype) const { return input_->datatype_known && input_->datatype == dtype; }

  Status check(DType dtype) const {
    if (!input_->data.empty())
      return invalid_argument(
          "unexpected explicit tensor data for input tensor '{}' for model '{}', binary data was already "
          "supplied.",
          from_->name(), message_->model_name());
    if (!is(dtype))
      return invalid_argument(
          "unexpected explicit tensor data for input tensor '{}' for model '{}' of type '{}', expected "
          "datatype "
          "'{}'",
          from_->name(), message_->model_name(), datatype_name(dtype),
          input_->datatype_known ? datatype_name(input_->datatype) : "<invalid>");
    return {};
  }

  template <typename Values>
  Status take_list(const Values& values, DType dtype) {
    if (values.empty()) return {};
    RETURN_IF_ERROR(check(dtype));
    input_->data = std::as_bytes(std::span(values.data(), static_cast<size_t>(values.size())));
    return {};
  }

  template <typename Values>
  Status take_narrow(const Values& values, std::initializer_list<DType> narrow, DType wide) {
    for (const DType dtype : narrow) {
      if (values.empty() || !is(dtype)) continue;
      RETURN_IF_ERROR(check(dtype));
      input_->data = keep(low_bytes(values, size_of(dtype)), *request_);
      return {};
    }
    return take_list(values, wide);
  }

  Status take_strings(const google::protobuf::RepeatedPtrField<std::string>& values) {
    if (values.empty()) return {};
    RETURN_IF_ERROR(check(DType::kString));
    std::vector<std::byte> bytes;
    for (const std::string& value : values) append_string(bytes, value);
    input_->data = keep(std::move(bytes), *request_);
    return {};
  }

  const Message* message_;
  const Message::InferInputTensor* from_;
  InputTensor* input_;
  InferRequest* request_;
};

/// Splits a message's bytes at its top-level fields: raw contents stay, all else is merged into a message.
class Splitter {
 public:
  explicit Splitter(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool split(Message& message, std::vector<std::span<const std::byte>>& raw_contents) {
    CodedInputStream fields(begin(), static_cast<int>(bytes_.size()));
    while (true) {
      const int field_begin = fields.CurrentPosition();
      const uint32_t tag = fields.ReadTag();
      if (tag == 0) return fields.ConsumedEntireMessage() && merge(field_begin, message);
      if (tag != kRawContentsTag) {
        if (!WireFormatLite::SkipField(&fields, tag)) return false;
        continue;
      }
      int length = 0;
      if (!fields.ReadVarintSizeAsInt(&length)) return false;
      const int at = fields.CurrentPosition();
      if (!merge(field_begin, message) || !fields.Skip(length)) return false;
      raw_contents.push_back(bytes_.subspan(static_cast<size_t>(at), static_cast<size_t>(length)));
      merged_ = fields.CurrentPosition();
    }
  }

 private:
  const uint8_t* begin() const { return reinterpret_cast<const uint8_t*>(bytes_.data()); }

  /// The fields between the last raw contents and `end`.
  bool merge(int end, Message& message) {
    if (end == merged_) return true;
    CodedInputStream fields(begin() + merged_, end - merged_);
    return message.MergePartialFromCodedStream(&fields) && fields.ConsumedEntireMessage();
  }

  std::span<const std::byte> bytes_;
  int merged_ = 0;  ///< all before it has been taken
};

/// Reads one message; keeps which raw contents no input has taken yet.
class Decoder {
 public:
  explicit Decoder(const ParsedRequest& parsed)
      : message_(parsed.message.get()), raw_contents_(parsed.raw_contents) {}

  Result<InferRequest> decode() {
    request_.model = message_->model_name();
    request_.version = message_->model_version();
    request_.id = message_->id();
    RETURN_IF_ERROR(read_parameters(*message_, request_));
    for (const auto& from : message_->inputs()) RETURN_IF_ERROR(read_input(from));
    for (const auto& from : message_->outputs()) {
      ASSIGN_OR_RETURN(RequestedOutput output, output_of(from));
      request_.outputs.push_back(std::move(output));
    }
    return std::move(request_);
  }

 private:
  Status read_input(const Message::InferInputTensor& from) {
    InputTensor input;
    input.name = from.name();
    const std::optional<DType> dtype = datatype_from_name(from.datatype());
    input.datatype_known = dtype.has_value();
    input.datatype = dtype.value_or(DType::kF32);
    input.shape = Shape({from.shape().begin(), from.shape().end()});
    ASSIGN_OR_RETURN(input.shared_memory, shared_memory_of(from.parameters(), from.name()));
    RETURN_IF_ERROR(read_data(from, input));
    request_.inputs.push_back(std::move(input));
    return {};
  }

  Status read_data(const Message::InferInputTensor& from, InputTensor& input) {
    const std::string& model = message_->model_name();
    if (input.shared_memory) {
      if (!from.has_contents()) return {};
      return invalid_argument(
          "unexpected 'content' provided when using shared memory for input tensor '{}' for model '{}'",
          from.name(), model);
    }
    if (from.has_contents()) {
      if (raw_contents_.empty()) return TypedContents(*message_, from, input, request_).take();
      return invalid_argument(
          "contents field must not be specified when using raw_input_contents for '{}' for model '{}'",
          from.name(), model);
    }
    if (next_raw_ == raw_contents_.size())
      return invalid_argument("unable to find data for input tensor '{}' for model '{}' in request.",
                              from.name(), model);
    input.data = raw_contents_[next_raw_++];
    return {};
  }

  const Message* message_;
  std::span<const std::span<const std::byte>> raw_contents_;
  size_t next_raw_ = 0;
  InferRequest request_;
};

/// All of the message but its raw contents.
std::string head_of(const InferResponse& response) {
  inference::ModelInferResponse message;
  message.set_model_name(response.model_name);
  message.set_model_version(response.model_version);
  message.set_id(response.id);
  for (const auto& [name, value] : response.parameters)
    message.mutable_parameters()->insert({name, message_of(value)});
  for (const OutputTensor& output : response.outputs) {
    auto& to = *message.add_outputs();
    to.set_name(output.name);
    to.set_datatype(std::string(datatype_name(output.datatype)));
    for (const int64_t dim : output.shape) to.add_shape(dim);
  }
  return message.SerializeAsString();
}

/// What stands before a field of so many bytes.
std::string framing_of(int field, size_t length) {
  std::string framing;
  StringOutputStream stream(&framing);
  CodedOutputStream coded(&stream);
  coded.WriteTag(WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
  coded.WriteVarint64(length);
  coded.Trim();
  return framing;
}

}  // namespace

Result<ParsedRequest> parse(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  auto message = std::make_shared<Message>();
  ParsedRequest parsed{.owner = std::move(owner)};
  if (bytes.size() > kMostBytes || !Splitter(bytes).split(*message, parsed.raw_contents))
    return invalid_argument("the bytes of the request are no inference.ModelInferRequest message");
  parsed.message = std::move(message);
  return parsed;
}

Result<InferRequest> decode(ParsedRequest parsed) {
  ASSIGN_OR_RETURN(InferRequest request, Decoder(parsed).decode());
  request.keep_alive.push_back(std::move(parsed.message));
  request.keep_alive.push_back(std::move(parsed.owner));
  return request;
}

std::vector<Piece> encode(const InferResponse& response) {
  std::vector<Piece> pieces;
  pieces.reserve(std::max<size_t>(response.outputs.size(), 1));
  std::string framing = head_of(response);
  for (const OutputTensor& output : response.outputs) {
    framing += framing_of(inference::ModelInferResponse::kRawOutputContentsFieldNumber, output.data.size());
    pieces.push_back({std::exchange(framing, {}), output.data});
  }
  if (pieces.empty()) pieces.push_back({std::move(framing), {}});
  return pieces;
}

std::vector<Piece> encode_streamed(const InferResponse& response) {
  std::vector<Piece> pieces = encode(response);
  size_t length = 0;
  for (const Piece& piece : pieces) length += piece.framing.size() + piece.tensor.size();
  pieces.front().framing.insert(
      0, framing_of(inference::ModelStreamInferResponse::kInferResponseFieldNumber, length));
  return pieces;
}

std::string encode_stream_error(std::string_view error, std::string_view request_id) {
  inference::ModelStreamInferResponse message;
  message.set_error_message(std::string(error));
  message.mutable_infer_response()->set_id(std::string(request_id));
  return message.SerializeAsString();
}

}  // namespace ridgeline::wire::grpc
