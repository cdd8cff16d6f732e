// Trains ResNet-18 from JPEG files as `ridgeline train` does, a batch at a time and on request: what `./run
// crosscheck train` races against the usual Python script. A request is a line of JSON, as in
// bench/worker_protocol.h:
//   {"op":"load","mode":"loader"|"compute"|"both","data":DIR,"precision":…,"batch_size":…,"image_size":…,"threads":…}
//   {"op":"run","skip":n,"iterations":k} -> {"times_us":[k]}: of one batch each
//   {"op":"learn","weights":FILE,"batches":FILE,"optimizer":"sgd"|"adamw","learning_rate":…,"weight_decay":…,"direct":…,"threads":…,"out":FILE}
//     -> {"losses":[…]}: of a step on each pair of images (N × H × W × 3) and targets in `batches`; `out`
//     gets the weights after

#include <chrono>
#include <fmt/core.h>
#include <iostream>
#include <string>

#include "base/json.h"
#include "bench/worker_protocol.h"
#include "engine/plugin_host.h"
#include "formats/state_dict.h"
#include "formats/weights.h"
#include "graph/zoo/zoo.h"
#include "train/learner.h"
#include "vision/loader.h"

namespace {

using namespace ridgeline;
using Clock = std::chrono::steady_clock;

constexpr double kLearningRate = 0.01;

class Worker {
 public:
  Result<Json> handle(const Json& request) {
    if (request.at("op") == bench::kOpLoad) return load(request);
    if (request.at("op") == "learn") return learn(request);
    return run(request.at("skip"), request.at("iterations"));
  }

 private:
  Result<Json> load(const Json& request) {
    mode_ = request.at("mode");
    precision_ = request.at("precision") == "bf16" ? Precision::kBf16 : Precision::kFp32;
    RETURN_IF_ERROR(open_loader(request));
    RETURN_IF_ERROR(next_batch());
    if (mode_ != "loader") RETURN_IF_ERROR(make_learner(request));
    return Json::object();
  }

  Status open_loader(const Json& request) {
    ASSIGN_OR_RETURN(const vision::ImageFolder folder, vision::scan_image_folder(request.at("data")));
    classes_ = static_cast<int>(folder.classes.size());
    ASSIGN_OR_RETURN(loader_, vision::Loader::open(
                                  folder.files,
                                  {.preprocessing = vision::Preprocessing::for_size(request.at("image_size")),
                                   .augmentation = vision::Augmentation{},
                                   .classes = classes_,
                                   .batch_size = request.at("batch_size"),
                                   .shuffle = true,
                                   .drop_last = true,
                                   .threads = request.at("threads")}));
    if (loader_->batches_per_epoch() == 0) return invalid_argument("the folder holds less than one batch");
    return {};
  }

  Status make_learner(const Json& request) {
    ASSIGN_OR_RETURN(const Graph graph, zoo::make("resnet18", {.num_classes = classes_}));
    ASSIGN_OR_RETURN(learner_,
                     train::make_learner(graph, {.precision = precision_, .threads = request.at("threads")},
                                         plugin_directories()));
    return {};
  }

  static Result<Json> learn(const Json& request) {
    ASSIGN_OR_RETURN(const std::vector<Tensor> batches, bench::read_tensors(request.at("batches")));
    ASSIGN_OR_RETURN(const formats::StateDict first, formats::load_state_dict(request.at("weights")));
    ASSIGN_OR_RETURN(Graph graph, zoo::make("resnet18", {.num_classes = batches.at(1).shape()[1]}));
    RETURN_IF_ERROR(formats::load_weights(first, graph));
    const bool is_sgd = request.at("optimizer") == "sgd";
    const train::OptimizerOptions optimizer{
        .kind = is_sgd ? train::OptimizerKind::kSgd : train::OptimizerKind::kAdamW,
        .weight_decay = request.at("weight_decay")};
    ASSIGN_OR_RETURN(
        const auto learner,
        train::make_learner(graph,
                            {.threads = request.at("threads"),
                             .convolution = request.at("direct").get<bool>() ? train::ConvolutionKind::kDirect
                                                                             : train::ConvolutionKind::kFast,
                             .optimizer = optimizer},
                            plugin_directories()));
    Json losses = Json::array();
    for (size_t i = 0; i + 1 < batches.size(); i += 2) {
      ASSIGN_OR_RETURN(const train::StepResult step,
                       learner->step(batches[i].view(), batches[i + 1].view(), request.at("learning_rate")));
      losses.push_back(step.loss);
    }
    formats::StateDict last;
    for (const auto& [name, tensor] : first.tensors) {
      ASSIGN_OR_RETURN(Tensor value, learner->state(name));
      last.tensors.emplace_back(name, std::move(value));
    }
    RETURN_IF_ERROR(formats::save_pth(last, request.at("out")));
    return Json{{"losses", std::move(losses)}};
  }

  Status next_batch() {
    batch_.reset();  // its memory is used again
    while (!batch_) {
      ASSIGN_OR_RETURN(batch_, loader_->next());
    }
    return {};
  }

  Status iterate() {
    if (mode_ != "compute") RETURN_IF_ERROR(next_batch());
    if (mode_ == "loader") return {};
    return learner_->step(batch_->images.view(), batch_->targets.view(), kLearningRate).status();
  }

  Result<Json> run(int skip, int iterations) {
    Json times_us = Json::array();
    for (int i = 0; i < skip + iterations; ++i) {
      const Clock::time_point start = Clock::now();
      RETURN_IF_ERROR(iterate());
      if (i >= skip)
        times_us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    }
    return Json{{"times_us", std::move(times_us)}};
  }

  std::string mode_;
  Precision precision_ = Precision::kFp32;
  int classes_ = 0;
  std::unique_ptr<vision::Loader> loader_;
  std::unique_ptr<train::Learner> learner_;
  std::optional<vision::Batch> batch_;
};

Json answer(Worker& worker, const std::string& line) {
  Result<Json> request = parse_json(line, "request");
  Result<Json> result = request.ok() ? worker.handle(*request) : request.status();
  return result.ok() ? Json{{"ok", *std::move(result)}} : bench::error_answer(result.status());
}

}  // namespace

int main() {
  Worker worker;
  for (std::string line; std::getline(std::cin, line);) {
    fmt::print("{}\n", answer(worker, line).dump());
    std::fflush(stdout);
  }
  return 0;
}
