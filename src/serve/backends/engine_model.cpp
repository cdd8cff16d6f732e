#include "serve/backends/engine_model.h"

#include <algorithm>
#include <chrono>

#include "engine/model_precision.h"
#include "engine/signature.h"
#include "formats/onnx.h"
#include "serve/backends/model_file.h"
#include "serve/backends/pixel_input.h"
#include "serve/config/tensor_rules.h"
#include "wire/datatype.h"

namespace ridgeline::serve {
namespace {

const std::string* parameter(const ModelConfig& config, const std::string& key) {
  const auto found = config.parameters.find(key);
  return found == config.parameters.end() ? nullptr : &found->second;
}

/// Engines that compute a Graph. The others read a model's own bytes.
bool needs_graph(const Engine& engine) { return engine.name() == "native" || engine.name() == "null"; }

Result<const Engine*> choose_engine(const ModelConfig& config, const EngineRegistry& registry,
                                    std::string_view default_engine, bool any_engine) {
  const std::string* asked = any_engine ? parameter(config, "engine") : nullptr;
  Result<const Engine*> engine = registry.find(asked == nullptr ? default_engine : *asked);
  if (!engine.ok()) return std::move(engine).status().with_context("parameter 'engine'");
  const Capabilities capabilities = (*engine)->probe();
  if (!capabilities.available)
    return unavailable("{} is not here: {}", (*engine)->name(), capabilities.reason);
  return engine;
}

Result<std::optional<Precision>> precision_asked(const ModelConfig& config) {
  if (const std::string* name = parameter(config, "precision")) {
    const auto precision = precision_from_name(*name);
    if (precision) return precision;
    return invalid_argument("parameter 'precision' is '{}': it is one of fp32, fp16, bf16, bf16x3, int8",
                            *name);
  }
  // OpenVINO's, as Triton's backend for it has it.
  const std::string* hint = config.backend == "openvino" ? parameter(config, "HINT_BF16") : nullptr;
  return hint != nullptr && *hint == "YES" ? std::optional(Precision::kBf16) : std::nullopt;
}

Result<Precision> choose_precision(const EngineModel& model) {
  ASSIGN_OR_RETURN(const std::optional<Precision> asked, precision_asked(model.config));
  if (asked) return *asked;
  const Precision stored = stored_precision(model.graph);
  if (stored == Precision::kFp32) return stored;
  SessionOptions options{.precision = stored};
  if (const auto shapes = fixed_shapes(model.config))
    for (size_t i = 0; i < shapes->size(); ++i)
      options.input_shapes[model.config.inputs[i].name] = with_rows((*shapes)[i], 1, model.batched());
  return model.engine->supports(model.graph, options).ok() ? stored : Precision::kFp32;
}

Status check_types(const ModelConfig& config) {
  const auto check = [](std::string_view kind, const TensorConfig& tensor) -> Status {
    if (tensor.datatype != DType::kString) return {};
    return unsupported(
        "{} '{}' is TYPE_STRING, and engines compute on numbers: use backend \"python\", or "
        "\"image\" for JPEG and PNG",
        kind, tensor.name);
  };
  for (const InputConfig& input : config.inputs) RETURN_IF_ERROR(check("input", input));
  for (const OutputConfig& output : config.outputs) RETURN_IF_ERROR(check("output", output));
  return {};
}

/// Engines that read the bytes need no second copy of the weights. Which precision they are in is seen of the
/// nodes for FP32 and INT8, of the weights for others; and a conversion to FP16 for a GPU starts from them.
void drop_weights(EngineModel& model) {
  if (needs_graph(*model.engine) || !model.graph.source.onnx || model.precision == Precision::kFp16) return;
  const Precision stored = stored_precision(model.graph);
  if (stored == Precision::kFp32 || stored == Precision::kInt8) model.graph.initializers.clear();
}

Status read_model(const ModelSource& source, std::string_view default_engine, bool any_engine,
                  EngineModel& model) {
  RETURN_IF_ERROR(check_types(model.config));
  ASSIGN_OR_RETURN(model.engine, choose_engine(model.config, *model.registry, default_engine, any_engine));
  ASSIGN_OR_RETURN(ModelFile file,
                   read_model_file(source.version_path + "/" + model.config.default_model_filename));
  if (!file.graph_read.ok() && needs_graph(*model.engine))
    return std::move(file.graph_read).with_context(model.engine->name());
  model.graph = std::move(file.graph);
  RETURN_IF_ERROR(add_pixel_input(model.config, model.graph));
  if (!model.graph.source.onnx && !needs_graph(*model.engine)) {
    ASSIGN_OR_RETURN(std::string bytes, formats::to_onnx(model.graph));
    model.graph.source.onnx = std::make_shared<const std::string>(std::move(bytes));
  }
  ASSIGN_OR_RETURN(model.precision, choose_precision(model));
  drop_weights(model);
  return {};
}

std::string device_of(const Place& place) {
  return place.kind == InstanceKind::kGpu ? fmt::format("cuda:{}", place.device) : "cpu";
}

/// Runs on the memory of its own inputs, zeros, and keeps the fastest of a few times.
Status warm_up(CompiledSize& size) {
  constexpr int kTimedRuns = 3;
  constexpr double kEnoughSeconds = 0.5;
  using Clock = std::chrono::steady_clock;
  std::vector<TensorView> in;
  for (const Tensor& input : size.inputs) in.push_back(input.view());
  double spent = 0;
  for (int run = -1; run < kTimedRuns && spent < kEnoughSeconds; ++run) {
    std::vector<TensorView> out = lent_outputs(size.session->signature());
    const auto begin = Clock::now();
    RETURN_IF_ERROR(size.session->run(in, out));
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    if (run < 0) continue;  // what is only done once counts for nothing
    size.seconds = run == 0 ? seconds : std::min(size.seconds, seconds);
    spent += seconds;
  }
  return {};
}

ModelMemory memory_of(const CompiledSize& size) {
  const MemoryUse use = size.session->memory();
  if (use.weights_bytes <= 0) return {};
  const int64_t shared = std::clamp<int64_t>(use.shared_bytes, 0, use.weights_bytes);  // a plugin's word
  ModelMemory memory{.shared_bytes = static_cast<uint64_t>(shared),
                     .own_bytes = static_cast<uint64_t>(use.weights_bytes - shared + use.arena_bytes)};
  for (const Tensor& input : size.inputs) memory.own_bytes += input.byte_size();
  return memory;
}

Status compile(const EngineModel& model, const SessionOptions& options, CompiledSize& size) {
  ASSIGN_OR_RETURN(size.session, model.engine->compile(model.graph, options));
  const Signature& signature = size.session->signature();
  Result<TensorOrder> order = order_tensors(model.config, signature, size.rows);
  if (!order.ok()) return std::move(order).status().with_context("the model's file");
  size.order = std::move(order).value();
  for (const ValueInfo& input : signature.inputs) {
    ASSIGN_OR_RETURN(Tensor memory, Tensor::zeros(input.type.dtype, input.type.shape.value_or(Shape())));
    size.inputs.push_back(std::move(memory));
  }
  if (options.device == "cpu") size.memory = memory_of(size);
  return warm_up(size);
}

}  // namespace

Result<std::shared_ptr<const EngineModel>> load_engine_model(const ModelSource& source,
                                                             std::shared_ptr<const EngineRegistry> registry,
                                                             std::string_view default_engine,
                                                             bool any_engine) {
  auto model = std::make_shared<EngineModel>();
  model->label = fmt::format("model '{}', version {}", source.config.name, source.version);
  model->config = source.config;
  model->registry = std::move(registry);
  if (Status read = read_model(source, default_engine, any_engine, *model); !read.ok())
    return std::move(read).with_context(model->label);
  for (const NamedShapes& named : source.warm) {
    Result<ItemShapes> shapes = item_shapes(model->config, named);
    if (!shapes.ok()) return std::move(shapes).status().with_context("--warm, " + model->label);
    model->warm.push_back(std::move(shapes).value());
  }
  return std::shared_ptr<const EngineModel>(std::move(model));
}

Result<std::unique_ptr<CompiledSize>> compile_size(const EngineModel& model, const Place& place,
                                                   const ItemShapes& shapes, int64_t rows) {
  SessionOptions options{
      .precision = model.precision, .device = device_of(place), .threads = std::max(1, place.threads)};
  std::string described;
  for (size_t i = 0; i < shapes.size(); ++i) {
    const Shape shape = with_rows(shapes[i], rows, model.batched());
    const std::string& name = model.config.inputs[i].name;
    described += fmt::format("{}{} {}", i == 0 ? "" : ", ", name, wire::bracketed(shape));
    options.input_shapes[name] = shape;
  }
  auto size = std::make_unique<CompiledSize>();
  size->rows = rows;
  if (Status compiled = compile(model, options, *size); !compiled.ok())
    return std::move(compiled).with_context(described);
  return size;
}

}  // namespace ridgeline::serve
