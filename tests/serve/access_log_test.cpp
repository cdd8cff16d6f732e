#include "serve/http/access_log.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "support/temporary_folder.h"

namespace ridgeline::serve::http {
namespace {

class Asked final : public Request {
  std::string_view method() const override { return "POST"; }
  std::string_view target() const override { return "/v2/models/m/generate_stream"; }
  std::string_view header(std::string_view) const override { return ""; }
  std::string_view only_header(std::string_view) const override { return ""; }
  std::span<const std::byte> body() const override { return {}; }
  bool client_has_gone() const override { return false; }
};

Response piece(std::string text, bool unfinished) {
  Response response;
  response.head = std::move(text);
  response.unfinished = unfinished;
  return response;
}

/// What a server does with a response.
void send(Response response) {
  if (response.complete) response.complete(response);
}

TEST(AccessLog, CountsAllPiecesOfAStreamInOneLine) {
  const TemporaryFolder folder;
  {
    const auto log = AccessLog::open(folder / "log").value();
    const Reply reply = log->logged(Asked(), "m", std::chrono::steady_clock::now(), send);
    reply(piece("four", true));
    reply(piece("eight by", false));
  }
  const Json line = parse_json(read_file(folder / "log").value(), "log").value();
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["bytes"], 12);
  EXPECT_EQ(line["model"], "m");
}

TEST(AccessLog, HasALineForAClientThatLeftBeforeItsAnswer) {
  const TemporaryFolder folder;
  {
    const auto log = AccessLog::open(folder / "log").value();
    log->logged(Asked(), "m", std::chrono::steady_clock::now(), send);
    const auto gone = [](const Response&) {};  // the connection is closed: nobody completes it
    log->logged(Asked(), "m", std::chrono::steady_clock::now(), gone)(piece("late", false));
  }
  const std::string text = read_file(folder / "log").value();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  const Json line = parse_json(text.substr(0, text.find('\n')), "log").value();
  EXPECT_EQ(line["status"], 499);
  EXPECT_EQ(line["bytes"], 0);
}

TEST(AccessLog, NamesAFileThatCannotBeOpened) {
  const auto log = AccessLog::open("/nosuch/folder/log");
  EXPECT_EQ(log.status().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(log.status().message().find("/nosuch/folder/log"), std::string::npos);
}

}  // namespace
}  // namespace ridgeline::serve::http
