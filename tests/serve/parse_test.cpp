#include "serve/config/parse.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include "base/text.h"
#include "config_text.h"
#include "serve/config/field_rules.h"
#include "serve/config/messages.h"

namespace ridgeline::serve {
namespace {

using testing::HasSubstr;

std::string fault_of(const std::string& text) {
  return text_of(parse_config(text, "m/config.pbtxt").findings);
}

TEST(ParseConfig, LosesNoFieldThatCanBeServed) {
  const ParsedConfig parsed = load_config(SERVE_TEST_DATA "/every_field.pbtxt");
  ASSERT_TRUE(parsed.config) << text_of(parsed.findings);
  const inference::ModelConfig message = to_message(*parsed.config);
  const ModelConfig again = from_message(message);
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(to_message(again), message));
  EXPECT_FALSE(message.optimization().input_pinned_memory().enable());
  EXPECT_EQ(again.inputs, parsed.config->inputs);
  EXPECT_EQ(again.outputs, parsed.config->outputs);
  EXPECT_EQ(again.scheduling, parsed.config->scheduling);
  EXPECT_EQ(again.warmups, parsed.config->warmups);
  const auto& sequences = std::get<SequenceBatching>(parsed.config->scheduling);
  EXPECT_EQ(std::get<OldestStrategy>(sequences.strategy).max_queue_delay_us, 9007199254740993);
  EXPECT_EQ(parsed.config->warmups[0].inputs.at("flag").file, "flag");
}

TEST(ParseConfig, PointsAtAMisspeltFieldAndNamesTheOneThatWasMeant) {
  EXPECT_EQ(fault_of("name: \"m\"\n  max_batch_sise: 8\n"),
            "m/config.pbtxt:2:3: error: unknown field 'max_batch_sise': did you mean 'max_batch_size'?\n");
  EXPECT_THAT(fault_of("dynamic_batching { prefered_batch_size: [ 4 ] }"),
              HasSubstr("m/config.pbtxt:1:20: error: unknown field 'prefered_batch_size': did you mean "
                        "'preferred_batch_size'?"));
}

TEST(ParseConfig, SaysWhereAFieldBelongs) {
  EXPECT_THAT(
      fault_of("max_queue_delay_microseconds: 100"),
      HasSubstr("field 'max_queue_delay_microseconds' is not known here: it belongs into dynamic_batching"));
  EXPECT_THAT(fault_of("input { name: \"x\" max_batch_size: 3 }"),
              HasSubstr("field 'max_batch_size' is not known here: it belongs into the top level"));
}

TEST(ParseConfig, ListsTheFieldsOrValuesWhereNoneIsNear) {
  EXPECT_THAT(fault_of("version_policy { newest { } }"),
              HasSubstr("unknown field 'newest': the fields here are latest, all, specific"));
  EXPECT_THAT(fault_of("input { data_type: TYPE_FP3 }"), HasSubstr("did you mean TYPE_FP32?"));
  EXPECT_THAT(fault_of("input { data_type: FLOAT32 }"),
              HasSubstr("'FLOAT32' is no value of 'data_type': it has TYPE_BF16, TYPE_BOOL,"));
}

TEST(ParseConfig, PointsAtEveryOtherFaultOfTheText) {
  EXPECT_THAT(fault_of("max_batch_size: \"8\""), HasSubstr(":1:17: error: expected integer, got: \"8\""));
  EXPECT_THAT(fault_of("max_batch_size: 99999999999"), HasSubstr(":1:17: error: integer out of range"));
  EXPECT_THAT(fault_of("input [ { name: \"x\" }"), HasSubstr(":1:22: error: expected"));
  EXPECT_THAT(fault_of("name: \"a\"\nname: \"b\""), HasSubstr(":2:1: error: non-repeated field \"name\""));
  EXPECT_THAT(fault_of("dynamic_batching { }\nsequence_batching { }"), HasSubstr("m/config.pbtxt:2:"));
  EXPECT_THAT(fault_of("name: \"\\377\""), HasSubstr(":1:1: error: 'name' is not UTF-8 text"));
  EXPECT_EQ(load_config("nowhere/config.pbtxt").findings.front().message, "no such file");
}

TEST(ParseConfig, NeverPassesOverAFieldThatIsNotActedOn) {
  const std::string text = fault_of(
      "input [ { name: \"a\" },\n  { name: \"b\"\n    is_shape_tensor: true } ]\n"
      "optimization { cuda { graphs: true } }\nbatch_input { target_name: \"n\" }");
  EXPECT_THAT(text,
              HasSubstr("m/config.pbtxt:3:5: error: 'input[1].is_shape_tensor' belongs to the TensorRT"));
  EXPECT_THAT(text, HasSubstr("m/config.pbtxt:4:16: warning: 'optimization.cuda' has no effect on the CPU"));
  EXPECT_THAT(text, HasSubstr("m/config.pbtxt:5:1: error: 'batch_input' is not made by this server"));
  EXPECT_EQ(fault_of("input { is_shape_tensor: false }"), "");
}

TEST(FieldRules, NameOnlyFieldsThatThereAre) {
  for (const FieldRule& rule : field_rules()) {
    const google::protobuf::Descriptor* message = inference::ModelConfig::descriptor();
    const google::protobuf::FieldDescriptor* field = nullptr;
    for (const std::string_view part : split(rule.path, '.')) {
      ASSERT_NE(message, nullptr) << rule.path;
      field = message->FindFieldByName(std::string(part));
      ASSERT_NE(field, nullptr) << rule.path;
      message = field->message_type();
    }
  }
}

TEST(ParseConfig, KnowsWhereTheElementsOfAListStand) {
  const ParsedConfig parsed = parse_config(
      "input [\n  { name: \"a\" dims: [ 1 ] },\n  { name: \"b\" }\n]\ninput { name: \"c\" }\nparameters {\n"
      "  key: \"k\"\n  value { string_value: \"v\" } }",
      "config.pbtxt");
  EXPECT_EQ(parsed.positions.of("input[0].dims"), (Position{2, 15}));
  EXPECT_EQ(parsed.positions.of("input[1]"), (Position{3, 5}));
  EXPECT_EQ(parsed.positions.of("input[1].dims"), (Position{3, 5}));
  EXPECT_EQ(parsed.positions.of("input[2].name"), (Position{5, 9}));
  EXPECT_EQ(parsed.positions.of("parameters[k]"), (Position{7, 3}));
  EXPECT_EQ(parsed.positions.of("output[0]"), (Position{}));
}

}  // namespace
}  // namespace ridgeline::serve
