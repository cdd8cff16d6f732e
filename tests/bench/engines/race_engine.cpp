// An engine whose every call is the same arithmetic for about half a millisecond. Compiled once per
// behaviour: SPIN_PERCENT more arithmetic, NAP_MS asleep, OFFSET added to the outputs, a misdeed
// ON_TENTH_CALL, or no service at all.

#include <chrono>
#include <csignal>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/plugin/plugin_engine.h"

#ifndef SPIN_PERCENT
#define SPIN_PERCENT 0
#endif
#ifndef NAP_MS
#define NAP_MS 0
#endif
#ifndef OFFSET
#define OFFSET 0
#endif
#ifndef ON_TENTH_CALL
#define ON_TENTH_CALL kNothing
#endif
#ifndef REFUSES
#define REFUSES false
#endif
#ifndef ABSENT
#define ABSENT false
#endif

namespace ridgeline::plugin {
namespace {

enum class Misdeed { kNothing, kCrash, kHang, kEat, kThrow };

constexpr int kClasses = 3;
constexpr long kSteps = 150000L * (100 + SPIN_PERCENT) / 100;

void spin() {
  volatile double sink = 1;
  double value = sink;
  for (long i = 0; i < kSteps; ++i) value = value * 0.999 + 0.001;
  sink = value;
}

void misbehave(Misdeed misdeed) {
  switch (misdeed) {
    case Misdeed::kNothing:
      return;
    case Misdeed::kCrash:
      std::fputs("these are my last words\n", stderr);
      std::signal(SIGSEGV, SIG_DFL);  // a sanitizer has a handler of its own, which ends in an exit code
      std::raise(SIGSEGV);
      return;
    case Misdeed::kHang:
      for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
    case Misdeed::kEat:
      for (std::vector<std::vector<char>> eaten;; std::this_thread::sleep_for(std::chrono::milliseconds(1)))
        eaten.emplace_back(size_t{1} << 22, 'x');
    case Misdeed::kThrow:
      throw std::runtime_error("out of sorts");
  }
}

class RaceSession : public Session {
 public:
  explicit RaceSession(const Shape& shape) : plane_(static_cast<size_t>(shape[2] * shape[3])) {
    signature_.inputs = {{.name = "x", .type = {DType::kF32, shape}, .dim_names = {}}};
    signature_.outputs = {{.name = "y", .type = {DType::kF32, Shape{shape[0], kClasses}}, .dim_names = {}}};
    logits_.resize(static_cast<size_t>(shape[0]) * kClasses);
  }

  const Signature& signature() const override { return signature_; }

  Status run(std::span<const TensorView> in, std::span<TensorView> out) override {
    if (++calls_ == 10) misbehave(Misdeed::ON_TENTH_CALL);
    spin();
    std::this_thread::sleep_for(std::chrono::milliseconds(NAP_MS));
    const auto x = in[0].as<float>();
    for (size_t i = 0; i < logits_.size(); ++i) logits_[i] = x[i * plane_] + static_cast<float>(OFFSET);
    out[0].shape = signature_.outputs[0].type.shape.value();
    if (out[0].data == nullptr) out[0].data = reinterpret_cast<std::byte*>(logits_.data());
    return {};
  }

  Result<std::vector<OpTime>> profile(std::span<const TensorView>, int) override {
    return std::vector<OpTime>{{"spin", "Conv", "loop", 500}};
  }

  MemoryUse memory() const override { return {}; }

 private:
  size_t plane_;
  Signature signature_;
  std::vector<float> logits_;
  int calls_ = 0;
};

class RaceEngine : public PluginEngine {
 public:
  const char* name() const override { return ENGINE_NAME; }
  std::string version() const override { return "1"; }
  Capabilities probe() const override {
    if (ABSENT) return {false, "not installed; install it", {}};
    return {true, "", {{"cpu", true, "", {Precision::kFp32}}}};
  }
  Status supports(const Model&, const SessionOptions&) const override {
    return REFUSES ? unsupported("has no Conv") : Status();
  }
  Result<std::unique_ptr<Session>> compile(const Model&, const SessionOptions& options) const override {
    return std::unique_ptr<Session>(std::make_unique<RaceSession>(options.input_shapes.at("x")));
  }
};

}  // namespace

const PluginEngine& engine() {
  static const RaceEngine kEngine;
  return kEngine;
}

}  // namespace ridgeline::plugin
