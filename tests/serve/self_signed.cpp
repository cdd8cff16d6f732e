#include "self_signed.h"

#include <cstdio>
#include <memory>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace ridgeline::serve {
namespace {

constexpr long kOneDay = 24L * 60 * 60;

template <auto Function>
struct Call {
  template <typename T>
  void operator()(T* pointer) const {
    Function(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Call<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Call<X509_free>>;
using File = std::unique_ptr<FILE, Call<fclose>>;

Certificate certify(const std::string& common_name, EVP_PKEY* key) {
  Certificate certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kOneDay);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kOneDay);
  X509_set_pubkey(certificate.get(), key);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  X509_sign(certificate.get(), key, EVP_sha256());
  return certificate;
}

}  // namespace

void write_self_signed(const std::string& common_name, const std::filesystem::path& certificate,
                       const std::filesystem::path& key) {
  const Key made(EVP_EC_gen("P-256"));
  const File key_file(std::fopen(key.c_str(), "w"));
  PEM_write_PrivateKey(key_file.get(), made.get(), nullptr, nullptr, 0, nullptr, nullptr);
  const File certificate_file(std::fopen(certificate.c_str(), "w"));
  PEM_write_X509(certificate_file.get(), certify(common_name, made.get()).get());
}

}  // namespace ridgeline::serve
