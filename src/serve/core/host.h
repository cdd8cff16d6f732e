#pragma once

#include <functional>
#include <string>

#include "serve/core/call.h"
#include "wire/http/control.h"

namespace ridgeline::serve {

/// A server as the models that run in it see it. Thread-safe; nothing blocks.
class Host : public Inference {
 public:
  using Done = std::function<void(Status)>;
  /// Who asks for a change of the server's models.
  struct Asker {
    std::string loading;  ///< the asking model's name, while its own loading waits for the change; else empty
  };
  /// As Service's.
  virtual void load(const std::string& name, wire::http::LoadRequest request, const Asker& asker,
                    Done done) = 0;
  virtual void unload(const std::string& name, bool with_dependents, const Asker& asker, Done done) = 0;
  /// `version` empty: any. kInvalidArgument where it is no version.
  virtual Result<bool> model_ready(const std::string& name, const std::string& version) const = 0;
};

}  // namespace ridgeline::serve
