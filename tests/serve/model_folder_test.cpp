#include "serve/repository/model_folder.h"

#include <gmock/gmock.h>

#include "config_text.h"
#include "repository_files.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ModelFolder read(const RepositoryFiles& files, const std::string& name = "m") {
  return read_model_folder(files.root() + "/" + name);
}

TEST(ModelFolder, NeedsNoConfigurationBesideAnOnnxFile) {
  const RepositoryFiles files;
  files.write("m/1/model.onnx", relu_onnx({-1, 3, 4}, {"cat", "dog"}));
  const ModelFolder model = read(files);
  ASSERT_TRUE(model.servable()) << text_of(model.findings);
  EXPECT_EQ(model.config->backend, "onnxruntime");
  EXPECT_EQ(model.config->max_batch_size, 4);
  EXPECT_THAT(std::get<DynamicBatching>(model.config->scheduling).preferred_batch_sizes, ElementsAre(4));
  EXPECT_THAT(model.config->inputs.front().dims, ElementsAre(3, 4));
  EXPECT_EQ(model.config->inputs.front().datatype, DType::kF32);
  EXPECT_THAT(model.labels.at("y"), ElementsAre("cat", "dog"));
  EXPECT_EQ(model.config->instance_groups.front().count, 2);
}

TEST(ModelFolder, GivesNoBatchToAModelWhoseFirstAxisIsFixed) {
  const RepositoryFiles files;
  files.write("m/1/model.onnx", relu_onnx({2, 3}));
  const ModelFolder model = read(files);
  ASSERT_TRUE(model.servable()) << text_of(model.findings);
  EXPECT_EQ(model.config->max_batch_size, 0);
  EXPECT_THAT(model.config->inputs.front().dims, ElementsAre(2, 3));
}

TEST(ModelFolder, CompletesWhatTheConfigurationOnlyNames) {
  const RepositoryFiles files;
  files.write("m/1/model.onnx", relu_onnx({-1, 3}));
  files.write("m/config.pbtxt", "max_batch_size: 16 input { name: \"x\" }");
  const ModelFolder model = read(files);
  ASSERT_TRUE(model.servable()) << text_of(model.findings);
  EXPECT_EQ(model.config->max_batch_size, 16);
  EXPECT_THAT(model.config->inputs.front().dims, ElementsAre(3));
  EXPECT_EQ(model.config->outputs.front().name, "y");
}

TEST(ModelFolder, ShowsADifferenceBetweenConfigurationAndModelAtItsLine) {
  const RepositoryFiles files;
  files.write("m/1/model.onnx", relu_onnx({-1, 3}));
  files.write("m/config.pbtxt",
              "max_batch_size: 8\ninput {\n  name: \"x\"\n  data_type: TYPE_UINT8\n  dims: [ 3 ]\n}\n"
              "output { name: \"z\" data_type: TYPE_FP32 dims: [ 3 ] }\n");
  const std::string text = text_of(read(files).findings);
  EXPECT_THAT(text, HasSubstr("/m/1/model.onnx: set TYPE_FP32\n"
                              "  - input 'x' TYPE_UINT8 [-1,3]\n"
                              "  + input 'x' TYPE_FP32 [-1,3]\n"));
  EXPECT_THAT(text, HasSubstr("/m/config.pbtxt:7:10: error: output 'z' is not in "));
  EXPECT_THAT(text, HasSubstr("  - output 'z' TYPE_FP32 [-1,3]\n  + output 'y' TYPE_FP32 [-1,3]\n"));
}

