#pragma once

#include <functional>
#include <string>

#include "base/status.h"
#include "engine/registry.h"

namespace ridgeline::bench {

using ModelReader = std::function<Result<Graph>(const std::string& path)>;

/// What a worker runs cells with.
struct WorkerTools {
  const EngineRegistry& engines;
  ModelReader read_model;
};

/// Answers the requests of worker_protocol.h that come in lines on descriptor `in`, on descriptor `out`,
/// until the input ends.
void serve_requests(const WorkerTools& tools, int in, int out);

/// The whole of a worker process: serves standard input and output. What engines print to standard output
/// goes to standard error, so that it can't garble an answer.
Status run_worker(const WorkerTools& tools);

}  // namespace ridgeline::bench
