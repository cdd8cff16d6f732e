// LibTorch as an engine: ONNX graphs interpreted on ATen, TorchScript modules run as they are.

#include <ATen/Parallel.h>
#include <c10/util/Logging.h>
#include <torch/version.h>

#include "engine/libtorch/device.h"
#include "engine/libtorch/session.h"
#include "engine/libtorch/torchscript.h"
#include "engine/plugin/input_shape.h"
#include "engine/plugin/plugin_engine.h"
#include "formats/onnx.h"

namespace ridgeline::libtorch {

namespace {

Status check_options(const SessionOptions& options) {
  if (options.threads < 1) return invalid_argument("threads must be 1 or more, got {}", options.threads);
  if (options.mode != ThreadingMode::kLatency) {
    return unsupported(
        "libtorch runs in latency mode only: LibTorch splits work over threads within an op, not by image");
  }
  return {};
}

Result<std::unique_ptr<Session>> compile_graph(const plugin::Model& model, const SessionOptions& options,
                                               const Placement& placement) {
  const std::string name = model.path.empty() ? "model" : model.path;
  ASSIGN_OR_RETURN(const Graph graph, model.has_external_data
                                          ? formats::load_onnx(model.path)
                                          : formats::parse_onnx(std::string(model.bytes), name));
  std::vector<Shape> shapes;
  for (const ValueInfo& input : graph.inputs) {
    ASSIGN_OR_RETURN(Shape shape, plugin::shape_to_compile(input, options));
    shapes.push_back(std::move(shape));
  }
  use_threads(options.threads);
  ASSIGN_OR_RETURN(Program program, Program::build(graph, shapes, placement));
  Signature signature{.inputs = graph.inputs, .outputs = graph.outputs};
  for (size_t i = 0; i < shapes.size(); ++i) signature.inputs[i].type.shape = shapes[i];
  for (size_t i = 0; i < graph.outputs.size(); ++i)
    signature.outputs[i].type.shape = program.output_shapes()[i];
  return std::unique_ptr<Session>(
      std::make_unique<ProgramSession>(std::move(program), std::move(signature), options.threads));
}

class LibtorchEngine : public plugin::PluginEngine {
 public:
  LibtorchEngine() {
    at::set_num_interop_threads(1);
    FLAGS_caffe2_log_level = 3;  // fatal errors only: warnings would go to stderr
  }

  const char* name() const override { return "libtorch"; }
  std::string version() const override { return TORCH_VERSION; }
  Capabilities probe() const override {
    return {.available = true, .reason = "", .devices = probe_devices()};
  }

  /// Whether every op has a kernel for its types shows when each has run once, so this is a compilation.
  Status supports(const plugin::Model& model, const SessionOptions& options) const override {
    return compile(model, options).status();
  }

  Result<std::unique_ptr<Session>> compile(const plugin::Model& model,
                                           const SessionOptions& options) const override {
    RETURN_IF_ERROR(check_options(options));
    Placement placement;
    ASSIGN_OR_RETURN(placement.float_type, float_type_of(options.precision));
    ASSIGN_OR_RETURN(placement.device, device_from(options.device));
    if (is_torchscript(model.bytes)) return compile_torchscript(model, options, placement);
    return compile_graph(model, options, placement);
  }
};

}  // namespace

}  // namespace ridgeline::libtorch

namespace ridgeline::plugin {

const PluginEngine& engine() {
  static const libtorch::LibtorchEngine kEngine;
  return kEngine;
}

}  // namespace ridgeline::plugin
