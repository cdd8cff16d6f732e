#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "engine/engine.h"

namespace ridgeline::plugin {

/// A model as it crosses the door of a plugin: the bytes of a file, mostly ONNX.
struct Model {
  std::string path;                           ///< where the bytes were read from, "" when made in memory
  std::string_view bytes;                     ///< outlives the sessions compiled from it
  bool has_external_data = false;             ///< weights lie in files beside `path`
  Precision precision = Precision::kFp32;     ///< what the model's weights and ops already are
  std::map<std::string, int64_t> dimensions;  ///< named dimensions ("batch") under the options\' input shapes
};

/// What an engine in a shared object implements; door.cpp turns it into the C interface. The same promises as
/// Engine hold (thread-safe, probe() never fails). An exception that leaves one of these, or a Session that
/// compile() gave, is caught at the door and becomes an error. Sessions' run() may rely on the host's check
/// of the call against the signature.
class PluginEngine {
 public:
  virtual ~PluginEngine() = default;
  virtual const char* name() const = 0;
  virtual std::string version() const = 0;
  virtual Capabilities probe() const = 0;
  virtual Status supports(const Model& model, const SessionOptions& options) const = 0;
  virtual Result<std::unique_ptr<Session>> compile(const Model& model,
                                                   const SessionOptions& options) const = 0;
};

/// Defined once by every plugin: its engine, made on the first call.
const PluginEngine& engine();

}  // namespace ridgeline::plugin
