#pragma once

#include "grpc_service.grpc.pb.h"
#include "serve/grpc/front.h"

namespace ridgeline::serve::grpc {

/// gRPC's way to say how each call of a service is taken, one base class a call.
template <template <class> class... Calls>
struct Calling {
  using Base = inference::GRPCInferenceService::Service;
};
template <template <class> class First, template <class> class... Others>
struct Calling<First, Others...> {
  using Base = First<typename Calling<Others...>::Base>;
};

/// All calls take the bytes of messages as they are: what a client has compressed is unpacked here, within
/// limits.
struct InferenceCalls {
  using Of = inference::GRPCInferenceService;
  using Base =
      Calling<Of::WithRawCallbackMethod_ModelInfer, Of::WithRawCallbackMethod_ModelStreamInfer,
              Of::WithRawCallbackMethod_ServerLive, Of::WithRawCallbackMethod_ServerReady,
              Of::WithRawCallbackMethod_ModelReady, Of::WithRawCallbackMethod_ServerMetadata,
              Of::WithRawCallbackMethod_ModelMetadata, Of::WithRawCallbackMethod_ModelConfig,
              Of::WithRawCallbackMethod_ModelStatistics, Of::WithRawCallbackMethod_RepositoryIndex,
              Of::WithRawCallbackMethod_RepositoryModelLoad, Of::WithRawCallbackMethod_RepositoryModelUnload,
              Of::WithRawCallbackMethod_SystemSharedMemoryStatus,
              Of::WithRawCallbackMethod_SystemSharedMemoryRegister,
              Of::WithRawCallbackMethod_SystemSharedMemoryUnregister,
              Of::WithRawCallbackMethod_CudaSharedMemoryStatus,
              Of::WithRawCallbackMethod_CudaSharedMemoryRegister,
              Of::WithRawCallbackMethod_CudaSharedMemoryUnregister, Of::WithRawCallbackMethod_TraceSetting,
              Of::WithRawCallbackMethod_LogSettings>::Base;
};

/// inference.GRPCInferenceService over a Service.
class InferenceService final : public InferenceCalls::Base {
 public:
  explicit InferenceService(Front& front) : front_(front) {}

  using Context = ::grpc::CallbackServerContext;
  using Reactor = ::grpc::ServerUnaryReactor;

  ::grpc::ServerBidiReactor<::grpc::ByteBuffer, ::grpc::ByteBuffer>* ModelStreamInfer(
      Context* context) override;

#define RIDGELINE_CALL(name) \
  Reactor* name(Context* context, const ::grpc::ByteBuffer* request, ::grpc::ByteBuffer* response) override;
  RIDGELINE_CALL(ModelInfer)
  RIDGELINE_CALL(ServerLive)
  RIDGELINE_CALL(ServerReady)
  RIDGELINE_CALL(ModelReady)
  RIDGELINE_CALL(ServerMetadata)
  RIDGELINE_CALL(ModelMetadata)
  RIDGELINE_CALL(ModelConfig)
  RIDGELINE_CALL(ModelStatistics)
  RIDGELINE_CALL(RepositoryIndex)
  RIDGELINE_CALL(RepositoryModelLoad)
  RIDGELINE_CALL(RepositoryModelUnload)
  RIDGELINE_CALL(SystemSharedMemoryStatus)
  RIDGELINE_CALL(SystemSharedMemoryRegister)
  RIDGELINE_CALL(SystemSharedMemoryUnregister)
  RIDGELINE_CALL(CudaSharedMemoryStatus)
  RIDGELINE_CALL(CudaSharedMemoryRegister)
  RIDGELINE_CALL(CudaSharedMemoryUnregister)
  RIDGELINE_CALL(TraceSetting)
  RIDGELINE_CALL(LogSettings)
#undef RIDGELINE_CALL

 private:
  /// Answers at once with the message that `work` fills in, where the client may ask.
  template <typename Request, typename Response, typename Work>
  Reactor* answer(Context& context, std::string_view access_class, const ::grpc::ByteBuffer& request,
                  ::grpc::ByteBuffer& response, const Work& work);
  /// Hands the request to `begin` with what ends the call, which `begin` calls unless it fails.
  template <typename Request, typename Response, typename Begin>
  Reactor* answer_later(Context& context, const ::grpc::ByteBuffer& request, ::grpc::ByteBuffer& response,
                        const Begin& begin);

  Front& front_;
};

}  // namespace ridgeline::serve::grpc
