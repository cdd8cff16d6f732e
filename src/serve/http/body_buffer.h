#pragma once

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/optional.hpp>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>

namespace ridgeline::serve::http {

/// Beast's Body concept over memory that is not zeroed first: pictures are large.
struct BodyBuffer {
  // NOLINTBEGIN(readability-identifier-naming): the concept's names
  struct value_type {
    std::shared_ptr<std::byte[]> memory;
    size_t size = 0;
    size_t capacity = 0;

    std::span<const std::byte> bytes() const { return {memory.get(), size}; }

    void reserve(size_t wanted) {
      if (wanted <= capacity) return;
      auto grown = std::make_shared_for_overwrite<std::byte[]>(wanted);
      if (size > 0) std::memcpy(grown.get(), memory.get(), size);
      memory = std::move(grown);
      capacity = wanted;
    }
  };

  class reader {
   public:
    template <bool is_request, typename Fields>
    reader(boost::beast::http::header<is_request, Fields>&, value_type& body) : body_(body) {}

    /// A client that only promises a large body gets memory as it sends.
    void init(const boost::optional<uint64_t>& length, boost::beast::error_code& error) {
      constexpr uint64_t kMostOnTrust = uint64_t{4} << 20;
      if (length) body_.reserve(static_cast<size_t>(std::min(*length, kMostOnTrust)));
      error = {};
    }

    template <typename Buffers>
    size_t put(const Buffers& buffers, boost::beast::error_code& error) {
      const size_t added = boost::asio::buffer_size(buffers);
      if (body_.size + added > body_.capacity)
        body_.reserve(std::max(body_.size + added, body_.capacity * 2));
      boost::asio::buffer_copy(boost::asio::buffer(body_.memory.get() + body_.size, added), buffers);
      body_.size += added;
      error = {};
      return added;
    }

    void finish(boost::beast::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
  // NOLINTEND(readability-identifier-naming)
};

}  // namespace ridgeline::serve::http
