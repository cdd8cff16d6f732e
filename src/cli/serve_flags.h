#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "serve/core/start.h"
#include "serve/grpc/server.h"
#include "serve/http/endpoints/endpoints.h"
#include "serve/http/server.h"

namespace ridgeline::cli {

/// What `ridgeline serve` is asked to do.
struct ServePlan {
  serve::ServiceOptions service;
  wire::http::LogSettings log;
  std::chrono::seconds exit_timeout{30};
  bool allow_http = true;
  serve::http::ServerOptions http;
  serve::http::EndpointOptions endpoints;
  std::string access_log;  ///< empty: none
  bool allow_metrics = true;
  serve::http::ServerOptions metrics;
  bool allow_grpc = true;
  serve::grpc::ServerOptions grpc;
  std::vector<std::string> warnings;  ///< flags of tritonserver's that change nothing here, and why
};

/// The words of a command line, spelled as tritonserver spells them.
class ServeFlags {
 public:
  ServeFlags();
  ~ServeFlags();
  ServeFlags(const ServeFlags&) = delete;
  ServeFlags& operator=(const ServeFlags&) = delete;

  void declare(CLI::App& app);
  /// After parsing. kInvalidArgument or kUnsupported naming the flag and the remedy.
  Result<ServePlan> plan() const;

 private:
  struct Words;
  std::unique_ptr<Words> words_;
};

}  // namespace ridgeline::cli
