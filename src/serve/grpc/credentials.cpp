#include "serve/grpc/credentials.h"

#include <boost/asio/ssl/context.hpp>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include "serve/http/tls_context.h"

namespace ridgeline::serve::grpc {
namespace {

constexpr unsigned kSecondsBetweenLooks = 1;

/// gRPC refuses each handshake, and says nothing, where a file is no good.
Status check(const TlsFiles& files) {
  const auto own = http::TlsContext::load({files.certificate_chain, files.private_key});
  if (!own.ok()) return own.status();
  if (files.client_roots.empty()) return {};
  boost::asio::ssl::context context(boost::asio::ssl::context::tls_server);
  boost::system::error_code error;
  context.load_verify_file(files.client_roots, error);
  if (!error) return {};
  return invalid_argument("{}: no PEM certificates can be read from it: {}", files.client_roots,
                          error.message());
}

}  // namespace

Result<std::shared_ptr<::grpc::ServerCredentials>> credentials_of(const TlsFiles& files) {
  if (files.certificate_chain.empty()) return ::grpc::InsecureServerCredentials();
  RETURN_IF_ERROR(check(files));
  using ::grpc::experimental::FileWatcherCertificateProvider;
  const bool is_mutual = !files.client_roots.empty();
  ::grpc::experimental::TlsServerCredentialsOptions options(std::make_shared<FileWatcherCertificateProvider>(
      files.private_key, files.certificate_chain, files.client_roots, kSecondsBetweenLooks));
  options.watch_identity_key_cert_pairs();
  if (is_mutual) options.watch_root_certs();
  options.set_cert_request_type(is_mutual ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
                                          : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return ::grpc::experimental::TlsServerCredentials(options);
}

}  // namespace ridgeline::serve::grpc
