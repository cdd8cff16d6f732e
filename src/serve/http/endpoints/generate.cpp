#include "wire/http/generate.h"

#include <optional>
#include <utility>

#include "serve/http/endpoints/infer.h"
#include "serve/http/response_text.h"
#include "wire/http/infer_response.h"

namespace ridgeline::serve::http {
namespace {

Result<std::string> encode(const Result<Answer>& answer) {
  if (!answer.ok()) return answer.status();
  return wire::http::encode_generate_response(answer->response);
}

/// Waits for the end, to be sure that there is one answer.
class OneAnswerClient final : public Client {
 public:
  explicit OneAnswerClient(Exchange& exchange)
      : request_(exchange.request), reply_(std::move(exchange.reply)) {}

  void answer(Result<Answer> answer) override {
    const Result<std::string> text = encode(answer);
    response_ = ++answers_ > 1 ? not_one() : text.ok() ? json_response(*text) : response_of(text.status());
  }
  void end() override { reply_(answers_ == 0 ? not_one() : std::move(response_)); }
  bool has_gone() const override { return request_->client_has_gone(); }

 private:
  static Response not_one() {
    return response_of(
        internal_error("generate expects model to produce exactly 1 response, use generate stream for model "
                       "that generates various number of responses"));
  }

  std::shared_ptr<const Request> request_;
  Reply reply_;
  int answers_ = 0;
  Response response_;
};

/// An error before the first answer has a status of its own; later ones are events.
class StreamClient final : public Client {
 public:
  explicit StreamClient(Exchange& exchange) : request_(exchange.request), reply_(std::move(exchange.reply)) {}

  void answer(Result<Answer> answer) override {
    const Result<std::string> text = encode(answer);
    if (text.ok()) return send(wire::http::server_sent_event(*text), true);
    const Status error = text.status();
    if (has_begun_)
      return send(wire::http::server_sent_event(wire::http::encode_error(error.message())), true);
    if (reply_) std::exchange(reply_, {})(response_of(error));
  }
  void end() override {
    send("", false);
    reply_ = {};
  }
  bool has_gone() const override { return request_->client_has_gone(); }

 private:
  void send(std::string text, bool unfinished) {
    if (!reply_) return;
    Response response;
    response.content_type = "text/event-stream; charset=utf-8";
    response.head = std::move(text);
    response.unfinished = unfinished;
    has_begun_ = true;
    reply_(std::move(response));
  }

  std::shared_ptr<const Request> request_;
  Reply reply_;
  bool has_begun_ = false;
};

template <typename Waiting>
Status start(Exchange& exchange, Service& service, size_t input_bytes) {
  ASSIGN_OR_RETURN(const auto model, service.find(exchange.model(), exchange.version()));
  ASSIGN_OR_RETURN(Body body, body_of(exchange.request, input_bytes));
  const wire::http::InferBody encoded{
      .model = exchange.route.model, .version = exchange.route.version, .bytes = body.bytes};
  ASSIGN_OR_RETURN(
      wire::InferRequest request,
      wire::http::decode_generate_request(encoded, model->signature(), {.tensor_bytes = input_bytes}));
  request.keep_alive.push_back(std::move(body.owner));
  model->infer({.request = std::move(request),
                .client = std::make_shared<Waiting>(exchange),
                .received = exchange.received,
                .trace = exchange.trace()});
  return {};
}

}  // namespace

void generate(Exchange& exchange, Service& service, size_t input_bytes) {
  const Status started = start<OneAnswerClient>(exchange, service, input_bytes);
  if (!started.ok()) exchange.reply(response_of(started));
}

void generate_stream(Exchange& exchange, Service& service, size_t input_bytes) {
  const Status started = start<StreamClient>(exchange, service, input_bytes);
  if (!started.ok()) exchange.reply(response_of(started));
}

}  // namespace ridgeline::serve::http
