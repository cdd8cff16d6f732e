#include "serve/http/server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <future>

#include "base/descriptors.h"
#include "serve/http/connection.h"
#include "serve/http/response_text.h"
#include "serve/http/tls_context.h"
#include "serve/listen.h"

namespace ridgeline::serve::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;

constexpr std::chrono::milliseconds kLookAgain{5};
constexpr std::chrono::milliseconds kAcceptAgain{50};  // when the process has no descriptor left

std::vector<std::shared_ptr<Loop>> make_loops(int count) {
  std::vector<std::shared_ptr<Loop>> loops;
  for (int i = 0; i < std::max(count, 1); ++i) loops.push_back(std::make_shared<Loop>());
  return loops;
}

class BeastServer final : public Server {
 public:
  BeastServer(const ServerOptions& options, Handler handler)
      : settings_(std::make_shared<ConnectionSettings>(options.limits, std::move(handler))),
        loops_(make_loops(options.threads)) {}

  ~BeastServer() override {
    for (const auto& loop : loops_) loop->stop();
  }

  Status open(const ServerOptions& options) {
    if (!options.tls.certificate_chain.empty()) {
      ASSIGN_OR_RETURN(tls_, TlsContext::load(options.tls));
    }
    ASSIGN_OR_RETURN(tcp::acceptor acceptor, listen(first().context(), {.address = options.address,
                                                                        .port = options.port,
                                                                        .reuse_port = options.reuse_port}));
    acceptor_.emplace(std::move(acceptor));
    port_ = acceptor_->local_endpoint().port();
    asio::post(first().context(), [this] { accept(); });
    return {};
  }

  uint16_t port() const override { return port_; }

  bool drain(std::chrono::milliseconds grace) override {
    for (const auto& loop : loops_) loop->drain();
    run_on(first(), [this] { accept_the_last(); });
    for (const auto& loop : loops_) run_on(*loop, [] {});  // what was accepted has been added since
    const Clock::time_point end = Clock::now() + grace;
    while (connections() > 0 && Clock::now() < end) std::this_thread::sleep_for(kLookAgain);
    return connections() == 0;
  }

 private:
  Loop& first() { return *loops_.front(); }

  template <typename Work>
  static void run_on(Loop& loop, Work work) {
    std::promise<void> done;
    asio::post(loop.context(), [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }

  size_t connections() const {
    size_t count = 0;
    for (const auto& loop : loops_) count += loop->connections();
    return count;
  }

  void accept() {
    Loop& loop = *loops_[next_++ % loops_.size()];
    acceptor_->async_accept(loop.context(), [this, &loop](const Error& error, tcp::socket socket) {
      if (!acceptor_->is_open()) return;
      if (error) return accept_later();
      if (connections() >= settings_->limits.connections || is_among_the_last(socket.native_handle()))
        turn_away(std::move(socket));
      else
        serve(loop, std::move(socket));
      accept();
    });
  }

  /// Clients whose connections the kernel has taken already may have sent their requests.
  void accept_the_last() {
    Error error;
    acceptor_->non_blocking(true, error);
    while (!error) {
      Loop& loop = *loops_[next_++ % loops_.size()];
      tcp::socket socket(loop.context());
      acceptor_->accept(socket, error);
      if (!error) serve(loop, std::move(socket));
    }
    acceptor_->close(error);
  }

  void accept_later() {
    retry_.expires_after(kAcceptAgain);
    retry_.async_wait([this](const Error& error) {
      if (!error) accept();
    });
  }

  /// As far as the socket's empty buffer takes it.
  static void turn_away(tcp::socket socket) {
    const Response response = error_response(503, "too many connections");
    Error ignored;
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(header_text(response, false) + response.head), ignored);
  }

  void serve(Loop& loop, tcp::socket socket) {
    if (tls_)
      begin(loop, TlsStream(std::move(socket), *tls_->current()));
    else
      begin(loop, std::move(socket));
  }

  template <typename Stream>
  void begin(Loop& loop, Stream stream) {
    auto connection =
        std::make_shared<ConnectionOver<Stream>>(loop.weak_from_this(), std::move(stream), settings_);
    asio::post(loop.context(), [&loop, connection = std::move(connection)] {
      loop.add(connection);
      connection->start();
    });
  }

  std::shared_ptr<const ConnectionSettings> settings_;
  std::unique_ptr<TlsContext> tls_;
  std::vector<std::shared_ptr<Loop>> loops_;
  std::optional<tcp::acceptor> acceptor_;
  asio::steady_timer retry_{first().context()};
  uint16_t port_ = 0;
  size_t next_ = 0;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options, Handler handler) {
  auto server = std::make_unique<BeastServer>(options, std::move(handler));
  RETURN_IF_ERROR(server->open(options));
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace ridgeline::serve::http
