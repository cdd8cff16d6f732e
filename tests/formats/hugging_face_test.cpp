#include "formats/hugging_face.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "formats/weights.h"
#include "graph/zoo/zoo.h"
#include "same_graph.h"
#include "support/temporary_folder.h"

namespace ridgeline::formats {
namespace {

using testing::HasSubstr;

TEST(HuggingFace, NamesOfTransformersBecomeThoseOfTorchvision) {
  const std::vector<std::pair<const char*, const char*>> names = {
      {"resnet.embedder.embedder.convolution.weight", "conv1.weight"},
      {"resnet.embedder.embedder.normalization.running_mean", "bn1.running_mean"},
      {"resnet.encoder.stages.0.layers.0.layer.0.convolution.weight", "layer1.0.conv1.weight"},
      {"resnet.encoder.stages.3.layers.1.layer.2.normalization.num_batches_tracked",
       "layer4.1.bn3.num_batches_tracked"},
      {"resnet.encoder.stages.1.layers.0.shortcut.convolution.weight", "layer2.0.downsample.0.weight"},
      {"resnet.encoder.stages.1.layers.0.shortcut.normalization.bias", "layer2.0.downsample.1.bias"},
      {"classifier.1.weight", "fc.weight"},
      {"classifier.1.bias", "fc.bias"},
      {"vit.encoder.layer.0.weight", "vit.encoder.layer.0.weight"},
      {"resnet.encoder.stages", "resnet.encoder.stages"},
      {"", ""}};
  for (const auto& [theirs, ours] : names) EXPECT_EQ(torchvision_name(theirs), ours);
}

/// A folder with config.json and weights of torchvision's names (timm's are the same).
class Folder {
 public:
  Folder(const Json& config, const char* model)
      : weights_(weights_of(zoo::make(model, {.num_classes = 2}).value())) {
    EXPECT_TRUE(save_safetensors(weights_, folder_ / "model.safetensors").ok());
    write("config.json", config);
  }
  void write(const char* name, const Json& json) const {
    EXPECT_TRUE(write_file_atomically(folder_ / name, json.dump()).ok());
  }
  std::string path() const { return folder_ / ""; }
  Result<HuggingFaceModel> load() const { return load_hugging_face(path()); }
  std::string refusal() const { return load().status().message(); }

 private:
  TemporaryFolder folder_;
  StateDict weights_;
};

const Json kResnet18 = {{"model_type", "resnet"},
                        {"layer_type", "basic"},
                        {"depths", {2, 2, 2, 2}},
                        {"hidden_sizes", {64, 128, 256, 512}},
                        {"id2label", {{"1", "dog"}, {"0", "cat"}}}};

TEST(HuggingFace, AFolderOfTransformersGivesWeightsClassesAndPreprocessing) {
  const Folder folder(kResnet18, "resnet18");
  folder.write("preprocessor_config.json", {{"size", 224}});
  const Result<HuggingFaceModel> model = folder.load();
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_THAT(model->classes, testing::ElementsAre("cat", "dog"));
  EXPECT_EQ(model->transformers_preprocessing, (Json{{"size", 224}}));
  EXPECT_TRUE(graph_of(model->weights, "w").ok());
}

TEST(HuggingFace, WhatTheZooDoesNotComputeIsRefusedByItsField) {
  const auto with = [](const char* field, const Json& value) {
    Json config = kResnet18;
    config[field] = value;
    return Folder(config, "lenet").refusal();
  };
  EXPECT_THAT(with("hidden_act", "gelu"),
              HasSubstr("config.json: \"hidden_act\" is \"gelu\", but the zoo's models have \"relu\""));
  EXPECT_THAT(with("downsample_in_first_stage", true), HasSubstr("\"downsample_in_first_stage\" is true"));
  EXPECT_THAT(with("hidden_sizes", {32, 64, 128, 256}), HasSubstr("\"hidden_sizes\" is [32,64,128,256]"));
  EXPECT_THAT(with("num_channels", 1), HasSubstr("\"num_channels\" is 1"));
  EXPECT_THAT(with("model_type", "vit"), HasSubstr("\"model_type\" is \"vit\""));
  EXPECT_THAT(with("layer_type", "wide"), HasSubstr("\"layer_type\" is 'wide'"));
  EXPECT_THAT(with("id2label", {{"0", "cat"}, {"2", "dog"}}), HasSubstr("'2' is wrong"));
  EXPECT_THAT(with("id2label", {{"0", "cat"}, {"00", "dog"}}), HasSubstr("'00' is wrong"));
  EXPECT_THAT(with("id2label", Json::array()), HasSubstr("\"id2label\" is no object"));
}

TEST(HuggingFace, BottlenecksAreTakenWithTheStrideThatTorchvisionHasOnly) {
  Json config = {{"model_type", "resnet"}};  // the defaults are those of a ResNet-50
  EXPECT_TRUE(Folder(config, "resnet50").load().ok());
  config["downsample_in_bottleneck"] = true;
  EXPECT_THAT(Folder(config, "lenet").refusal(), HasSubstr("\"downsample_in_bottleneck\" is true"));
}

TEST(HuggingFace, OfTimmOnlyArchitecturesOfPlainNamesAreTaken) {
  Json config = {{"architecture", "resnet18"},
                 {"label_names", {"cat", "dog"}},
                 {"pretrained_cfg", {{"crop_pct", 0.95}}}};
  const Result<HuggingFaceModel> model = Folder(config, "resnet18").load();
  ASSERT_TRUE(model.ok()) << model.status().message();
  EXPECT_THAT(model->classes, testing::ElementsAre("cat", "dog"));
  EXPECT_EQ(model->timm_preprocessing["crop_pct"], 0.95);
  EXPECT_EQ(model->weights.metadata.at(kModelKey), "resnet18");
  config["model_args"] = {{"num_classes", 2}, {"in_chans", 3}, {"global_pool", "avg"}};
  EXPECT_TRUE(Folder(config, "resnet18").load().ok());
  config["model_args"] = {{"act_layer", "gelu"}};
  EXPECT_THAT(Folder(config, "lenet").refusal(), HasSubstr("\"model_args\" has \"act_layer\""));
  config["model_args"] = {{"global_pool", "max"}};
  EXPECT_THAT(Folder(config, "lenet").refusal(), HasSubstr("\"global_pool\" is \"max\""));
  config["architecture"] = "resnetblur18";
  EXPECT_THAT(Folder(config, "lenet").refusal(), HasSubstr("\"architecture\" is 'resnetblur18'"));
}

TEST(HuggingFace, FoldersThatLackAFileAreToldWhich) {
  const TemporaryFolder empty;
  EXPECT_THAT(load_hugging_face(empty / "").status().message(), HasSubstr("directory without config.json"));
  ASSERT_TRUE(write_file_atomically(empty / "config.json", kResnet18.dump()).ok());
  EXPECT_THAT(load_hugging_face(empty / "").status().message(), HasSubstr("neither model.safetensors nor"));
  ASSERT_TRUE(write_file_atomically(empty / "config.json", "[]").ok());
  EXPECT_THAT(load_hugging_face(empty / "").status().message(), HasSubstr("is not a JSON object"));
}

}  // namespace
}  // namespace ridgeline::formats
