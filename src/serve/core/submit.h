#pragma once

#include <memory>

#include "serve/core/request.h"

namespace ridgeline::serve {

/// For whom a request is made.
struct Origin {
  std::shared_ptr<ServiceTimes> times;  ///< told before the answer; none: nobody asks
  bool nested = false;                  ///< a model that executes meanwhile waits for it
};

/// Checks a call against the version and gives it its request, or tells the client why not.
void submit(const std::shared_ptr<ServedVersion>& version, Call call, const Origin& origin = {});

/// Tells a client that its call failed before it became a request.
void turn_away(Client& client, Status why);

}  // namespace ridgeline::serve
