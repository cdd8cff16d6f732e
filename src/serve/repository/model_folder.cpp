#include "serve/repository/model_folder.h"

#include <algorithm>
#include <filesystem>
#include <fmt/ranges.h>

#include "base/file.h"
#include "base/spelling.h"
#include "base/text.h"
#include "formats/onnx.h"
#include "serve/backends/image_recipe.h"
#include "serve/backends/pixel_input.h"
#include "serve/config/backends.h"
#include "serve/config/defaults.h"
#include "serve/config/model_interface.h"
#include "serve/config/parse.h"
#include "serve/config/validate.h"
#include "serve/repository/folder.h"
#include "serve/repository/versions.h"

namespace ridgeline::serve {
namespace {

/// Reads one folder step by step; each step leaves what it found.
class Reader {
 public:
  Reader(const std::string& path, std::optional<ParsedConfig> config) : given_(std::move(config)) {
    model_.path = path;
    model_.name = std::filesystem::path(path).filename().string();
    model_.config_file = path + "/config.pbtxt";
  }

  ModelFolder read() && {
    if (Status named = check_model_name(model_.name); !named.ok()) {
      add(Severity::kError, model_.path, named.message());
      return std::move(model_);
    }
    read_config();
    model_.versions = versions_in(model_.path, model_.findings);
    if (!model_.config) return std::move(model_);
    const bool ensemble = model_.config->platform == kEnsemblePlatform;
    const KnownBackend* backend = known_backend(model_.config->backend);
    const bool has_file = !ensemble && (backend == nullptr || !backend->default_file.empty());
    if (!has_file && model_.versions.empty()) model_.versions = {1};  // git keeps no empty folders
    const std::string first =
        model_.versions.empty() ? "" : fmt::format("{}/{}", model_.path, model_.versions.front());
    complete_names(*model_.config, model_.name, first.empty() ? std::set<std::string>() : entries_in(first));
    choose_versions();
    if (!ensemble) read_models();
    if (model_.config->backend == "image") read_recipe();
    apply_defaults(*model_.config);
    finish();
    return std::move(model_);
  }

 private:
  void add(Severity severity, const std::string& file, std::string message) {
    model_.findings.push_back({severity, file, {}, std::move(message), "", ""});
  }

  void take(Findings findings) {
    std::ranges::move(std::move(findings).take(), std::back_inserter(model_.findings));
  }

  void read_config() {
    if (!given_ && !is_file(model_.config_file)) {
      model_.config.emplace();
      return;
    }
    ParsedConfig parsed = given_ ? *std::move(given_) : load_config(model_.config_file);
    model_.config = std::move(parsed.config);
    model_.positions = std::move(parsed.positions);
    std::ranges::move(parsed.findings, std::back_inserter(model_.findings));
  }

  void choose_versions() {
    Findings findings(model_.config_file, model_.positions);
    model_.served = versions_served(*model_.config, model_.versions, findings);
    take(std::move(findings));
  }

  /// Every version that is served has the file, and an ONNX file fits the configuration. What the newest says
  /// completes the configuration.
  void read_models() {
    const std::string& name = model_.config->default_model_filename;
    if (name.empty() || !stays_within(name)) return;
    for (size_t i = model_.served.size(); i-- > 0;) {
      const std::string folder = fmt::format("{}/{}", model_.path, model_.served[i]);
      const std::string file = folder + "/" + name;
      if (!is_file(file) && !is_folder(file))
        add(Severity::kError, folder, fmt::format("has no file '{}'{}", name, remedy_for(folder)));
      else if (name.ends_with(".onnx"))
        read_onnx(is_folder(file) ? file + "/model.onnx" : file);
    }
  }

  std::string remedy_for(const std::string& folder) const {
    const std::set<std::string> entries = entries_in(folder);
    return entries.empty() ? ": put it there"
                           : fmt::format(" but {}: set default_model_filename", fmt::join(entries, ", "));
  }

  void read_onnx(const std::string& file) {
    const Result<Graph> graph = formats::load_onnx_outline(file);
    if (!graph.ok()) {
      const bool valid = graph.status().code() == ErrorCode::kUnsupported;
      add(valid ? Severity::kWarning : Severity::kError, file,
          fmt::format("{}{}", without_file(graph.status().message(), file),
                      valid ? " (the configuration is not held against it)" : ""));
      return;
    }
    Result<ModelInterface> interface = interface_of(*graph, file);
    if (!interface.ok()) return add(Severity::kError, file, without_file(interface.status().message(), file));
    show_pixel_input(*model_.config, *interface);
    complete_from_model(*model_.config, *interface);
    Findings findings(model_.config_file, model_.positions);
    check_against_model(*model_.config, *interface, findings);
    take(std::move(findings));
    if (model_.config->outputs.size() == 1 && !interface->classes.empty())
      model_.labels.try_emplace(model_.config->outputs.front().name, std::move(interface->classes));
  }

