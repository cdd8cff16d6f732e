// The backends behind a whole server: pictures through an ensemble, and batches that the scheduler makes.

#include <gmock/gmock.h>

#include "base/rng.h"
#include "graph/zoo/zoo.h"
#include "serve/backends/backends.h"
#include "service_fixture.h"
#include "vision/encode.h"
#include "vision/preprocess.h"
#include "wire/bytes.h"

namespace ridgeline::serve {
namespace {

using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;
using vision::Image;
using vision::Preprocessing;

class BackendsService : public ServiceTest {
 protected:
  static Preprocessing recipe() { return {.resize_shorter = 12, .crop = 8, .mean = {0.5F, 0.25F, 0.125F}}; }

  /// "means" gives an image's mean of each channel; "pictures" prepares files for it, "both" does both.
  void write_models() {
    Graph graph{.name = "means"};
    graph.inputs = {{"x", {DType::kF32, Shape{-1, 3, 8, 8}}, {"n", "", "", ""}}};
    graph.outputs = {{"y", {DType::kF32, Shape{-1, 3}}, {"n", ""}}};
    graph.nodes = {{.name = "pool", .op = "GlobalAveragePool", .inputs = {"x"}, .outputs = {"p"}},
                   {.name = "flat", .op = "Flatten", .inputs = {"p"}, .outputs = {"y"}}};
    graph.metadata = vision::to_metadata({.preprocessing = recipe(), .classes = {"red", "green", "blue"}});
    const Result<std::string> onnx = formats::to_onnx(graph);
    ASSERT_TRUE(onnx.ok()) << onnx.status().message();
    files_.write("means/1/model.onnx", *onnx);
    files_.write("means/config.pbtxt",
                 "backend: \"ridgeline\" max_batch_size: 4\n"
                 "dynamic_batching { max_queue_delay_microseconds: 2000 }\n"
                 "instance_group { count: 2 kind: KIND_CPU }");
    files_.write("pictures/config.pbtxt",
                 "backend: \"image\" parameters { key: \"model\" value { string_value: \"means\" } }");
    files_.write("both/config.pbtxt",
                 "platform: \"ensemble\" max_batch_size: 4\n"
                 "input { name: \"FILE\" data_type: TYPE_STRING dims: [ 1 ] }\n"
                 "output { name: \"MEANS\" data_type: TYPE_FP32 dims: [ 3 ] }\n"
                 "ensemble_scheduling {\n"
                 "step { model_name: \"pictures\" model_version: -1\n"
                 "  input_map { key: \"IMAGE\" value: \"FILE\" }\n"
                 "  output_map { key: \"PIXELS\" value: \"pixels\" } }\n"
                 "step { model_name: \"means\" model_version: -1\n"
                 "  input_map { key: \"x\" value: \"pixels\" }\n"
                 "  output_map { key: \"y\" value: \"MEANS\" } } }");
  }

  void start_server() {
    auto started = start_service(options(), make_backends());
    ASSERT_TRUE(started.ok()) << started.status().message();
    service_ = std::move(started).value();
  }

  static Image noise(int width, int height) {
    Image image(width, height);
    Rng rng(static_cast<uint64_t>(width));
    for (uint8_t& level : image.rgb) level = static_cast<uint8_t>(rng.below(256));
    return image;
  }

  static std::vector<float> means_of(const Image& image) {
    std::vector<float> pixels(3 * 8 * 8);
    EXPECT_TRUE(vision::preprocess(image, recipe(), pixels).ok());
    std::vector<float> means(3);
    for (size_t i = 0; i < pixels.size(); ++i) means[i / 64] += pixels[i] / 64;
    return means;
  }

  static wire::InferRequest file_request(const std::string& file) {
    wire::InferRequest request{.model = "both"};
    std::vector<std::byte> bytes;
    wire::append_string(bytes, file);
    const auto data = wire::keep(std::move(bytes), request);
    request.inputs.push_back({.name = "FILE", .datatype = DType::kString, .shape = {1, 1}, .data = data});
    return request;
  }
};

TEST_F(BackendsService, ManyPicturesAtOnceEachGetTheirOwnAnswer) {
  write_models();
  start_server();
  ASSERT_NE(service_, nullptr);
  std::vector<std::shared_ptr<KeptAnswers>> clients;
  for (int width = 9; width < 49; ++width)
    clients.push_back(
        send(file_request(vision::encode_png(noise(width, 20), vision::PngColor::kRgb).value())));
  for (size_t i = 0; i < clients.size(); ++i) {
    const Result<Answer> answer = clients[i]->await_one();
    ASSERT_TRUE(answer.ok()) << answer.status().message();
    EXPECT_THAT(floats_of(answer->response.outputs.front()),
                Pointwise(FloatNear(1e-5F), means_of(noise(static_cast<int>(i) + 9, 20))));
  }
}

TEST_F(BackendsService, ABadPictureIsRefusedAmongGoodOnes) {
  write_models();
  start_server();
  ASSERT_NE(service_, nullptr);
  const std::string good = vision::encode_png(noise(30, 20), vision::PngColor::kRgb).value();
  const auto before = send(file_request(good));
  const auto bad = send(file_request("\xff\xd8\xff and no more"));
  const auto after = send(file_request(good));
  EXPECT_TRUE(before->await_one().ok());
  EXPECT_TRUE(after->await_one().ok());
  const Result<Answer> refused = bad->await_one();
  EXPECT_EQ(refused.status().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.status().message(), HasSubstr("image 0"));
}

TEST_F(BackendsService, TellsTheMemoryOfModelsWhoseEngineKnowsItWithWeightsThatInstancesShareOnce) {
  const Graph lenet = zoo::make("lenet", {.num_classes = 10, .image_size = 32}).value();
  for (const std::string count : {"1", "2"}) {
    files_.write("known" + count + "/1/model.onnx", formats::to_onnx(lenet).value());
    files_.write(
        "known" + count + "/config.pbtxt",
        "backend: \"ridgeline\" max_batch_size: 1 instance_group { count: " + count + " kind: KIND_CPU }");
  }
  files_.write("unknown/config.pbtxt",
               "backend: \"identity\" max_batch_size: 0\n"
               "input { name: \"INPUT0\" data_type: TYPE_FP32 dims: [ 1 ] }\n"
               "output { name: \"OUTPUT0\" data_type: TYPE_FP32 dims: [ 1 ] }");
  start_server();
  ASSERT_NE(service_, nullptr);
  const auto memory = [this](const std::string& model) {
    return service_->statistics(model, "")->at(0).memory;
  };
  ASSERT_EQ(memory("known1").size(), 1U);
  ASSERT_EQ(memory("known2").size(), 1U);
  EXPECT_EQ(memory("known1")[0].type, "CPU");
  const auto weights = static_cast<uint64_t>(lenet.parameter_count()) * sizeof(float);
  const uint64_t one = memory("known1")[0].byte_size, two = memory("known2")[0].byte_size;
  EXPECT_GE(one, weights);
  EXPECT_GT(two, one) << "an instance has values of its own";
  EXPECT_LT(two, one + weights) << "instances share weights";
  EXPECT_TRUE(memory("unknown").empty());
}

}  // namespace
}  // namespace ridgeline::serve
