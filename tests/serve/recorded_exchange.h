#pragma once

#include <optional>
#include <string>
#include <vector>

namespace ridgeline::serve {

/// A request that a Triton 2.51 server was sent, byte for byte, and what it answered; in the order of the
/// recording. Bodies that are also the codec's lie with its cases (tests/wire/data).
struct RecordedExchange {
  std::string name;
  std::string request;
  int status = 0;
  std::string content_type;
  std::optional<size_t> header_length;  ///< of the answer
  std::optional<std::string> response;  ///< none: only what is above is held
};

std::vector<RecordedExchange> recorded_exchanges();

/// An HTTP answer, its chunks joined.
struct HttpAnswer {
  int status = 0;
  std::string header;  ///< all lines
  std::string body;

  /// The value of a header line; empty where there is none.
  std::string value_of(const std::string& name) const;
};

/// Sends the bytes to 127.0.0.1 and reads the answer to the last of them.
HttpAnswer exchange(uint16_t port, const std::string& request);

}  // namespace ridgeline::serve
