#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

#include "serve/http/compression.h"

namespace ridgeline::serve::http {
namespace {

using ::testing::HasSubstr;

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

class Compression : public ::testing::TestWithParam<Coding> {
 protected:
  static std::string packed(const std::string& one, const std::string& other) {
    const std::vector<std::span<const std::byte>> parts{bytes_of(one), bytes_of(other)};
    return pack(GetParam(), parts);
  }
};

TEST_P(Compression, UnpacksWhatItPacked) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{100'000}}) {
    std::string body;
    for (size_t i = 0; i < size; ++i) body += static_cast<char>(i * i % 251);
    const std::string stream = packed("{head}", body);
    const auto whole = unpack(GetParam(), bytes_of(stream), size + 6);
    ASSERT_TRUE(whole.ok()) << whole.status().message();
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(whole->bytes.data()), whole->bytes.size()),
              "{head}" + body);
  }
}

TEST_P(Compression, RefusesWhatUnpacksToMoreThanItMay) {
  const std::string stream = packed("", std::string(size_t{50} << 20, '\0'));
  ASSERT_LT(stream.size(), size_t{1} << 20);
  EXPECT_EQ(unpack(GetParam(), bytes_of(stream), 1000).status().message(),
            "the request's body unpacks to more than 1000 bytes");
}

TEST_P(Compression, RefusesBrokenStreams) {
  const std::string stream = packed("some text", " and more");
  for (const std::string& broken :
       {std::string(), std::string("no stream at all"), stream.substr(0, stream.size() - 5)}) {
    const auto whole = unpack(GetParam(), bytes_of(broken), 1000);
    EXPECT_EQ(whole.status().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(whole.status().message(), HasSubstr("is not whole"));
  }
}

INSTANTIATE_TEST_SUITE_P(Codings, Compression, ::testing::Values(Coding::kGzip, Coding::kDeflate));

TEST(Codings, AreChosenAsTheClientPrefers) {
  EXPECT_EQ(best_coding(""), Coding::kIdentity);
  EXPECT_EQ(best_coding("br, GZIP;q=0.5, deflate"), Coding::kGzip);
  EXPECT_EQ(best_coding("gzip;q=0, deflate"), Coding::kDeflate);
  EXPECT_EQ(best_coding("identity"), Coding::kIdentity);
}

TEST(Codings, OfARequestMustBeKnown) {
  EXPECT_EQ(*coding_from(" Gzip "), Coding::kGzip);
  EXPECT_EQ(*coding_from(""), Coding::kIdentity);
  EXPECT_EQ(coding_from("br").status().message(),
            "Content-Encoding 'br' is not known here: send gzip, deflate or neither");
}

}  // namespace
}  // namespace ridgeline::serve::http
