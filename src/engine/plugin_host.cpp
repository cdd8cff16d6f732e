#include "engine/plugin_host.h"

#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fmt/ranges.h>
#include <mutex>
#include <set>
#include <utility>

#include "engine/call_check.h"
#include "engine/model_precision.h"
#include "engine/plugin/codec.h"
#include "engine/plugin_abi.h"
#include "engine/profile_names.h"
#include "formats/onnx.h"
#include "graph/passes/to_fp16.h"

namespace ridgeline {

namespace {

constexpr std::string_view kPrefix = "libridgeline_";
constexpr std::string_view kSuffix = ".so";
constexpr std::string_view kTrainerPrefix = "train_";

std::string file_name_of(std::string_view engine) { return fmt::format("{}{}{}", kPrefix, engine, kSuffix); }

struct CloseLibrary {
  void operator()(void* handle) const { dlclose(handle); }
};
using LibraryHandle = std::unique_ptr<void, CloseLibrary>;

std::string last_dl_error() {
  const char* error = dlerror();
  return error != nullptr ? error : "no reason given";
}

/// Opens `path` and checks what its door says about itself.
Result<const RidgelineEngineV1*> open_door(const std::string& path, std::string_view engine) {
  ASSIGN_OR_RETURN(void* const symbol, plugin_symbol(path, "ridgeline_engine_v1"));
  const RidgelineEngineV1* door = reinterpret_cast<RidgelineEngineEntry>(symbol)();
  if (door == nullptr || door->abi_version != RIDGELINE_ENGINE_ABI_VERSION) {
    return unavailable("{} speaks plugin interface {}, this program speaks {}: build it again", path,
                       door == nullptr ? 0 : door->abi_version, RIDGELINE_ENGINE_ABI_VERSION);
  }
  if (door->name != engine) return unavailable("{} holds the engine '{}'", path, door->name);
  return door;
}

/// What crosses the door for a graph; holds the bytes that `abi` points to.
struct DoorModel {
  std::shared_ptr<const std::string> bytes;
  std::string path;
  std::string precision;
  std::string dimensions;
  RidgelineModel abi{};
};

std::map<std::string, int64_t> named_dimensions(const Graph& graph, const SessionOptions& options) {
  std::map<std::string, int64_t> dimensions;
  for (const ValueInfo& input : graph.inputs) {
    const auto shape = options.input_shapes.find(input.name);
    if (shape == options.input_shapes.end()) continue;
    const size_t named = std::min(input.dim_names.size(), shape->second.rank());
    for (size_t axis = 0; axis < named; ++axis) {
      if (!input.dim_names[axis].empty()) dimensions[input.dim_names[axis]] = shape->second[axis];
    }
  }
  return dimensions;
}

bool needs_conversion(const Capabilities& capabilities, const SessionOptions& options) {
  const auto kind = [](std::string_view device) { return device.substr(0, device.find(':')); };
  for (const DeviceSupport& device : capabilities.devices)
    for (const Precision precision : device.needs_converted)
      if (kind(device.device) == kind(options.device) && precision == options.precision) return true;
  return false;
}

/// The graph in the precision that the engine wants it in. Only FP16 needs a conversion so far, and only then
/// is the engine asked: a probe looks for devices, which is no part of a compile.
Result<Graph> ready_for(const Engine& engine, const Graph& graph, const SessionOptions& options) {
  Graph ready = graph;
  if (options.precision == Precision::kFp16 && stored_precision(graph) == Precision::kFp32 &&
      needs_conversion(engine.probe(), options))
    RETURN_IF_ERROR(passes::to_fp16(ready));
  return ready;
}

Result<std::unique_ptr<DoorModel>> to_door_model(const Graph& graph, const SessionOptions& options) {
  auto model = std::make_unique<DoorModel>();
  model->bytes = graph.source.onnx;
  if (!model->bytes) {
    ASSIGN_OR_RETURN(std::string exported, formats::to_onnx(graph));
    model->bytes = std::make_shared<const std::string>(std::move(exported));
  }
  model->path = graph.source.path;
  model->precision = name_of(stored_precision(graph));
  model->dimensions = plugin::encode(named_dimensions(graph, options));
  model->abi = {.path = model->path.c_str(),
                .bytes = model->bytes->data(),
                .byte_size = model->bytes->size(),
                .has_external_data = graph.source.has_external_data ? 1 : 0,
                .precision = model->precision.c_str(),
                .dimensions = model->dimensions.c_str()};
  return model;
}

class PluginSession : public Session {
 public:
  /// Takes the session that `door` made.
  PluginSession(const RidgelineEngineV1& door, RidgelineSession* session, std::unique_ptr<DoorModel> model,
                NodeNames names)
      : door_(door), model_(std::move(model)), names_(std::move(names)), session_(session, door.destroy) {}

