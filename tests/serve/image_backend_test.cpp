#include <gmock/gmock.h>

#include "base/rng.h"
#include "config_text.h"
#include "recorded_job.h"
#include "repository_files.h"
#include "serve/backends/backends.h"
#include "serve/repository/model_folder.h"
#include "vision/decode.h"
#include "vision/encode.h"
#include "wire/bytes.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using vision::Image;
using vision::Preprocessing;

Image noise(int width, int height) {
  Image image(width, height);
  Rng rng(static_cast<uint64_t>(width * height));
  for (uint8_t& level : image.rgb) level = static_cast<uint8_t>(rng.below(256));
  return image;
}

std::string jpeg_of(const Image& image) { return vision::encode_jpeg(image, {}).value(); }
std::string png_of(const Image& image) { return vision::encode_png(image, vision::PngColor::kRgb).value(); }

std::vector<float> expected(const Image& image, const Preprocessing& how) {
  std::vector<float> out(static_cast<size_t>(how.batch_shape(1).element_count()));
  EXPECT_TRUE(vision::preprocess(image, how, out).ok());
  return out;
}

std::vector<float> values_of(const Tensor& tensor, int64_t row = 0) {
  if (tensor.empty()) return {};
  const auto size = static_cast<size_t>(tensor.element_count() / tensor.shape()[0]);
  const auto values = tensor.as<float>().subspan(static_cast<size_t>(row) * size, size);
  return {values.begin(), values.end()};
}

/// With instances that are threads, and with such that are processes.
class ImageBackend : public testing::TestWithParam<std::string> {
 protected:
  ModelFolder folder(const std::string& config) const {
    files_.write("pictures/config.pbtxt",
                 "backend: \"image\" parameters { key: \"isolation\" value { string_value: \"" + GetParam() +
                     "\" } }\n" + config);
    return read_model_folder(files_.root() + "/pictures");
  }

  std::unique_ptr<Instance> instance(const std::string& config) {
    const ModelFolder read = folder(config);
    EXPECT_TRUE(read.servable()) << text_of(read.findings);
    auto model = make_backends().at("image")->load(
        {.config = read.config.value_or(ModelConfig{}), .model_path = read.path});
    EXPECT_TRUE(model.ok()) << model.status().message();
    if (!model.ok()) return nullptr;
    return (*model)->make_instance({.name = "pictures_0_0"}).value();
  }

  /// A request for these files, executed.
  static std::shared_ptr<RecordedJob> send(Instance& instance, const std::vector<std::string>& files) {
    std::vector<std::byte> bytes;
    for (const std::string& file : files) wire::append_string(bytes, file);
    const auto rows = static_cast<int64_t>(files.size());
    auto job = std::make_shared<RecordedJob>(std::vector<RecordedJob::Input>{}, rows);
    job->changeable().inputs.push_back({.name = "IMAGE", .datatype = DType::kString, .shape = {rows, 1}});
    job->changeable().inputs[0].data = wire::keep(std::move(bytes), job->changeable());
    const std::shared_ptr<Job> batch = job;
    instance.execute(std::span(&batch, 1));
    return job;
  }

  static std::shared_ptr<RecordedJob> send(Instance& instance, const Image& image) {
    const Tensor pixels = Tensor::from_values<uint8_t>({1, image.height, image.width, 3}, image.rgb).value();
    auto job = std::make_shared<RecordedJob>(std::vector<RecordedJob::Input>{{"RAW", pixels}}, 1);
    const std::shared_ptr<Job> batch = job;
    instance.execute(std::span(&batch, 1));
    return job;
  }

  std::string findings(const std::string& config) const { return text_of(folder(config).findings); }

  RepositoryFiles files_;
};

TEST_P(ImageBackend, NeedsNothingButItsName) {
  const ModelFolder read = folder("");
  ASSERT_TRUE(read.servable()) << text_of(read.findings);
  EXPECT_THAT(read.served, ElementsAre(1));
  EXPECT_EQ(read.config->max_batch_size, 4);
  EXPECT_EQ(read.config->inputs[0].datatype, DType::kString);
  EXPECT_THAT(read.config->inputs[0].dims, ElementsAre(1));
  EXPECT_THAT(read.config->outputs[0].dims, ElementsAre(3, 224, 224));
}

