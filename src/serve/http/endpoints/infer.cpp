#include "serve/http/endpoints/infer.h"

#include <utility>
#include <vector>

#include "serve/http/compression.h"
#include "wire/http/infer_request.h"
#include "wire/http/infer_response.h"

namespace ridgeline::serve::http {
namespace {

using wire::http::EncodedResponse;

/// Waits for the one answer, and owns it until it is sent.
class InferClient final : public Client, public std::enable_shared_from_this<InferClient> {
 public:
  InferClient(Exchange& exchange, const wire::InferRequest& request)
      : request_(exchange.request),
        reply_(std::move(exchange.reply)),
        outputs_(request.outputs),
        binary_output_(request.binary_output) {
    for (wire::RequestedOutput& output : outputs_) output.classification = 0;  // the answer holds the classes
  }

  /// Tensors are printed and packed by the connection's thread: this one is the model's.
  void answer(Result<Answer> answer) override {
    if (!reply_) return;
    Response response;
    if (!answer.ok()) {
      response = response_of(answer.status());
    } else {
      answer_ = std::move(*answer);
      response.complete = [self = shared_from_this()](Response& made) { self->complete(made); };
    }
    std::exchange(reply_, {})(std::move(response));
  }
  void end() override {}
  bool has_gone() const override { return request_->client_has_gone(); }

 private:
  void complete(Response& response) {
    Result<EncodedResponse> encoded = wire::http::encode_infer_response(
        answer_.response, {.outputs = outputs_, .binary_output = binary_output_});
    if (!encoded.ok()) {
      response = response_of(encoded.status());
      return;
    }
    encoded_ = std::move(*encoded);
    const bool is_binary = encoded_.binary();
    response.content_type = is_binary ? "application/octet-stream" : "application/json";
    if (is_binary)
      response.headers.emplace_back(wire::http::kHeaderLength, std::to_string(encoded_.head.size()));
    response.head = std::move(encoded_.head);
    response.parts = std::move(encoded_.tensors);
    response.keep_alive = shared_from_this();
    const Coding coding = best_coding(request_->header("Accept-Encoding"));
    if (coding != Coding::kIdentity) compress(coding, response);
  }

  static void compress(Coding coding, Response& response) {
    std::vector<std::span<const std::byte>> parts{std::as_bytes(std::span(response.head))};
    parts.insert(parts.end(), response.parts.begin(), response.parts.end());
    response.head = pack(coding, parts);
    response.parts.clear();
    response.headers.emplace_back("Content-Encoding", name_of(coding));
  }

  std::shared_ptr<const Request> request_;
  Reply reply_;
  std::vector<wire::RequestedOutput> outputs_;
  bool binary_output_;
  Answer answer_;
  EncodedResponse encoded_;
};

Result<wire::InferRequest> decode(const Exchange& exchange, const wire::ModelSignature& model,
                                  size_t input_bytes) {
  ASSIGN_OR_RETURN(Body body, body_of(exchange.request, input_bytes));
  wire::http::InferBody encoded{.model = exchange.route.model,
                                .version = exchange.route.version,
                                .bytes = body.bytes,
                                .header_length = body.bytes.size()};
  const std::string_view length = exchange.request->header(wire::http::kHeaderLength);
  if (!length.empty()) {
    ASSIGN_OR_RETURN(encoded.header_length, wire::http::parse_header_length(length, body.bytes.size()));
  }
  const bool is_raw = !length.empty() && encoded.header_length == 0;
  auto request = is_raw ? wire::http::decode_raw_infer_request(encoded, model)
                        : wire::http::decode_infer_request(encoded, {.tensor_bytes = input_bytes});
  if (request.ok()) request->keep_alive.push_back(std::move(body.owner));
  return request;
}

Status start(Exchange& exchange, Service& service, size_t input_bytes) {
  ASSIGN_OR_RETURN(const auto model, service.find(exchange.model(), exchange.version()));
  if (model->decoupled())
    return unsupported("HTTP end point doesn't support models with decoupled transaction policy");
  ASSIGN_OR_RETURN(wire::InferRequest request, decode(exchange, model->signature(), input_bytes));
  auto client = std::make_shared<InferClient>(exchange, request);
  model->infer({.request = std::move(request),
                .client = std::move(client),
                .received = exchange.received,
                .trace = exchange.trace()});
  return {};
}

}  // namespace

void infer(Exchange& exchange, Service& service, size_t input_bytes) {
  const Status started = start(exchange, service, input_bytes);
  if (!started.ok()) exchange.reply(response_of(started));
}

}  // namespace ridgeline::serve::http
