#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace ridgeline::serve::http {

enum class Coding { kIdentity, kGzip, kDeflate };

/// "gzip" and "deflate" in any case; the identity for "" and "identity". kUnsupported naming another coding.
Result<Coding> coding_from(std::string_view content_encoding);

/// The first coding of an Accept-Encoding header that is known here and not refused by q=0; else the
/// identity.
Coding best_coding(std::string_view accept_encoding);

/// What a Content-Encoding header says of it; empty for the identity.
std::string_view name_of(Coding coding);

struct Unpacked {
  std::shared_ptr<const void> owner;
  std::span<const std::byte> bytes;
};

/// `packed` in gzip or zlib form. kInvalidArgument for a broken stream and for one that grows past
/// `most_bytes`.
Result<Unpacked> unpack(Coding coding, std::span<const std::byte> packed, size_t most_bytes);

/// The parts, one after the other, as one stream.
std::string pack(Coding coding, std::span<const std::span<const std::byte>> parts);

}  // namespace ridgeline::serve::http
