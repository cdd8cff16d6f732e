#pragma once

#include <google/protobuf/map.h>
#include <string>

#include "base/status.h"
#include "grpc_service.pb.h"
#include "serve/shared_memory.h"
#include "wire/http/control.h"
#include "wire/http/metadata.h"

/// What is said about the server, as messages. Where the HTTP protocol has a document of the same fields, it
/// is that one.
namespace ridgeline::serve::grpc {

/// Fills the message with a JSON document whose keys are its fields.
Status fill(google::protobuf::Message& message, const std::string& json);

/// kUnsupported, as Triton says it, where a request names a repository.
Status check_repository(const std::string& name);

using RepositoryParameters = google::protobuf::Map<std::string, inference::ModelRepositoryParameter>;
Result<wire::http::LoadRequest> load_request_of(const RepositoryParameters& parameters);
/// Whether the models of an ensemble go with it.
Result<bool> unloads_dependents(const RepositoryParameters& parameters);

inference::RepositoryIndexResponse message_of(std::span<const wire::http::IndexEntry> entries);
inference::SystemSharedMemoryStatusResponse message_of(std::span<const SharedMemoryRegion> regions);

/// Changes what the request names, by the rules of the HTTP protocol; an empty value takes that of
/// `defaults`.
Status update(const inference::TraceSettingRequest& request, const wire::http::TraceSettings& defaults,
              wire::http::TraceSettings& settings);
Status update(const inference::LogSettingsRequest& request, wire::http::LogSettings& settings);
inference::TraceSettingResponse message_of(const wire::http::TraceSettings& settings);
inference::LogSettingsResponse message_of(const wire::http::LogSettings& settings);

}  // namespace ridgeline::serve::grpc