  void read_recipe() {
    Findings findings(model_.config_file, model_.positions);
    const Result<vision::Preprocessing> how = preprocessing_of(*model_.config, model_.path);
    if (how.ok()) complete_image(*model_.config, *how);
    const Status fits = how.ok() ? check_image(*model_.config, *how) : how.status();
    if (!fits.ok()) findings.error(how.ok() ? "" : "parameters", fits.message());
    take(std::move(findings));
  }

  void finish() {
    const ModelConfig& config = *model_.config;
    Findings findings(model_.config_file, model_.positions);
    if (config.name != model_.name)
      findings.error("name", fmt::format("unexpected directory name '{}' for model '{}', directory name must "
                                         "equal model name",
                                         model_.name, config.name));
    validate(config, findings);
    const KnownBackend* const backend = known_backend(config.backend);
    const bool must_tell = !config.backend.empty() && (backend == nullptr || !backend->tells_tensors);
    if (config.inputs.empty() && must_tell)
      findings.error("input", "no input is configured, and the model's file does not tell: add input { … }");
    if (config.outputs.empty() && must_tell)
      findings.error("output",
                     "no output is configured, and the model's file does not tell: add output { … }");
    read_labels(config, findings);
    check_data_files(config, findings);
    take(std::move(findings));
  }

  void read_labels(const ModelConfig& config, Findings& findings) {
    for (size_t i = 0; i < config.outputs.size(); ++i) {
      const std::string& name = config.outputs[i].label_filename;
      if (name.empty() || !stays_within(name)) continue;
      const std::string file = model_.path + "/" + name;
      const Result<std::string> text = is_file(file) ? read_file(file) : not_found("{}: no such file", file);
      const std::string path = fmt::format("output[{}].label_filename", i);
      if (!text.ok())
        findings.error(path, text.status().message());
      else if (!is_utf8(*text))
        findings.error(path, fmt::format("{}: is not UTF-8 text", file));
      else
        model_.labels.insert_or_assign(config.outputs[i].name, lines_of(*text));
    }
  }

  static std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    for (std::string_view line : split(text, '\n')) {
      if (line.ends_with('\r')) line.remove_suffix(1);
      lines.emplace_back(line);
    }
    while (!lines.empty() && lines.back().empty()) lines.pop_back();
    return lines;
  }

  void check_data_files(const ModelConfig& config, Findings& findings) {
    const auto check = [&](const std::string& folder, const std::string& name, const std::string& path) {
      const std::string file = fmt::format("{}/{}/{}", model_.path, folder, name);
      if (stays_within(name) && !is_file(file)) findings.error(path, fmt::format("{}: no such file", file));
    };
    for (size_t i = 0; i < config.warmups.size(); ++i)
      for (const auto& [name, input] : config.warmups[i].inputs)
        if (input.data == WarmupData::kFile)
          check("warmup", input.file, fmt::format("model_warmup[{}].inputs[{}]", i, name));
    const auto* sequences = std::get_if<SequenceBatching>(&config.scheduling);
    for (size_t i = 0; sequences != nullptr && i < sequences->states.size(); ++i)
      for (const InitialState& initial : sequences->states[i].initial_states)
        if (!initial.data_file.empty())
          check("initial_state", initial.data_file, fmt::format("sequence_batching.state[{}]", i));
  }

  std::optional<ParsedConfig> given_;
  ModelFolder model_;
};

}  // namespace

ModelFolder read_model_folder(const std::string& path, std::optional<ParsedConfig> config) {
  return Reader(path, std::move(config)).read();
}

Status check_model_name(std::string_view name) {
  const bool control = std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < ' '; });
  if (name.empty() || name.starts_with('.') || name.find('/') != std::string_view::npos || control ||
      !is_utf8(name))
    return invalid_argument(
        "a model's name is that of one folder in the repository: not empty, without '/', "
        "a leading '.' or control characters");
  return {};
}

}  // namespace ridgeline::serve
