// A plugin whose model is a word: "double" computes y = 2x and the positive elements of x; "throw",
// "throw_int" and "exhaust" leave by an exception when run, "throw_early" when compiled.

#include <algorithm>
#include <new>
#include <stdexcept>

#include "engine/plugin/plugin_engine.h"

namespace ridgeline::plugin {

namespace {

class SampleSession : public Session {
 public:
  SampleSession(std::string_view word, const SessionOptions& options) : word_(word) {
    const Shape shape = options.input_shapes.contains("x") ? options.input_shapes.at("x") : Shape{2};
    signature_.inputs = {{.name = "x", .type = {DType::kF32, shape}, .dim_names = {}}};
    signature_.outputs = {{.name = "y", .type = {DType::kF32, shape}, .dim_names = {}},
                          {.name = "positives", .type = {DType::kF32, Shape{-1}}, .dim_names = {}}};
    doubled_.resize(static_cast<size_t>(shape.element_count()));
  }

  const Signature& signature() const override { return signature_; }

  Status run(std::span<const TensorView> in, std::span<TensorView> out) override {
    if (word_ == "throw") throw std::runtime_error("sample is out of sorts");
    if (word_ == "throw_int") throw 7;
    if (word_ == "exhaust") throw std::bad_alloc();
    const auto x = in[0].as<float>();
    std::transform(x.begin(), x.end(), doubled_.begin(), [](float value) { return 2 * value; });
    if (out[0].data != nullptr) {
      std::copy(doubled_.begin(), doubled_.end(), out[0].as<float>().begin());
    } else {
      out[0].data = reinterpret_cast<std::byte*>(doubled_.data());
      out[0].shape = in[0].shape;
    }
    positives_.clear();
    std::copy_if(x.begin(), x.end(), std::back_inserter(positives_), [](float value) { return value > 0; });
    out[1].shape = Shape{static_cast<int64_t>(positives_.size())};
    out[1].data = reinterpret_cast<std::byte*>(positives_.data());
    return {};
  }

  Result<std::vector<OpTime>> profile(std::span<const TensorView>, int iterations) override {
    return std::vector<OpTime>{{"all", "Double", "sample", static_cast<double>(iterations)}};
  }

  MemoryUse memory() const override { return {.weights_bytes = 3, .shared_bytes = 2, .arena_bytes = 5}; }

 private:
  std::string word_;
  Signature signature_;
  std::vector<float> doubled_;
  std::vector<float> positives_;
};

class SampleEngine : public PluginEngine {
 public:
  const char* name() const override { return "sample"; }
  std::string version() const override { return "1.2"; }

  Capabilities probe() const override {
    return {.available = true,
            .reason = "",
            .devices = {{"cpu", true, "", {Precision::kFp32, Precision::kInt8}, {Precision::kFp16}},
                        {"cuda:0", false, "no GPU here", {}}}};
  }

  Status supports(const Model& model, const SessionOptions& options) const override {
    if (model.dimensions.contains("odd") && model.dimensions.at("odd") % 2 == 0) {
      return unsupported("odd is {}", model.dimensions.at("odd"));
    }
    if (options.precision == model.precision) return {};
    return unsupported("the model is {}", name_of(model.precision));
  }

  Result<std::unique_ptr<Session>> compile(const Model& model, const SessionOptions& options) const override {
    if (model.bytes == "throw_early") throw std::runtime_error("sample can't compile");
    return std::unique_ptr<Session>(std::make_unique<SampleSession>(model.bytes, options));
  }
};

}  // namespace

const PluginEngine& engine() {
  static const SampleEngine kEngine;
  return kEngine;
}

}  // namespace ridgeline::plugin