TEST_P(ImageBackend, MakesOfFilesWhatTheContractMakesOfThem) {
  const auto model = instance("parameters { key: \"crop\" value { string_value: \"32\" } }");
  ASSERT_NE(model, nullptr);
  const std::string jpeg = jpeg_of(noise(60, 40));
  const auto job = send(*model, {jpeg, png_of(noise(33, 70))});
  ASSERT_EQ(job->error(), "");
  const Tensor pixels = job->output("PIXELS");
  EXPECT_EQ(pixels.shape(), (Shape{2, 3, 32, 32}));
  const Preprocessing how = Preprocessing::for_size(32);
  const Image decoded = vision::decode_image(std::as_bytes(std::span(jpeg)), "jpeg").value();
  EXPECT_EQ(values_of(pixels, 0), expected(decoded, how));
  EXPECT_EQ(values_of(pixels, 1), expected(noise(33, 70), how));
}

TEST_P(ImageBackend, TakesTheRecipeFromAModelBesideItAndPartsOfItFromParameters) {
  const Preprocessing how{
      .resize_shorter = 20, .crop = 16, .mean = {0.5F, 0.25F, 0.125F}, .stddev = {1, 2, 4}};
  Graph graph{.name = "relu"};
  graph.inputs = {{"x", {DType::kF32, Shape{-1, 3, 16, 16}}, {"n", "", "", ""}}};
  graph.outputs = {{"y", {DType::kF32, Shape{-1, 3, 16, 16}}, {"n", "", "", ""}}};
  graph.nodes = {{.name = "relu", .op = "Relu", .inputs = {"x"}, .outputs = {"y"}}};
  graph.metadata = vision::to_metadata({.preprocessing = how, .classes = {}});
  files_.write("net/2/model.onnx", formats::to_onnx(graph).value());
  files_.write("net/1/model.onnx", "not looked at");
  const Image image = noise(40, 30);
  const auto named = instance("parameters { key: \"model\" value { string_value: \"net\" } }");
  ASSERT_NE(named, nullptr);
  EXPECT_EQ(values_of(send(*named, {png_of(image)})->output("PIXELS")), expected(image, how));

  const auto changed = instance(
      "parameters { key: \"model\" value { string_value: \"net\" } }\n"
      "parameters { key: \"mean\" value { string_value: \"0, 0, 0\" } }\n"
      "parameters { key: \"color_order\" value { string_value: \"BGR\" } }\n"
      "parameters { key: \"layout\" value { string_value: \"NHWC\" } }");
  ASSERT_NE(changed, nullptr);
  Preprocessing other = how;
  other.mean = {0, 0, 0};
  other.color_order = vision::ColorOrder::kBgr;
  other.layout = vision::Layout::kNhwc;
  const Tensor pixels = send(*changed, {png_of(image)})->output("PIXELS");
  EXPECT_EQ(pixels.shape(), (Shape{1, 16, 16, 3}));
  EXPECT_EQ(values_of(pixels), expected(image, other));
}

TEST_P(ImageBackend, NormalisesPixelsOfItsSizeAndResizesOthers) {
  const std::string pixels_of = "max_batch_size: 2 input { name: \"RAW\" data_type: TYPE_UINT8 dims: [ ";
  const std::string output = "output { name: \"PIXELS\" data_type: TYPE_FP32 dims: [ 3, 16, 16 ] }";
  const auto ready = instance(pixels_of + "16, 16, 3 ] }\n" + output);
  ASSERT_NE(ready, nullptr);
  Preprocessing as_it_is = Preprocessing::for_size(16);
  as_it_is.resize_shorter = 16;
  EXPECT_EQ(values_of(send(*ready, noise(16, 16))->output("PIXELS")), expected(noise(16, 16), as_it_is));

  const auto any = instance(pixels_of + "-1, -1, 3 ] }\n" + output);
  ASSERT_NE(any, nullptr);
  for (const auto& [width, height] : {std::pair(16, 16), std::pair(50, 20), std::pair(3, 90)})
    EXPECT_EQ(values_of(send(*any, noise(width, height))->output("PIXELS")),
              expected(noise(width, height), Preprocessing::for_size(16)));
}

