#include "wire/http/control.h"

#include <gtest/gtest.h>

#include "wire/http/base64.h"

namespace ridgeline::wire::http {
namespace {

TEST(Control, AFileOfALoadRequestIsDecoded) {
  const Result<LoadRequest> request = decode_load_request(
      R"({"parameters":{"config":"{}","file:1/model.onnx":"AAH/","file:labels.txt":"YQ=="}})");
  ASSERT_TRUE(request.ok()) << request.status().message();
  ASSERT_EQ(request.value().files.size(), 2U);
  EXPECT_EQ(request.value().files[0].first, "1/model.onnx");
  EXPECT_EQ(request.value().files[0].second, std::string("\0\1\xff", 3));
  EXPECT_EQ(request.value().files[1].second, "a");
}

TEST(Control, ALoadRequestThatCannotBeReadIsRefused) {
  EXPECT_EQ(decode_load_request(R"({"parameters":{"file:a":"AAH"}})").status().message(),
            "'file:a' is not valid base64");
  EXPECT_EQ(decode_load_request(R"({"parameters":{"file:a":5}})").status().message(),
            "attempt to access JSON non-string as string");
  EXPECT_EQ(decode_load_request(R"({"parameters":{"fil":"AAH="}})").status().code(),
            ErrorCode::kInvalidArgument);
}

TEST(Control, Base64IsTakenOnlyWhole) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(decode_base64("Zm9vYmE="), "fooba");
  for (const char* bad : {"Zm9vYg", "Zm9vYh==", "Z===", "====", "Zm 9", "Zm9=YmFy"})
    EXPECT_EQ(decode_base64(bad), std::nullopt) << bad;
}

TEST(Control, LoggingIsChangedAsAWholeOrNotAtAll) {
  LogSettings settings;
  EXPECT_TRUE(
      update_log_settings(
          R"({"log_info":false,"log_verbose_level":2,"log_format":"ISO8601","log_error":null})", settings)
          .ok());
  EXPECT_FALSE(settings.info);
  EXPECT_TRUE(settings.error);
  EXPECT_EQ(settings.verbose_level, 2U);
  EXPECT_EQ(settings.format, "ISO8601");
  EXPECT_EQ(update_log_settings(R"({"log_info":true,"log_file":"x"})", settings).code(),
            ErrorCode::kUnsupported);
  EXPECT_EQ(update_log_settings(R"({"log_info":true,"log_format":"x"})", settings).code(),
            ErrorCode::kUnavailable);
  EXPECT_EQ(update_log_settings(R"({"log_info":true,"log_verbose_level":-1})", settings).code(),
            ErrorCode::kInternal);
  EXPECT_FALSE(settings.info);
}

TEST(Control, TraceSettingsAreChangedAndCleared) {
  const TraceSettings defaults;
  TraceSettings settings;
  EXPECT_TRUE(
      update_trace_settings(
          R"({"trace_level":["TIMESTAMPS","TENSORS"],"trace_rate":"5","trace_count":"7","log_frequency":"3"})",
          defaults, settings)
          .ok());
  EXPECT_EQ(
      encode_trace_settings(settings),
      R"({"trace_level":["TIMESTAMPS","TENSORS"],"trace_rate":"5","trace_count":"7","log_frequency":"3",)"
      R"("trace_file":"","trace_mode":"triton"})");
  EXPECT_TRUE(update_trace_settings(
                  R"({"trace_level":null,"trace_rate":null,"trace_count":null,"log_frequency":null})",
                  defaults, settings)
                  .ok());
  EXPECT_EQ(encode_trace_settings(settings), encode_trace_settings(defaults));
}

TEST(Control, TraceSettingsThatAreWrongAreRefusedInTritonsWords) {
  TraceSettings settings;
  const auto refusal = [&](std::string_view body) {
    return update_trace_settings(body, {}, settings).message();
  };
  EXPECT_EQ(refusal(R"({"trace_file":"x"})"),
            "trace file location can not be updated through network protocol");
  EXPECT_EQ(refusal(R"({"trace_rate":"x"})"), "Unable to parse 'trace_rate', got: x");
  EXPECT_EQ(refusal(R"({"trace_rate":"99999999999"})"),
            "Unable to parse 'trace_rate', value is out of range [ 0, 4294967295 ], got: 99999999999");
  EXPECT_EQ(refusal(R"({"trace_count":"-2"})"),
            "Unable to parse 'trace_count'. Expecting value >= -1, got:-2");
  EXPECT_EQ(refusal(R"({"trace_rate":5})"), "attempt to access JSON non-string as string");
  EXPECT_EQ(refusal(R"({"trace_level":["OFF","TENSORS"]})"),
            "Expect only one trace level 'OFF' is specified");
}

}  // namespace
}  // namespace ridgeline::wire::http
