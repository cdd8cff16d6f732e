// Trains ResNet-18 from JPEG files as `ridgeline train` does, a batch at a time and on request: what `./run
// crosscheck train` races against the usual Python script. A request is a line of JSON, as in
// bench/worker_protocol.h:
//   {"op":"load","mode":"loader"|"compute"|"both","data":DIR,"precision":…,"batch_size":…,"image_size":…,"threads":…}
//   {"op":"run","skip":n,"iterations":k} -> {"times_us":[k]}: of one batch each

#include <chrono>
#include <fmt/core.h>
#include <iostream>
#include <string>

#include "base/json.h"
#include "bench/worker_protocol.h"
#include "engine/plugin_host.h"
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