TEST(ModelFolder, TellsWhenABatchOrDimsDoNotFitTheModel) {
  const RepositoryFiles files;
  const std::string tensors =
      "input { name: \"x\" data_type: TYPE_FP32 dims: [ 3 ] }\noutput { name: \"y\" data_type: TYPE_FP32 "
      "dims: [ 3 ] }";
  files.write("fixed/1/model.onnx", relu_onnx({2, 3}));
  files.write("fixed/config.pbtxt", "max_batch_size: 4\n" + tensors);
  EXPECT_THAT(
      text_of(read(files, "fixed").findings),
      HasSubstr(
          "config.pbtxt:2:40: error: max_batch_size > 0, but the first axis of input 'x' is fixed to 2"));
  files.write("rank/1/model.onnx", relu_onnx({-1, 3, 5}));
  files.write("rank/config.pbtxt", "max_batch_size: 4\n" + tensors);
  EXPECT_THAT(text_of(read(files, "rank").findings),
              HasSubstr("dims of input 'x', with the batch axis that max_batch_size > 0 adds, do not fit"));
  files.write("lacks/1/model.onnx", relu_onnx({-1, 3}));
  files.write("lacks/config.pbtxt",
              "input { name: \"q\" data_type: TYPE_FP32 dims: [ -1, 3 ] }\n"
              "output { name: \"y\" data_type: TYPE_FP32 dims: [ -1, 3 ] }");
  EXPECT_THAT(text_of(read(files, "lacks").findings), HasSubstr("error: input 'x' of "));
}

TEST(ModelFolder, ChecksEveryVersionThatIsServed) {
  const RepositoryFiles files;
  files.write("m/1/model.onnx", relu_onnx({-1, 3}));
  files.write("m/2/model.onnx", relu_onnx({-1, 4}));
  EXPECT_TRUE(read(files).servable());  // the latest alone
  files.write("m/config.pbtxt", "version_policy { all { } }");
  const ModelFolder model = read(files);
  EXPECT_THAT(model.served, ElementsAre(1, 2));
  EXPECT_THAT(text_of(model.findings), HasSubstr("/m/1/model.onnx"));
}

TEST(ModelFolder, TakesNumericFoldersAloneForVersions) {
  const RepositoryFiles files;
  for (const char* name :
       {"1/model.py", "10/model.py", "9/model.py", "02/model.py", "3a/model.py", "0/model.py", "-1/model.py",
        "99999999999999999999/model.py", "warmup/x", "configs/a.pbtxt", ".git/x"})
    files.write("m/" + std::string(name));
  files.write("m/config.pbtxt",
              "version_policy { latest { num_versions: 2 } } "
              "input { name: \"x\" data_type: TYPE_FP32 dims: 1 } "
              "output { name: \"y\" data_type: TYPE_FP32 dims: 1 }");
  const ModelFolder model = read(files);
  EXPECT_TRUE(model.servable()) << text_of(model.findings);
  EXPECT_THAT(model.versions, ElementsAre(1, 9, 10));
  EXPECT_THAT(model.served, ElementsAre(9, 10));
  EXPECT_EQ(model.findings.size(), 5U) << text_of(model.findings);
  EXPECT_THAT(text_of(model.findings), HasSubstr("/m/02: warning: is no version and is passed over"));
}

TEST(ModelFolder, ServesTheVersionsThatAreAskedForAndThere) {
  const RepositoryFiles files;
  files.write("m/1/model.onnx", relu_onnx({-1, 3}));
  files.write("m/config.pbtxt", "version_policy { specific { versions: [ 7, 1 ] } }");
  const ModelFolder model = read(files);
  EXPECT_TRUE(model.servable());
  EXPECT_THAT(model.served, ElementsAre(1));
  EXPECT_THAT(text_of(model.findings), HasSubstr("warning: version 7 is asked for but has no folder"));
  files.write("none/config.pbtxt", "backend: \"python\"");
  EXPECT_THAT(text_of(read(files, "none").findings),
              HasSubstr("at least one version must be available under the version policy of model 'none'"));
}

