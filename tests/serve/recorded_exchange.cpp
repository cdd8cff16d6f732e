#include "recorded_exchange.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "raw_client.h"
#include "wire/recorded.h"

namespace ridgeline::serve {
namespace {

std::string request_of(const wire::RecordedCase& recorded) {
  std::string text = recorded.method + " " + recorded.path + " HTTP/1.1\r\nHost: x\r\n";
  if (recorded.header_length) text += "Inference-Header-Content-Length: " + *recorded.header_length + "\r\n";
  if (!recorded.request.empty() || recorded.method == "POST")
    text += "Content-Length: " + std::to_string(recorded.request.size()) + "\r\n";
  return text + "\r\n" + recorded.request;
}

std::string read_chunks(RawClient& client) {
  std::string body;
  while (true) {
    const std::string length = client.read_until("\r\n");
    const size_t size = length.empty() ? 0 : std::stoul(length, nullptr, 16);
    body += client.read_bytes(size);
    client.read_bytes(2);
    if (size == 0) return body;
  }
}

}  // namespace

std::vector<RecordedExchange> recorded_exchanges() {
  const Json entries = read_json(SERVE_TEST_DATA "/recorded/http.json").value();
  std::map<std::string, wire::RecordedCase> cases;
  for (wire::RecordedCase& recorded : wire::recorded_cases()) cases.emplace(recorded.name, recorded);
  std::vector<RecordedExchange> exchanges;
  for (const Json& entry : entries) {
    RecordedExchange exchange{.name = entry["name"], .content_type = entry["content_type"]};
    if (entry.contains("request")) {
      exchange.request = wire::bytes_from(entry["request"]);
      exchange.status = entry["status"];
      if (entry.contains("response")) exchange.response = wire::bytes_from(entry["response"]);
    } else {
      const wire::RecordedCase& recorded = cases.at(exchange.name);
      exchange.request = request_of(recorded);
      exchange.status = recorded.status;
      exchange.header_length = recorded.response_header_length;
      exchange.response = recorded.response;
    }
    exchanges.push_back(std::move(exchange));
  }
  return exchanges;
}

std::string HttpAnswer::value_of(const std::string& name) const {
  const std::string begin = "\r\n" + name + ": ";
  const size_t at = header.find(begin);
  if (at == std::string::npos) return "";
  const size_t from = at + begin.size();
  return header.substr(from, header.find("\r\n", from) - from);
}

HttpAnswer exchange(uint16_t port, const std::string& request) {
  RawClient client(port);
  EXPECT_TRUE(client.is_connected());
  client.send(request);
  HttpAnswer answer;
  do answer.header = client.read_until("\r\n\r\n");
  while (answer.header.starts_with("HTTP/1.1 100"));
  if (answer.header.size() < 12) return answer;
  answer.status = std::stoi(answer.header.substr(9, 3));
  const std::string length = answer.value_of("Content-Length");
  answer.body = length.empty() ? read_chunks(client) : client.read_bytes(std::stoul(length));
  return answer;
}

}  // namespace ridgeline::serve
