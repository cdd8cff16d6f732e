// What a request pays for a model in a Python process: round trips of an identity model, beside those of the
// same frames to a process in C++ that does nothing. `python_backend_benchmark`; alternating rounds, so
// ratios hold on a busy machine too.

#include "serve/python/python_backend.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/file.h"
#include "serve/process/frames.h"
#include "support/temporary_folder.h"

namespace ridgeline::serve {
namespace {

constexpr const char* kIdentity = R"(
import triton_python_backend_utils as pb_utils
class TritonPythonModel:
    def execute(self, requests):
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUT", pb_utils.get_input_tensor_by_name(r, "IN").as_numpy())])
                for r in requests]
)";
constexpr int kRounds = 20;
constexpr int kTripsARound = 500;

class Identity : public Job {
 public:
  explicit Identity(int64_t floats) : values_(static_cast<size_t>(floats), 1.0F) {
    request_.inputs = {{.name = "IN", .shape = {floats}, .data = std::as_bytes(std::span(values_))}};
  }
  const wire::InferRequest& request() const override { return request_; }
  int64_t rows() const override { return 1; }
  bool cancelled() const override { return false; }
  void answer(Result<Answer> answer) override {
    answered_ = answer.ok() && answer->response.outputs.size() == 1;
  }
  void end() override {}
  bool answered() const { return answered_; }

 private:
  std::vector<float> values_;
  wire::InferRequest request_;
  bool answered_ = false;
};

/// A process that sends every frame back.
class Echo {
 public:
  Echo() {
    auto ends = FrameSocket::pair().value();
    ours_ = std::move(ends.first);
    child_ = fork();
    if (child_ != 0) return;
    FrameSocket theirs(std::move(ends.second));
    for (Result<Frame> frame = theirs.receive(); frame.ok(); frame = theirs.receive())
      if (!theirs.send(frame->kind, frame->tag, frame->body).ok()) break;
    _exit(0);
  }
  ~Echo() {
    ours_.shut_down();
    waitpid(child_, nullptr, 0);
  }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;

  bool trip() { return ours_.send(1, 1, std::vector<std::byte>(120)).ok() && ours_.receive().ok(); }

 private:
  FrameSocket ours_;
  pid_t child_ = -1;
};

ModelSource identity_source(const std::string& folder) {
  ModelSource source{.model_path = folder, .version_path = folder + "/1"};
  source.config.name = "identity";
  source.config.outputs.emplace_back().name = "OUT";
  return source;
}

void print(const char* name, std::vector<double> us) {
  std::ranges::sort(us);
  const auto at = [&](double part) {
    return us[static_cast<size_t>(part * static_cast<double>(us.size() - 1))];
  };
  std::printf("%-24s %8.1f %8.1f %8.1f\n", name, at(0.5), at(0.9), at(0.99));
}

Status measure() {
  Echo echo;  // forks before there are threads
  const TemporaryFolder folder;
  const ModelSource source = identity_source(folder / "identity");
  RETURN_IF_ERROR(make_directories(source.version_path));
  RETURN_IF_ERROR(write_file_atomically(source.version_path + "/model.py", kIdentity));
  ASSIGN_OR_RETURN(const std::unique_ptr<LoadedModel> model, python_backend({})->load(source));
  ASSIGN_OR_RETURN(const std::unique_ptr<Instance> instance, model->make_instance({.name = "identity_0_0"}));
  const auto identity = [&](int64_t floats) {
    const auto job = std::make_shared<Identity>(floats);
    const std::vector<std::shared_ptr<Job>> batch = {job};
    return [&instance, job, batch] {
      instance->execute(batch);
      return job->answered();
    };
  };
  const std::vector<std::pair<const char*, std::function<bool()>>> cases = {
      {"frames, C++", [&] { return echo.trip(); }},
      {"identity, 16 floats", identity(16)},
      {"identity, 3x224x224", identity(3 * 224 * 224)}};
  std::map<std::string, std::vector<double>> times;
  for (int round = 0; round < kRounds; ++round)
    for (const auto& [name, trip] : cases)
      for (int i = 0; i < kTripsARound; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        if (!trip()) return internal_error("{}: a request was not answered", name);
        times[name].push_back(
            std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
      }
  std::printf("%-24s %8s %8s %8s\n", "round trip, us", "p50", "p90", "p99");
  for (const auto& [name, trip] : cases) print(name, times[name]);
  return {};
}

}  // namespace
}  // namespace ridgeline::serve

int main() {
  const ridgeline::Status status = ridgeline::serve::measure();
  if (!status.ok()) std::fprintf(stderr, "python_backend_benchmark: %s\n", status.message().c_str());
  return status.ok() ? 0 : 1;
}
