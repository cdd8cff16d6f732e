#include "serve/grpc/inference_service.h"

#include "serve/config/messages.h"
#include "serve/grpc/buffers.h"
#include "serve/grpc/infer_call.h"
#include "serve/grpc/infer_stream.h"
#include "serve/grpc/messages.h"
#include "serve/grpc/status.h"
#include "wire/http/metadata.h"

namespace ridgeline::serve::grpc {
namespace {

Result<ServedModel> model_of(const Service& service, const std::string& name, const std::string& version) {
  RETURN_IF_ERROR(check_version(version));
  return service.model(name, version);
}

}  // namespace

using Reactor = InferenceService::Reactor;

template <typename Request, typename Response, typename Work>
Reactor* InferenceService::answer(Context& context, std::string_view access_class,
                                  const ::grpc::ByteBuffer& request, ::grpc::ByteBuffer& response,
                                  const Work& work) {
  Reactor* reactor = context.DefaultReactor();
  const auto run = [&]() -> Status {
    RETURN_IF_ERROR(permit(front_, context, access_class));
    Request asked;
    RETURN_IF_ERROR(parse(request, front_.options.message_bytes, asked));
    Response told;
    RETURN_IF_ERROR(work(asked, told));
    response = buffer_of(told);
    return {};
  };
  front_.call_ends.finish(*reactor, status_of(run()));
  return reactor;
}

template <typename Request, typename Response, typename Begin>
Reactor* InferenceService::answer_later(Context& context, const ::grpc::ByteBuffer& request,
                                        ::grpc::ByteBuffer& response, const Begin& begin) {
  Reactor* reactor = context.DefaultReactor();
  response = buffer_of(Response());
  const auto run = [&]() -> Status {
    RETURN_IF_ERROR(permit(front_, context, "model-repository"));
    Request asked;
    RETURN_IF_ERROR(parse(request, front_.options.message_bytes, asked));
    RETURN_IF_ERROR(check_repository(asked.repository_name()));
    return begin(asked, [this, reactor](const Status& status) {
      front_.call_ends.finish(*reactor, status_of(status));
    });
  };
  if (const Status begun = run(); !begun.ok()) front_.call_ends.finish(*reactor, status_of(begun));
  return reactor;
}

Reactor* InferenceService::ModelInfer(Context* context, const ::grpc::ByteBuffer* request,
                                      ::grpc::ByteBuffer* response) {
  return InferCall::begin(front_, *context, *request, *response);
}

::grpc::ServerBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>* InferenceService::ModelStreamInfer(
    Context* context) {
  return InferStream::begin(front_, *context);
}

Reactor* InferenceService::ServerLive(Context* context, const ::grpc::ByteBuffer* request,
                                      ::grpc::ByteBuffer* response) {
  return answer<inference::ServerLiveRequest, inference::ServerLiveResponse>(
      *context, "health", *request, *response, [&](const auto& /*asked*/, auto& told) -> Status {
        told.set_live(true);
        return {};
      });
}

Reactor* InferenceService::ServerReady(Context* context, const ::grpc::ByteBuffer* request,
                                       ::grpc::ByteBuffer* response) {
  return answer<inference::ServerReadyRequest, inference::ServerReadyResponse>(
      *context, "health", *request, *response, [&](const auto& /*asked*/, auto& told) -> Status {
        told.set_ready(front_.service.ready());
        return {};
      });
}

Reactor* InferenceService::ModelReady(Context* context, const ::grpc::ByteBuffer* request,
                                      ::grpc::ByteBuffer* response) {
  return answer<inference::ModelReadyRequest, inference::ModelReadyResponse>(
      *context, "health", *request, *response, [&](const auto& asked, auto& told) -> Status {
        RETURN_IF_ERROR(check_version(asked.version()));
        told.set_ready(front_.service.model_ready(asked.name(), asked.version()));
        return {};
      });
}

Reactor* InferenceService::ServerMetadata(Context* context, const ::grpc::ByteBuffer* request,
                                          ::grpc::ByteBuffer* response) {
  return answer<inference::ServerMetadataRequest, inference::ServerMetadataResponse>(
      *context, "metadata", *request, *response, [&](const auto& /*asked*/, auto& told) -> Status {
        told.set_name(front_.options.identity.name);
        told.set_version(front_.options.identity.version);
        for (const std::string_view extension : kExtensions) told.add_extensions(std::string(extension));
        return {};
      });
}

Reactor* InferenceService::ModelMetadata(Context* context, const ::grpc::ByteBuffer* request,
                                         ::grpc::ByteBuffer* response) {
  return answer<inference::ModelMetadataRequest, inference::ModelMetadataResponse>(
      *context, "metadata", *request, *response, [&](const auto& asked, auto& told) -> Status {
        ASSIGN_OR_RETURN(const ServedModel model, model_of(front_.service, asked.name(), asked.version()));
        return fill(told, wire::http::encode_model_metadata(*model.signature, model.versions,
                                                            model.config->shown_platform()));
      });
}

Reactor* InferenceService::ModelConfig(Context* context, const ::grpc::ByteBuffer* request,
                                       ::grpc::ByteBuffer* response) {
  return answer<inference::ModelConfigRequest, inference::ModelConfigResponse>(
      *context, "model-config", *request, *response, [&](const auto& asked, auto& told) -> Status {
        ASSIGN_OR_RETURN(const ServedModel model, model_of(front_.service, asked.name(), asked.version()));
        *told.mutable_config() = to_message(*model.config);
        return {};
      });
}

Reactor* InferenceService::ModelStatistics(Context* context, const ::grpc::ByteBuffer* request,
                                           ::grpc::ByteBuffer* response) {
  return answer<inference::ModelStatisticsRequest, inference::ModelStatisticsResponse>(
      *context, "statistics", *request, *response, [&](const auto& asked, auto& told) -> Status {
        RETURN_IF_ERROR(check_version(asked.version()));
        ASSIGN_OR_RETURN(const std::vector<ModelReport> reports,
                         front_.service.statistics(asked.name(), asked.version()));
        return fill(told, statistics_json(reports).dump());
      });
}

Reactor* InferenceService::RepositoryIndex(Context* context, const ::grpc::ByteBuffer* request,
                                           ::grpc::ByteBuffer* response) {
  using Request = inference::RepositoryIndexRequest;
  return answer_later<Request, inference::RepositoryIndexResponse>(
      *context, *request, *response,
      [this, response](const Request& asked, const serve::Service::Done& done) -> Status {
        const auto tell = [response, done](const std::vector<wire::http::IndexEntry>& entries) {
          *response = buffer_of(message_of(entries));
          done({});
        };
        if (asked.ready())
          tell(front_.service.ready_versions());
        else
          front_.service.index(tell);
        return {};
      });
}

Reactor* InferenceService::RepositoryModelLoad(Context* context, const ::grpc::ByteBuffer* request,
                                               ::grpc::ByteBuffer* response) {
  using Request = inference::RepositoryModelLoadRequest;
  return answer_later<Request, inference::RepositoryModelLoadResponse>(
      *context, *request, *response, [this](const Request& asked, serve::Service::Done done) -> Status {
        ASSIGN_OR_RETURN(wire::http::LoadRequest load, load_request_of(asked.parameters()));
        front_.service.load(asked.model_name(), std::move(load), std::move(done));
        return {};
      });
}

Reactor* InferenceService::RepositoryModelUnload(Context* context, const ::grpc::ByteBuffer* request,
                                                 ::grpc::ByteBuffer* response) {
  using Request = inference::RepositoryModelUnloadRequest;
  return answer_later<Request, inference::RepositoryModelUnloadResponse>(
      *context, *request, *response, [this](const Request& asked, serve::Service::Done done) -> Status {
        ASSIGN_OR_RETURN(const bool with_dependents, unloads_dependents(asked.parameters()));
        front_.service.unload(asked.model_name(), with_dependents, std::move(done));
        return {};
      });
}

Reactor* InferenceService::SystemSharedMemoryStatus(Context* context, const ::grpc::ByteBuffer* request,
                                                    ::grpc::ByteBuffer* response) {
  return answer<inference::SystemSharedMemoryStatusRequest, inference::SystemSharedMemoryStatusResponse>(
      *context, "shared-memory", *request, *response, [&](const auto& asked, auto& told) -> Status {
        ASSIGN_OR_RETURN(const std::vector<SharedMemoryRegion> regions,
                         front_.service.system_memory().list(asked.name()));
        told = message_of(regions);
        return {};
      });
}

Reactor* InferenceService::SystemSharedMemoryRegister(Context* context, const ::grpc::ByteBuffer* request,
                                                      ::grpc::ByteBuffer* response) {
  return answer<inference::SystemSharedMemoryRegisterRequest, inference::SystemSharedMemoryRegisterResponse>(
      *context, "shared-memory", *request, *response, [&](const auto& asked, auto& /*told*/) -> Status {
        return front_.service.system_memory().add({.name = asked.name(),
                                                   .key = asked.key(),
                                                   .offset = asked.offset(),
                                                   .byte_size = asked.byte_size()});
      });
}

Reactor* InferenceService::SystemSharedMemoryUnregister(Context* context, const ::grpc::ByteBuffer* request,
                                                        ::grpc::ByteBuffer* response) {
  return answer<inference::SystemSharedMemoryUnregisterRequest,
                inference::SystemSharedMemoryUnregisterResponse>(
      *context, "shared-memory", *request, *response, [&](const auto& asked, auto& /*told*/) -> Status {
        if (asked.name().empty()) {
          front_.service.system_memory().remove_all();
        } else {
          front_.service.system_memory().remove(asked.name());
        }
        return {};
      });
}

Reactor* InferenceService::CudaSharedMemoryStatus(Context* context, const ::grpc::ByteBuffer* request,
                                                  ::grpc::ByteBuffer* response) {
  return answer<inference::CudaSharedMemoryStatusRequest, inference::CudaSharedMemoryStatusResponse>(
      *context, "shared-memory", *request, *response, [&](const auto& asked, auto& /*told*/) -> Status {
        if (asked.name().empty()) return {};
        return not_found("Unable to find cuda shared memory region: '{}'", asked.name());
      });
}

Reactor* InferenceService::CudaSharedMemoryRegister(Context* context, const ::grpc::ByteBuffer* request,
                                                    ::grpc::ByteBuffer* response) {
  return answer<inference::CudaSharedMemoryRegisterRequest, inference::CudaSharedMemoryRegisterResponse>(
      *context, "shared-memory", *request, *response, [](const auto& /*asked*/, auto& /*told*/) {
        return unsupported("CUDA shared memory is not served; register a region of system shared memory");
      });
}

Reactor* InferenceService::CudaSharedMemoryUnregister(Context* context, const ::grpc::ByteBuffer* request,
                                                      ::grpc::ByteBuffer* response) {
  return answer<inference::CudaSharedMemoryUnregisterRequest, inference::CudaSharedMemoryUnregisterResponse>(
      *context, "shared-memory", *request, *response,
      [](const auto& /*asked*/, auto& /*told*/) { return Status(); });
}

Reactor* InferenceService::TraceSetting(Context* context, const ::grpc::ByteBuffer* request,
                                        ::grpc::ByteBuffer* response) {
  return answer<inference::TraceSettingRequest, inference::TraceSettingResponse>(
      *context, "trace", *request, *response, [&](const auto& asked, auto& told) -> Status {
        const auto change = [&asked](const wire::http::TraceSettings& defaults,
                                     wire::http::TraceSettings& settings) {
          return update(asked, defaults, settings);
        };
        auto settings = asked.settings().empty()
                            ? front_.service.trace_settings(asked.model_name())
                            : front_.service.change_trace_settings(asked.model_name(), change);
        if (settings.ok()) told = message_of(*settings);
        return std::move(settings).status();
      });
}

Reactor* InferenceService::LogSettings(Context* context, const ::grpc::ByteBuffer* request,
                                       ::grpc::ByteBuffer* response) {
  return answer<inference::LogSettingsRequest, inference::LogSettingsResponse>(
      *context, "logging", *request, *response, [&](const auto& asked, auto& told) -> Status {
        if (asked.settings().empty()) {
          told = message_of(front_.service.log_settings());
          return {};
        }
        ASSIGN_OR_RETURN(const auto settings,
                         front_.service.change_log_settings(
                             [&asked](wire::http::LogSettings& changed) { return update(asked, changed); }));
        told = message_of(settings);
        return {};
      });
}

}  // namespace ridgeline::serve::grpc
