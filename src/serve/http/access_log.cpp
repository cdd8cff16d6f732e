#include "serve/http/access_log.h"

#include <ctime>

#include "base/json.h"
#include "serve/http/response_text.h"

namespace ridgeline::serve::http {
namespace {

constexpr std::chrono::milliseconds kWriteEvery{100};
constexpr int kClientHasGone = 499;

std::string utc_text(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch());
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, since.count() % 1000);
}

}  // namespace

/// One request on its way. Goes to the log with its last response, or when nobody can answer it any more.
class AccessLog::Entry {
 public:
  Entry(std::shared_ptr<AccessLog> log, const Request& request, std::string_view model, TimePoint received)
      : log_(std::move(log)),
        method_(request.method()),
        path_(request.target()),
        model_(model),
        received_(received),
        time_(std::chrono::system_clock::now()) {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() {
    if (!log_) return;
    status_ = kClientHasGone;
    write();
  }

  void note(const Response& response) {
    if (status_ == 0) status_ = response.status;
    bytes_ += body_size(response);
    if (!response.unfinished) write();
  }

 private:
  void write() {
    const auto took =
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - received_);
    const Json line{{"time", utc_text(time_)}, {"method", method_}, {"path", path_},     {"model", model_},
                    {"status", status_},       {"bytes", bytes_},   {"us", took.count()}};
    std::exchange(log_, {})->put(line.dump(-1, ' ', false, Json::error_handler_t::replace));
  }

  std::shared_ptr<AccessLog> log_;
  std::string method_;
  std::string path_;
  std::string model_;
  TimePoint received_;
  std::chrono::system_clock::time_point time_;
  int status_ = 0;
  size_t bytes_ = 0;
};

Result<std::shared_ptr<AccessLog>> AccessLog::open(const std::string& path) {
  std::FILE* const file = path == "-" ? stdout : std::fopen(path.c_str(), "ae");
  if (file == nullptr) return invalid_argument("{}: the access log can't be opened for appending", path);
  return std::shared_ptr<AccessLog>(new AccessLog(file));
}

AccessLog::AccessLog(std::FILE* file) : file_(file), writer_([this] { write_lines(); }) {}

AccessLog::~AccessLog() {
  {
    const std::scoped_lock lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_one();
  writer_.join();
  if (file_ != stdout) std::fclose(file_);
}

Reply AccessLog::logged(const Request& request, std::string_view model, TimePoint received, Reply reply) {
  auto entry = std::make_shared<Entry>(shared_from_this(), request, model, received);
  return [entry = std::move(entry), reply = std::move(reply)](Response response) {
    response.complete = [entry, before = std::move(response.complete)](Response& made) {
      if (before) before(made);
      entry->note(made);
    };
    reply(std::move(response));
  };
}

void AccessLog::put(std::string line) {
  const std::scoped_lock lock(mutex_);
  lines_.append(line).push_back('\n');
}

void AccessLog::write_lines() {
  std::unique_lock lock(mutex_);
  while (true) {
    const bool is_last = changed_.wait_for(lock, kWriteEvery, [this] { return is_ending_; });
    const std::string lines = std::exchange(lines_, {});
    lock.unlock();
    std::fwrite(lines.data(), 1, lines.size(), file_);
    std::fflush(file_);
    if (is_last) return;
    lock.lock();
  }
}

}  // namespace ridgeline::serve::http
