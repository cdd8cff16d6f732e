#include "serve/http/tls_context.h"

namespace ridgeline::serve::http {
namespace {

namespace ssl = boost::asio::ssl;

Result<std::shared_ptr<ssl::context>> read(const TlsFiles& files) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  boost::system::error_code error;
  context->use_certificate_chain_file(files.certificate_chain, error);
  if (error)
    return invalid_argument("{}: no PEM certificate can be read from it: {}", files.certificate_chain,
                            error.message());
  context->use_private_key_file(files.private_key, ssl::context::pem, error);
  if (error)
    return invalid_argument("{}: not the PEM key of {}: {}", files.private_key, files.certificate_chain,
                            error.message());
  return context;
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::load(const TlsFiles& files) {
  std::unique_ptr<TlsContext> made(new TlsContext(files));
  made->read_at_ = made->stamps();
  ASSIGN_OR_RETURN(made->context_, read(files));
  return made;
}

TlsContext::Stamps TlsContext::stamps() const {
  std::error_code missing;
  return {std::filesystem::last_write_time(files_.certificate_chain, missing),
          std::filesystem::last_write_time(files_.private_key, missing)};
}

std::shared_ptr<ssl::context> TlsContext::current() {
  const Stamps now = stamps();
  if (now == read_at_) return context_;
  auto fresh = read(files_);
  if (!fresh.ok()) return context_;  // half of a rotation: the other file is still to come
  read_at_ = now;
  context_ = *std::move(fresh);
  return context_;
}

}  // namespace ridgeline::serve::http
