#include <algorithm>
#include <openvino/core/log.hpp>
#include <utility>

#include "engine/openvino/ov_session.h"
#include "engine/openvino/ov_support.h"
#include "engine/plugin/plugin_engine.h"

namespace ridgeline::ov_engine {

namespace {

/// OpenVINO's CPU device on a model's own bytes.
class OvEngine : public plugin::PluginEngine {
 public:
  OvEngine() {
    // Messages reach the caller as errors; a library never prints.
    ov::util::set_log_callback({});
  }

  const char* name() const override { return "openvino"; }
  std::string version() const override { return ov::get_openvino_version().buildNumber; }

  Capabilities probe() const override {
    const auto precisions = cpu_precisions();
    if (!precisions.ok()) return {.available = false, .reason = precisions.status().message(), .devices = {}};
    return {.available = true,
            .reason = "",
            .devices = {{.device = "cpu", .available = true, .reason = "", .precisions = *precisions}}};
  }

  Status supports(const plugin::Model& model, const SessionOptions& options) const override {
    if (options.threads < 1) return invalid_argument("threads is {}, at least 1 is needed", options.threads);
    if (options.device != "cpu") return unsupported("no device '{}'; only the CPU is", options.device);
    if (options.mode == ThreadingMode::kThroughput) {
      return unsupported(
          "OpenVINO's throughput mode runs many requests at a time, a call here is one request");
    }
    const bool is_quantized = model.precision == Precision::kInt8;
    if (options.precision == Precision::kInt8 && !is_quantized) {
      return unsupported("int8 needs a quantized model (QuantizeLinear/DequantizeLinear); this one is {}",
                         name_of(model.precision));
    }
    if (options.precision != Precision::kInt8 && is_quantized) {
      return unsupported("the model is quantized and runs in int8, not in {}", name_of(options.precision));
    }
    ASSIGN_OR_RETURN(const auto precisions, cpu_precisions());
    if (std::find(precisions.begin(), precisions.end(), options.precision) != precisions.end()) return {};
    return unsupported("OpenVINO does not compute in {} on this CPU", name_of(options.precision));
  }

  Result<std::unique_ptr<Session>> compile(const plugin::Model& model,
                                           const SessionOptions& options) const override {
    RETURN_IF_ERROR(supports(model, options));
    return OvSession::create(models_, model, options);
  }

 private:
  /// What the CPU plugin says that it computes in here.
  Result<std::vector<Precision>> cpu_precisions() const {
    static constexpr std::pair<std::string_view, Precision> kNames[] = {{"FP32", Precision::kFp32},
                                                                        {"FP16", Precision::kFp16},
                                                                        {"BF16", Precision::kBf16},
                                                                        {"INT8", Precision::kInt8}};
    return guarded(ErrorCode::kUnavailable, [&]() -> Result<std::vector<Precision>> {
      const std::vector<std::string> capabilities = core_->get_property("CPU", ov::device::capabilities);
      std::vector<Precision> precisions;
      for (const auto& [name, precision] : kNames) {
        const bool has = std::find(capabilities.begin(), capabilities.end(), name) != capabilities.end();
        if (has) precisions.push_back(precision);
      }
      return precisions;
    });
  }

  std::shared_ptr<ov::Core> core_ = std::make_shared<ov::Core>();
  std::shared_ptr<Models> models_ = std::make_shared<Models>(core_);
};

}  // namespace

}  // namespace ridgeline::ov_engine

namespace ridgeline::plugin {

const PluginEngine& engine() {
  static const ov_engine::OvEngine kEngine;
  return kEngine;
}

}  // namespace ridgeline::plugin
