#include "cli/foreign_model.h"

#include <cmath>
#include <filesystem>
#include <optional>

#include "formats/hugging_face.h"
#include "predict/image_input.h"
#include "vision/contract.h"
#include "vision/peer_recipes.h"

namespace ridgeline::cli {
namespace {

using vision::Contract;

/// None where the folder does not say how images are prepared: class names alone are no contract.
Result<std::optional<Contract>> contract_of(const formats::HuggingFaceModel& model,
                                            const std::string& folder) {
  Contract contract;
  contract.classes = model.classes;
  if (!model.transformers_preprocessing.is_null()) {
    ASSIGN_OR_RETURN(contract.preprocessing,
                     vision::preprocessing_of_transformers(model.transformers_preprocessing,
                                                           folder + "/preprocessor_config.json"));
  } else if (!model.timm_preprocessing.is_null()) {
    ASSIGN_OR_RETURN(contract.preprocessing,
                     vision::preprocessing_of_timm(model.timm_preprocessing, folder + "/config.json"));
  } else {
    return std::optional<Contract>();
  }
  return std::optional<Contract>(std::move(contract));
}

struct Foreign {
  formats::StateDict weights;
  std::optional<Contract> contract;
};

Result<Foreign> read_foreign(const std::string& source) {
  Foreign foreign;
  std::error_code error;
  if (std::filesystem::is_directory(source, error)) {
    ASSIGN_OR_RETURN(formats::HuggingFaceModel model, formats::load_hugging_face(source));
    ASSIGN_OR_RETURN(foreign.contract, contract_of(model, source));
    foreign.weights = std::move(model.weights);
  } else {
    ASSIGN_OR_RETURN(foreign.weights, formats::load_state_dict(source));
    ASSIGN_OR_RETURN(foreign.contract, vision::contract_from_metadata(foreign.weights.metadata, source));
  }
  return foreign;
}

/// The same picture at another number of pixels.
void scale_to(int64_t size, vision::Preprocessing& how) {
  const double scale = static_cast<double>(size) / how.crop;
  how.resize_shorter = static_cast<int>(std::lround(how.resize_shorter * scale));
  how.crop = static_cast<int>(size);
}

}  // namespace

Result<Graph> foreign_model(const std::string& source, formats::GraphOptions options) {
  ASSIGN_OR_RETURN(Foreign foreign, read_foreign(source));
  std::optional<Contract>& contract = foreign.contract;
  if (contract && options.image_size > 0) scale_to(options.image_size, contract->preprocessing);
  if (contract) options.image_size = contract->preprocessing.crop;
  ASSIGN_OR_RETURN(Graph graph, formats::graph_of(foreign.weights, source, options));
  if (!contract) return graph;
  if (graph.initializer("projection.weight") != nullptr) contract->classes.clear();
  RETURN_IF_ERROR(predict::check_classes(*contract, (*graph.outputs.front().type.shape)[1], source));
  for (auto& [key, text] : vision::to_metadata(*contract)) graph.metadata[key] = std::move(text);
  return graph;
}

}  // namespace ridgeline::cli