TEST(ModelFolder, NamesTheFilesThatAreThereWhereTheModelsIsNot) {
  const RepositoryFiles files;
  files.write("m/1/net.onnx", relu_onnx({-1, 3}));
  files.write("m/config.pbtxt", "backend: \"onnxruntime\"");
  EXPECT_THAT(text_of(read(files).findings),
              HasSubstr("/m/1: error: has no file 'model.onnx' but net.onnx: set default_model_filename"));
  files.write("m/config.pbtxt", "backend: \"onnxruntime\" default_model_filename: \"net.onnx\"");
  EXPECT_TRUE(read(files).servable());
}

TEST(ModelFolder, RefusesABrokenModelAndAForeignName) {
  const RepositoryFiles files;
  files.write("m/1/model.onnx", "not a model");
  EXPECT_THAT(text_of(read(files).findings), HasSubstr("/m/1/model.onnx: error: "));
  files.write("n/1/model.onnx", relu_onnx({-1, 3}));
  files.write("n/config.pbtxt", "name: \"other\"");
  EXPECT_THAT(text_of(read(files, "n").findings),
              HasSubstr("config.pbtxt:1:1: error: unexpected directory name 'n' for model 'other'"));
}

TEST(ModelFolder, AsksForTensorsThatNoFileTells) {
  const RepositoryFiles files;
  files.write("m/1/model.pt");
  const std::string text = text_of(read(files).findings);
  EXPECT_THAT(text, HasSubstr("no input is configured"));
  EXPECT_THAT(text, HasSubstr("no output is configured"));
}

TEST(ModelFolder, LetsAPythonModelTellItsTensorsWhenItIsLoaded) {
  const RepositoryFiles files;
  files.write("m/1/model.py");
  EXPECT_TRUE(read(files).servable());
}

TEST(ModelFolder, TakesAConfigurationInPlaceOfTheFile) {
  const RepositoryFiles files;
  files.write("m/1/model.onnx", relu_onnx({-1, 3}));
  files.write("m/config.pbtxt", "max_batch_size: 2");
  const ParsedConfig sent =
      parse_config_json(R"({"maxBatchSize": 7, "backend": "onnxruntime"})", "what was sent");
  const ModelFolder model = read_model_folder(files.root() + "/m", sent);
  ASSERT_TRUE(model.servable()) << text_of(model.findings);
  EXPECT_EQ(model.config->max_batch_size, 7);
  EXPECT_EQ(model.config->inputs.front().name, "x");
  EXPECT_FALSE(parse_config_json("{nope", "what was sent").config);
  EXPECT_FALSE(parse_config_json(R"({"no_such_field": 1})", "what was sent").config);
}

TEST(ModelFolder, ReadsLabelsAndMissesFilesThatAreNamed) {
  const RepositoryFiles files;
  files.write("m/1/model.onnx", relu_onnx({-1, 3}));
  files.write("m/config.pbtxt", "output { name: \"y\" label_filename: \"labels.txt\" }");
  EXPECT_THAT(text_of(read(files).findings), HasSubstr("/m/labels.txt: no such file"));
  files.write("m/labels.txt", "cat\r\ndog\n\n");
  const ModelFolder model = read(files);
  EXPECT_TRUE(model.servable()) << text_of(model.findings);
  EXPECT_THAT(model.labels.at("y"), ElementsAre("cat", "dog"));
  files.write("m/config.pbtxt",
              "max_batch_size: 2 model_warmup { inputs { key: \"x\" value { input_data_file: \"raw\" } } }");
  EXPECT_THAT(text_of(read(files).findings), HasSubstr("/m/warmup/raw: no such file"));
}

TEST(CheckModelName, LetsNoNameLeaveTheRepository) {
  EXPECT_TRUE(check_model_name("resnet-50 v1.5").ok());
  for (const char* bad : {"", ".", "..", "../x", "a/b", "/etc", ".git", "a\nb", "\xff"})
    EXPECT_EQ(check_model_name(bad).code(), ErrorCode::kInvalidArgument) << bad;
  EXPECT_FALSE(check_model_name(std::string_view("a\0b", 3)).ok());
}

}  // namespace
}  // namespace ridgeline::serve