  /// Reads the signature; to be called once, before anything else.
  Status prepare() {
    ASSIGN_OR_RETURN(signature_, plugin::decode_signature(door_.signature(session_.get())));
    in_.resize(signature_.inputs.size());
    out_.resize(signature_.outputs.size());
    return {};
  }

  const Signature& signature() const override { return signature_; }

  Status run(std::span<const TensorView> in, std::span<TensorView> out) override {
    RETURN_IF_ERROR(check_call(signature_, in, out));
    for (size_t i = 0; i < in.size(); ++i) plugin::encode(in[i], in_[i]);
    for (size_t i = 0; i < out.size(); ++i) plugin::encode(out[i], out_[i]);
    RETURN_IF_ERROR(
        plugin::decode_status(door_.run(session_.get(), in_.data(), in_.size(), out_.data(), out_.size())));
    for (size_t i = 0; i < out.size(); ++i) plugin::decode(out_[i], out[i]);
    return {};
  }

  Result<std::vector<OpTime>> profile(std::span<const TensorView> in, int iterations) override {
    RETURN_IF_ERROR(check_inputs(signature_, in));
    if (iterations < 1) return invalid_argument("{} runs to profile, at least 1 is needed", iterations);
    for (size_t i = 0; i < in.size(); ++i) plugin::encode(in[i], in_[i]);
    const char* ops = "";
    RETURN_IF_ERROR(
        plugin::decode_status(door_.profile(session_.get(), in_.data(), in_.size(), iterations, &ops)));
    ASSIGN_OR_RETURN(std::vector<OpTime> times, plugin::decode_op_times(ops));
    names_.restore(times);
    return times;
  }

  MemoryUse memory() const override {
    const Result<MemoryUse> memory = plugin::decode_memory(door_.memory(session_.get()));
    return memory.ok() ? *memory : MemoryUse{};
  }

 private:
  const RidgelineEngineV1& door_;
  std::unique_ptr<DoorModel> model_;
  NodeNames names_;
  std::unique_ptr<RidgelineSession, void (*)(RidgelineSession*)> session_;
  Signature signature_;
  std::vector<RidgelineTensor> in_;
  std::vector<RidgelineTensor> out_;
};

class PluginProxy : public Engine {
 public:
  PluginProxy(std::string name, std::vector<std::string> directories)
      : name_(std::move(name)), directories_(std::move(directories)) {}

  std::string_view name() const override { return name_; }

  std::string version() const override {
    const auto& door = this->door();
    return door.ok() ? (*door)->version() : "";
  }

  Capabilities probe() const override {
    const auto& door = this->door();
    if (!door.ok()) return {.available = false, .reason = door.status().message(), .devices = {}};
    Result<Capabilities> capabilities = plugin::decode_capabilities((*door)->probe());
    if (!capabilities.ok()) {
      return {.available = false, .reason = capabilities.status().message(), .devices = {}};
    }
    return *std::move(capabilities);
  }

  Status supports(const Graph& graph, const SessionOptions& options) const override {
    const auto& door = this->door();
    RETURN_IF_ERROR(door.status());
    ASSIGN_OR_RETURN(const Graph ready, ready_for(*this, graph, options));
    ASSIGN_OR_RETURN(const auto model, to_door_model(ready, options));
    return plugin::decode_status((*door)->supports(&model->abi, plugin::encode(options).c_str()))
        .with_context(name_);
  }

