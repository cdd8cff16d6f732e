#include "serve/repository/repository.h"

#include <algorithm>
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <memory>

#include "cli/verbs.h"
#include "serve/config/json.h"

namespace ridgeline::cli {
namespace {

struct Flags {
  std::vector<std::string> folders;
  const CLI::Option* json = nullptr;
};

Json to_json(const serve::Repository& repository) {
  Json models = Json::array();
  for (const serve::ModelFolder& model : repository.models) {
    Json findings = Json::array();
    for (const serve::Finding& finding : model.findings) findings.push_back(to_json(finding));
    models.push_back({{"name", model.name},
                      {"path", model.path},
                      {"servable", model.servable()},
                      {"versions", model.versions},
                      {"served_versions", model.served},
                      {"config", model.config ? serve::config_json(*model.config) : Json()},
                      {"findings", std::move(findings)}});
  }
  return {{"repositories", repository.roots}, {"models", std::move(models)}};
}

std::string summary_of(const serve::ModelFolder& model) {
  const serve::ModelConfig& config = *model.config;
  return fmt::format("{}: version {}, {}, max_batch_size {}, {} in, {} out", model.name,
                     fmt::join(model.served, ", "), config.backend.empty() ? config.platform : config.backend,
                     config.max_batch_size, config.inputs.size(), config.outputs.size());
}

void print(const serve::Repository& repository) {
  for (const serve::Finding& finding : findings_of(repository)) fmt::print("{}\n", to_string(finding));
  for (const serve::ModelFolder& model : repository.models)
    fmt::print("{}\n", model.servable() ? summary_of(model) : model.name + ": cannot be served");
}

Result<int> check(const Flags& flags) {
  ASSIGN_OR_RETURN(const serve::Repository repository, serve::read_repository(flags.folders));
  if (flags.json->count() > 0)
    fmt::print("{}\n", to_json(repository).dump(-1, ' ', false, Json::error_handler_t::replace));
  else
    print(repository);
  return std::ranges::all_of(repository.models, &serve::ModelFolder::servable) ? 0 : 1;
}

}  // namespace

Action configure_repository(CLI::App& app, const Environment& /*environment*/) {
  auto flags = std::make_shared<Flags>();
  app.require_subcommand(1);
  CLI::App* check_command = app.add_subcommand(
      "check",
      "read a model repository as the server would, and tell what is wrong with it: file, line and remedy, "
      "and "
      "where a config.pbtxt and its model disagree both sides. Exit code 0 when every model can be served, 1 "
      "when one cannot, 2 when there is no such folder");
  check_command->add_option("folder", flags->folders, "the repository, or several that are served together")
      ->required();
  flags->json = add_json_flag(*check_command);
  return [flags] { return check(*flags); };
}

}  // namespace ridgeline::cli