TEST_P(ImageBackend, ABadPictureFailsItsOwnRequestAndSaysWhich) {
  const auto model = instance("");
  ASSERT_NE(model, nullptr);
  const std::string whole = jpeg_of(noise(64, 64));
  const auto refused = [&](const std::string& file) { return send(*model, {whole, file})->error(); };
  EXPECT_THAT(refused(whole.substr(0, whole.size() / 2)), HasSubstr("input 'IMAGE', image 1: "));
  EXPECT_THAT(refused("GIF?"), HasSubstr("not a JPEG, PNG"));
  EXPECT_THAT(refused(""), HasSubstr("the file is empty"));
  EXPECT_THAT(refused(png_of(Image(1, 2'000'000))), HasSubstr("too narrow (1x2000000 pixels)"));
  EXPECT_EQ(send(*model, {whole})->error(), "");
}

TEST_P(ImageBackend, WhatDoesNotFitItsRecipeIsAFinding) {
  const auto with = [&](const std::string& key, const std::string& value) {
    return findings("parameters { key: \"" + key + "\" value { string_value: \"" + value + "\" } }");
  };
  EXPECT_THAT(with("crop", "0"), HasSubstr("\"crop\" must be a number of pixels"));
  EXPECT_THAT(with("mean", "0.5, 0.5"), HasSubstr("\"mean\" must be three numbers"));
  EXPECT_THAT(with("interpolation", "best"), HasSubstr("\"interpolation\" must be one of bilinear"));
  EXPECT_THAT(with("model", "net"), HasSubstr("parameter 'model': "));
  EXPECT_THAT(with("model", "../net"), HasSubstr("a model's name is that of one folder"));
  EXPECT_THAT(findings("output { name: \"y\" data_type: TYPE_FP32 dims: [ 3, 64, 32 ] }"),
              HasSubstr("makes TYPE_FP32 [3,64,64] by its recipe; output 'y' is TYPE_FP32 [3,64,32]"));
  EXPECT_THAT(findings("input { name: \"x\" data_type: TYPE_FP32 dims: [ 3 ] }"),
              HasSubstr("takes files, TYPE_STRING [1], or pixels"));
  files_.write("net/1/model.onnx", relu_onnx({-1, 3}));
  EXPECT_THAT(with("model", "net"), HasSubstr("carries no preprocessing contract"));
}

INSTANTIATE_TEST_SUITE_P(Isolation, ImageBackend, testing::Values("thread", "process"));

TEST(IdentityBackend, GivesEveryInputBackAtItsPlace) {
  ModelConfig config = config_of(
      "name: \"m\" backend: \"identity\" max_batch_size: 8\n"
      "input [ { name: \"a\" data_type: TYPE_FP32 dims: [ 2 ] },\n"
      "        { name: \"b\" data_type: TYPE_UINT8 dims: [ 1 ] optional: true } ]\n"
      "output [ { name: \"A\" data_type: TYPE_FP32 dims: [ 2 ] },\n"
      "         { name: \"B\" data_type: TYPE_UINT8 dims: [ 1 ] } ]");
  const auto model = make_backends().at("identity")->load({.config = config});
  ASSERT_TRUE(model.ok()) << model.status().message();
  const std::vector<float> values = {1, 2, 3, 4};
  const auto job = std::make_shared<RecordedJob>(
      std::vector<RecordedJob::Input>{{"a", Tensor::from_values<float>({2, 2}, values).value()}}, 2);
  const std::shared_ptr<Job> batch = job;
  (*model)->make_instance({}).value()->execute(std::span(&batch, 1));
  EXPECT_THAT(job->output("A").as<float>(), ElementsAre(1, 2, 3, 4));
  EXPECT_TRUE(job->output("B").empty());

  config.outputs[0].dims = {3};
  EXPECT_THAT(make_backends().at("identity")->load({.config = config}).status().message(),
              HasSubstr("gives input 'a' back as 'A'"));
}

}  // namespace
}  // namespace ridgeline::serve