  Result<std::unique_ptr<Session>> compile(const Graph& graph, const SessionOptions& options) const override {
    const auto& door = this->door();
    RETURN_IF_ERROR(door.status());
    ASSIGN_OR_RETURN(const Graph ready, ready_for(*this, graph, options));
    ASSIGN_OR_RETURN(auto model, to_door_model(ready, options));
    RidgelineSession* handle = nullptr;
    RETURN_IF_ERROR(
        plugin::decode_status((*door)->compile(&model->abi, plugin::encode(options).c_str(), &handle))
            .with_context(name_));
    auto session = std::make_unique<PluginSession>(**door, handle, std::move(model), NodeNames(ready));
    RETURN_IF_ERROR(session->prepare());
    return std::unique_ptr<Session>(std::move(session));
  }

 private:
  const Result<const RidgelineEngineV1*>& door() const {
    std::call_once(opened_, [this] { door_ = open(); });
    return door_;
  }

  Result<const RidgelineEngineV1*> open() const {
    ASSIGN_OR_RETURN(const std::string path, require_plugin(name_, directories_));
    return open_door(path, name_);
  }

  std::string name_;
  std::vector<std::string> directories_;
  mutable std::once_flag opened_;
  mutable Result<const RidgelineEngineV1*> door_ = Result<const RidgelineEngineV1*>(nullptr);
};

}  // namespace

std::vector<std::string> plugin_directories() {
  std::vector<std::string> directories;
  const char* configured = std::getenv("RIDGELINE_PLUGINS");
  std::string_view rest = configured != nullptr ? configured : "";
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(':'), rest.size());
    if (end > 0) directories.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) {
    const auto directory = program.parent_path();
    directories.push_back(directory.string());
    directories.push_back((directory.parent_path() / "lib" / "ridgeline").string());
  }
  return directories;
}

std::optional<std::string> find_plugin(std::string_view name, const std::vector<std::string>& directories) {
  for (const std::string& directory : directories) {
    const auto path = std::filesystem::path(directory) / file_name_of(name);
    std::error_code error;
    if (std::filesystem::exists(path, error)) return path.string();
  }
  return std::nullopt;
}

Result<std::string> require_plugin(std::string_view name, const std::vector<std::string>& directories) {
  if (auto path = find_plugin(name, directories)) return *std::move(path);
  return unavailable(
      "{} is not in {}: build it (`./run setup`, `./run build`) or name its directory in RIDGELINE_PLUGINS",
      file_name_of(name), fmt::join(directories, ", "));
}

Result<void*> plugin_symbol(const std::string& path, const char* symbol) {
  LibraryHandle handle(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE));
  if (!handle) {
    return unavailable("{} does not load: {}; run `./run setup` and build again", path, last_dl_error());
  }
  void* const address = dlsym(handle.get(), symbol);
  if (address == nullptr) return unavailable("{} is no Ridgeline plugin: it lacks {}", path, symbol);
  return address;
}

std::vector<std::string> plugin_names(const std::vector<std::string>& directories) {
  std::set<std::string> names;
  for (const std::string& directory : directories) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
      const std::string file = entry.path().filename().string();
      if (!file.starts_with(kPrefix) || !file.ends_with(kSuffix) ||
          file.size() <= kPrefix.size() + kSuffix.size())
        continue;
      std::string name = file.substr(kPrefix.size(), file.size() - kPrefix.size() - kSuffix.size());
      if (!name.starts_with(kTrainerPrefix)) names.insert(std::move(name));
    }
  }
  return {names.begin(), names.end()};
}

std::unique_ptr<Engine> make_plugin_engine(std::string name, std::vector<std::string> directories) {
  return std::make_unique<PluginProxy>(std::move(name), std::move(directories));
}

}  // namespace ridgeline
