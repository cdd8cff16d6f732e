#include "serve/scheduling/content_hash.h"

#include <openssl/evp.h>

namespace ridgeline::serve {

struct ContentHash::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr);
}

ContentHash::~ContentHash() = default;

ContentHash& ContentHash::add(std::span<const std::byte> part) {
  add(static_cast<int64_t>(part.size()));
  EVP_DigestUpdate(state_->context.get(), part.data(), part.size());
  return *this;
}

ContentHash& ContentHash::add(std::string_view part) { return add(std::as_bytes(std::span(part))); }

ContentHash& ContentHash::add(int64_t number) {
  EVP_DigestUpdate(state_->context.get(), &number, sizeof(number));
  return *this;
}

ContentKey ContentHash::key() {
  ContentKey key{};
  EVP_DigestFinal_ex(state_->context.get(), key.data(), nullptr);
  return key;
}

}  // namespace ridgeline::serve
