#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ridgeline::serve::http {

/// A whole request. Immutable but for client_has_gone(); any thread may read it.
class Request {
 public:
  virtual ~Request() = default;
  virtual std::string_view method() const = 0;  ///< "GET"
  virtual std::string_view target() const = 0;  ///< path and query, as sent
  /// The first header of that name, in any case; empty when there is none.
  virtual std::string_view header(std::string_view name) const = 0;
  /// The same of a header that counts only where there is one of it; empty where there are several.
  virtual std::string_view only_header(std::string_view name) const = 0;
  virtual std::span<const std::byte> body() const = 0;
  /// True once the connection is closed: the work is for nobody.
  virtual bool client_has_gone() const = 0;
};

struct Response {
  int status = 200;
  std::string content_type;                                  ///< empty: no such header
  std::vector<std::pair<std::string, std::string>> headers;  ///< further ones; lengths are the server's work
  std::string head;                                          ///< the body's first part
  std::vector<std::span<const std::byte>> parts;             ///< the others, in order
  std::shared_ptr<const void> keep_alive;                    ///< owns what `parts` point to
  /// The body goes on with the head and parts of another response: it is sent in chunks.
  bool unfinished = false;
  /// Called on the connection's thread before anything else is looked at: work that the thread which has the
  /// answer shall not do.
  std::function<void(Response&)> complete;
};

/// To be called once, from any thread, also after the server has gone; after an unfinished response again, by
/// one thread at a time. A reply that is dropped before its last response closes the connection.
using Reply = std::function<void(Response)>;

/// Called on a server's thread, which serves other connections too: must not block. The request's memory
/// lives as long as the pointer is held.
using Handler = std::function<void(std::shared_ptr<const Request>, Reply)>;

}  // namespace ridgeline::serve::http
