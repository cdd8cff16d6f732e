#include "serve/http/compression.h"

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <charconv>
#include <vector>
#include <zlib.h>

#include "base/text.h"

namespace ridgeline::serve::http {
namespace {

constexpr int kGzipWindow = 15 + 16;  // zlib's way to ask for gzip's frame
constexpr int kAnyWindow = 15 + 32;   // gzip's or zlib's frame, by its first bytes
constexpr int kMemoryLevel = 8;       // zlib's default
constexpr size_t kLeastRoom = 16 << 10;

/// Ends the stream whatever happens.
template <int (*End)(z_stream*)>
struct Stream {
  z_stream zlib{};
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream() { End(&zlib); }
};

Bytef* input_of(std::span<const std::byte> bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));  // zlib reads it only
}

std::string_view trimmed(std::string_view text) {
  const size_t first = std::min(text.find_first_not_of(" \t"), text.size());
  const size_t last = text.find_last_not_of(" \t") + 1;  // npos + 1 is 0
  return first < last ? text.substr(first, last - first) : std::string_view();
}

bool is_same(std::string_view one, std::string_view other) {
  return boost::beast::iequals({one.data(), one.size()}, {other.data(), other.size()});
}

bool is_refused(std::string_view parameters) {
  const size_t at = parameters.find("q=");
  if (at == std::string_view::npos) return false;
  double quality = 1;
  const std::string_view number = parameters.substr(at + 2);
  std::from_chars(number.data(), number.data() + number.size(), quality);
  return quality == 0;
}

}  // namespace

std::string_view name_of(Coding coding) {
  switch (coding) {
    case Coding::kGzip:
      return "gzip";
    case Coding::kDeflate:
      return "deflate";
    case Coding::kIdentity:
      break;
  }
  return "";
}

Result<Coding> coding_from(std::string_view content_encoding) {
  const std::string_view name = trimmed(content_encoding);
  if (name.empty() || is_same(name, "identity")) return Coding::kIdentity;
  for (const Coding coding : {Coding::kGzip, Coding::kDeflate})
    if (is_same(name, name_of(coding))) return coding;
  return unsupported("Content-Encoding '{}' is not known here: send gzip, deflate or neither", name);
}

Coding best_coding(std::string_view accept_encoding) {
  for (const std::string_view item : split(accept_encoding, ',')) {
    const size_t end = std::min(item.find(';'), item.size());
    const auto coding = coding_from(item.substr(0, end));
    if (coding.ok() && *coding != Coding::kIdentity && !is_refused(item.substr(end))) return *coding;
  }
  return Coding::kIdentity;
}

Result<Unpacked> unpack(Coding coding, std::span<const std::byte> packed, size_t most_bytes) {
  Stream<inflateEnd> stream;
  if (inflateInit2(&stream.zlib, kAnyWindow) != Z_OK)
    return out_of_memory("no memory to unpack a request's body");
  auto bytes = std::make_shared<std::vector<std::byte>>();
  stream.zlib.next_in = input_of(packed);
  stream.zlib.avail_in = static_cast<uInt>(packed.size());
  int state = Z_OK;
  while (state == Z_OK) {
    const size_t had = bytes->size();
    if (had > most_bytes)
      return invalid_argument("the request's body unpacks to more than {} bytes", most_bytes);
    bytes->resize(std::min(std::max(had * 2, kLeastRoom), most_bytes + 1));
    stream.zlib.next_out = reinterpret_cast<Bytef*>(bytes->data() + had);
    stream.zlib.avail_out = static_cast<uInt>(bytes->size() - had);
    state = inflate(&stream.zlib, Z_NO_FLUSH);
    bytes->resize(bytes->size() - stream.zlib.avail_out);
  }
  if (state != Z_STREAM_END)
    return invalid_argument("the request's body is not whole {} data", name_of(coding));
  const std::span<const std::byte> view(*bytes);
  return Unpacked{.owner = std::move(bytes), .bytes = view};
}

std::string pack(Coding coding, std::span<const std::span<const std::byte>> parts) {
  Stream<deflateEnd> stream;
  const int window = coding == Coding::kGzip ? kGzipWindow : MAX_WBITS;
  deflateInit2(&stream.zlib, Z_BEST_SPEED, Z_DEFLATED, window, kMemoryLevel, Z_DEFAULT_STRATEGY);
  size_t total = 0;
  for (const auto& part : parts) total += part.size();
  std::string packed(deflateBound(&stream.zlib, total), '\0');
  stream.zlib.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.zlib.avail_out = static_cast<uInt>(packed.size());
  for (const auto& part : parts) {
    stream.zlib.next_in = input_of(part);
    stream.zlib.avail_in = static_cast<uInt>(part.size());
    deflate(&stream.zlib, Z_NO_FLUSH);
  }
  deflate(&stream.zlib, Z_FINISH);
  packed.resize(packed.size() - stream.zlib.avail_out);
  return packed;
}

}  // namespace ridgeline::serve::http
