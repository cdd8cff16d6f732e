#pragma once

#include <array>
#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <memory>

#include "base/status.h"
#include "serve/http/server.h"

namespace ridgeline::serve::http {

/// A server's certificate and key, read again when their files change. One thread at a time.
class TlsContext {
 public:
  /// kInvalidArgument naming the file that can't be read or does not fit the other.
  static Result<std::unique_ptr<TlsContext>> load(const TlsFiles& files);

  /// For the next connection. Files that have become unreadable leave what was read before.
  std::shared_ptr<boost::asio::ssl::context> current();

 private:
  using Stamps = std::array<std::filesystem::file_time_type, 2>;

  explicit TlsContext(const TlsFiles& files) : files_(files) {}
  Stamps stamps() const;

  TlsFiles files_;
  Stamps read_at_{};
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace ridgeline::serve::http
