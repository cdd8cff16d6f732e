#include <gmock/gmock.h>

#include "config_text.h"
#include "serve/config/backends.h"
#include "serve/config/validate.h"

namespace ridgeline::serve {
namespace {

using testing::HasSubstr;

ModelConfig with_parameter(const std::string& backend, const std::string& key, const std::string& value) {
  return config_of("backend: \"" + backend + "\" parameters { key: \"" + key + "\" value { string_value: \"" +
                   value + "\" } }");
}

std::optional<int> asked(const std::string& backend, const std::string& key, const std::string& value) {
  const auto threads = threads_asked(with_parameter(backend, key, value));
  EXPECT_TRUE(threads.ok()) << threads.status().message();
  return threads.ok() ? *threads : std::nullopt;
}

TEST(ThreadsAsked, AreReadByTheNameThatTritonsBackendGivesThem) {
  EXPECT_EQ(asked("onnxruntime", "intra_op_thread_count", "3"), 3);
  EXPECT_EQ(asked("openvino", "INFERENCE_NUM_THREADS", "4"), 4);
  EXPECT_EQ(asked("pytorch", "INTRA_OP_THREAD_COUNT", "5"), 5);
  EXPECT_EQ(asked("ridgeline", "threads", "6"), 6);
  EXPECT_EQ(asked("onnxruntime", "threads", "7"), 7);
}

TEST(ThreadsAsked, AreLeftToTheServerWhereNothingOrZeroIsSaid) {
  EXPECT_EQ(asked("onnxruntime", "intra_op_thread_count", "0"), std::nullopt);
  EXPECT_EQ(asked("onnxruntime", "INFERENCE_NUM_THREADS", "4"), std::nullopt);
  EXPECT_EQ(asked("python", "threads", "spinners"), std::nullopt);  // the model's own business
}

TEST(ThreadsAsked, ThatAreNoCountAreAFinding) {
  for (const char* wrong : {"two", "-1", "2.5", "", "99999999999"}) {
    const ModelConfig config = with_parameter("onnxruntime", "intra_op_thread_count", wrong);
    EXPECT_EQ(threads_asked(config).status().code(), ErrorCode::kInvalidArgument) << wrong;
    const Positions positions;
    Findings findings("config.pbtxt", positions);
    validate(config, findings);
    EXPECT_THAT(text_of(std::move(findings).take()), HasSubstr("parameter 'intra_op_thread_count' is '"));
  }
}

}  // namespace
}  // namespace ridgeline::serve
