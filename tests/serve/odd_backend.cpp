#include "serve/odd_backend.h"

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

#include "serve/process/frames.h"
#include "serve/process/pack.h"
#include "serve/process/protocol.h"

namespace ridgeline::serve {
namespace {

Answer answer_of(std::vector<float> values, Shape shape) {
  Answer answer;
  const auto kept = std::make_shared<const std::vector<float>>(std::move(values));
  answer.keep_alive.push_back(kept);
  answer.response.outputs.push_back({.name = "OUT",
                                     .datatype = DType::kF32,
                                     .shape = std::move(shape),
                                     .data = std::as_bytes(std::span(*kept))});
  return answer;
}

void say(std::span<const std::byte> bytes) {
  [[maybe_unused]] const ssize_t written = write(kExecuteDescriptor, bytes.data(), bytes.size());
}

void say_frame(uint32_t bytes, FromChild kind, uint64_t tag, std::span<const std::byte> body) {
  Packer frame;
  frame.put(bytes);
  frame.put(static_cast<uint32_t>(kind));
  frame.put(tag);
  say(frame.body());
  say(body);
}

/// The beginning of answers without a word about tensors. Not inlined: GCC 12 sees an overflow where there is
/// none.
[[gnu::noinline]] void put_answers(Packer& body, uint64_t block_bytes, uint32_t count) {
  body.put(static_cast<uint8_t>(Outcome::kAnswers));
  body.put(uint64_t{0});
  body.put(block_bytes);
  body.put(static_cast<uint8_t>(block_bytes > 0 ? 1 : 0));
  body.put(count);
}

/// Answers to one request: OUT of two floats, far outside.
Packer answers_outside() {
  Packer body;
  put_answers(body, 64, 1);
  body.put(static_cast<uint8_t>(AnswerKind::kTensors));
  body.put_text("");
  body.put(uint32_t{1});
  body.put_text("OUT");
  body.put(static_cast<uint8_t>(DType::kF32));
  body.put(uint8_t{2});
  body.put(int64_t{1});
  body.put(int64_t{2});
  body.put(uint64_t{UINT64_MAX - 7});
  body.put(uint64_t{8});
  return body;
}

Packer two_answers() {
  Packer body;
  put_answers(body, 0, 2);
  body.put(static_cast<uint8_t>(AnswerKind::kNone));
  body.put(static_cast<uint8_t>(AnswerKind::kNone));
  return body;
}

void overwrite(int descriptor) {
  constexpr size_t kBytes = 1 << 20;
  void* const memory = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (memory != MAP_FAILED) std::memset(memory, 0, kBytes);
}

class OddInstance : public Instance {
 public:
  ComputeTimes execute(std::span<const std::shared_ptr<Job>> batch) override {
    ++batches_;
    for (const auto& job : batch) {
      float first = 0;
      std::memcpy(&first, job->request().inputs.at(0).data.data(), sizeof first);
      answer(*job, first);
    }
    return {.input = Nanos(-5), .infer = std::chrono::hours(5), .output = Nanos(3)};
  }

 private:
  void answer(Job& job, float first) const {
    const auto oddity = static_cast<Oddity>(static_cast<int>(first));
    const float process = static_cast<float>(getpid());
    Answer answer = answer_of({first, process}, {1, 2});
    wire::OutputTensor& output = answer.response.outputs.front();
    switch (oddity) {
      case Oddity::kNone:
        break;
      case Oddity::kAbort:
        std::abort();
      case Oddity::kExit:
        say_on_output("out of luck\n");
        _exit(7);
      case Oddity::kThrow:
        throw std::runtime_error("thrown on purpose");
      case Oddity::kShape:
        answer = answer_of({first, process, 0}, {1, 3});
        break;
      case Oddity::kRows:
        answer = answer_of({first, process, first, process}, {2, 2});
        break;
      case Oddity::kDatatype:
        output.datatype = DType::kI32;
        break;
      case Oddity::kName:
        output.name = "OTHER";
        break;
      case Oddity::kNegative:
        output.shape = Shape({-1, -2});
        break;
      case Oddity::kSize:
        output.data = output.data.first(4);
        break;
      case Oddity::kTooMuch:
        answer = answer_of(std::vector<float>(1 << 21), {1, 1 << 21});
        break;
      case Oddity::kNoAnswer:
        return;
      case Oddity::kLastCode:
        return job.answer(timed_out("took too long"));
      default:
        misbehave(oddity);
    }
    job.answer(std::move(answer));
  }

  static void say_on_output(std::string_view text) {
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
  }

  /// On the stream itself. The tag of a batch is that of its first request: each request has one.
  void misbehave(Oddity oddity) const {
    const std::vector<std::byte> garbage(1000, std::byte{0x5a});
    const auto frame = [&](const Packer& body, uint64_t tag) {
      say_frame(static_cast<uint32_t>(body.body().size()), FromChild::kExecuted, tag, body.body());
    };
    if (oddity == Oddity::kOffset) frame(answers_outside(), batches_);
    if (oddity == Oddity::kGarbage) say(garbage);
    if (oddity == Oddity::kHugeFrame) say_frame(UINT32_MAX, FromChild::kExecuted, batches_, {});
    if (oddity == Oddity::kOtherTag) frame(two_answers(), 999);
    if (oddity == Oddity::kCount) frame(two_answers(), batches_);
    if (oddity == Oddity::kClose) close(kExecuteDescriptor);
    if (oddity == Oddity::kCutInputs) {
      const bool cut = ftruncate(kInputsDescriptor, 0) == 0 || ftruncate(kOutputsDescriptor, 0) == 0;
      if (!cut) std::abort();
    }
    if (oddity == Oddity::kFreeAll) {
      overwrite(kInputsDescriptor);
      overwrite(kOutputsDescriptor);
    }
  }

  uint64_t batches_ = 0;
};

class OddModel : public LoadedModel {
 public:
  OddModel(ModelSource source, std::string load) : source_(std::move(source)), load_(std::move(load)) {
    if (load_ == "lie") source_.config.outputs.at(0).dims = {0, -7};
  }
  const ModelConfig& config() const override { return source_.config; }
  Result<std::unique_ptr<Instance>> make_instance(const Place&) override {
    if (load_ == "fail again" && std::filesystem::exists(source_.model_path + "/" + load_))
      return invalid_argument("no weights");
    return std::unique_ptr<Instance>(std::make_unique<OddInstance>());
  }

 private:
  ModelSource source_;
  std::string load_;
};

class OddBackend : public Backend {
 public:
  std::string_view name() const override { return "identity"; }
  Result<std::unique_ptr<LoadedModel>> load(const ModelSource& source) const override {
    const auto found = source.config.parameters.find("load");
    const std::string load = found == source.config.parameters.end() ? "" : found->second;
    if (load == "abort") std::abort();
    if (load == "hog") {
      constexpr size_t kBytes = 512 << 20;
      static const std::vector<std::byte> hog(kBytes, std::byte{1});
      return invalid_argument("the file is broken at byte {}", hog.size());
    }
    return std::unique_ptr<LoadedModel>(std::make_unique<OddModel>(source, load));
  }
};

}  // namespace

std::unique_ptr<const Backend> odd_backend() { return std::make_unique<OddBackend>(); }

}  // namespace ridgeline::serve
