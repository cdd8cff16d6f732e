#include "serve/backends/backends.h"
#include "serve/backends/engine_instance.h"
#include "serve/backends/engine_model.h"

namespace ridgeline::serve {
namespace {

class LoadedEngineModel : public LoadedModel {
 public:
  explicit LoadedEngineModel(std::shared_ptr<const EngineModel> model) : model_(std::move(model)) {}
  const ModelConfig& config() const override { return model_->config; }
  Result<std::unique_ptr<Instance>> make_instance(const Place& place) override {
    return make_engine_instance(model_, place);
  }

 private:
  std::shared_ptr<const EngineModel> model_;
};

struct EngineRow {
  std::string_view backend;
  std::string_view engine;
  bool any_engine;  ///< the model's parameters may name another
};

constexpr EngineRow kRows[] = {
    {"onnxruntime", "onnxruntime", false},
    {"openvino", "openvino", false},
    {"pytorch", "libtorch", false},
    {"ridgeline", "native", true},
};

class EngineBackend : public Backend {
 public:
  EngineBackend(const EngineRow& row, std::shared_ptr<const EngineRegistry> registry)
      : row_(row), registry_(std::move(registry)) {}
  std::string_view name() const override { return row_.backend; }
  bool compiles() const override { return true; }
  Result<std::unique_ptr<LoadedModel>> load(const ModelSource& source) const override {
    ASSIGN_OR_RETURN(auto model, load_engine_model(source, registry_, row_.engine, row_.any_engine));
    return std::unique_ptr<LoadedModel>(std::make_unique<LoadedEngineModel>(std::move(model)));
  }

 private:
  EngineRow row_;
  std::shared_ptr<const EngineRegistry> registry_;
};

}  // namespace

Backends engine_backends(std::shared_ptr<const EngineRegistry> registry) {
  Backends backends;
  for (const EngineRow& row : kRows)
    backends.emplace(row.backend, std::make_unique<EngineBackend>(row, registry));
  return backends;
}

}  // namespace ridgeline::serve
