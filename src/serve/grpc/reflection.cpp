#include "serve/grpc/reflection.h"

#include <array>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <set>

#include "serve/grpc/status.h"

namespace ridgeline::serve::grpc {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using Request = ::grpc::reflection::v1alpha::ServerReflectionRequest;
using Response = ::grpc::reflection::v1alpha::ServerReflectionResponse;

constexpr std::array<std::string_view, 3> kServices = {
    "inference.GRPCInferenceService", "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"};

/// A file after those that it imports, each once.
void add_file(const FileDescriptor& file, std::set<const FileDescriptor*>& added,
              ::grpc::reflection::v1alpha::FileDescriptorResponse& files) {
  if (!added.insert(&file).second) return;
  for (int i = 0; i < file.dependency_count(); ++i) add_file(*file.dependency(i), added, files);
  google::protobuf::FileDescriptorProto message;
  file.CopyTo(&message);
  message.SerializeToString(files.add_file_descriptor_proto());
}

void refuse(::grpc::StatusCode code, std::string_view reason, Response& response) {
  response.mutable_error_response()->set_error_code(code);
  response.mutable_error_response()->set_error_message(std::string(reason));
}

void answer_file(const FileDescriptor* file, Response& response) {
  if (file == nullptr) {
    refuse(::grpc::StatusCode::NOT_FOUND, "there is no such file, symbol or extension", response);
    return;
  }
  std::set<const FileDescriptor*> added;
  add_file(*file, added, *response.mutable_file_descriptor_response());
}

const FileDescriptor* file_of_extension(const ::grpc::reflection::v1alpha::ExtensionRequest& request) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  const auto* type = pool.FindMessageTypeByName(request.containing_type());
  if (type == nullptr) return nullptr;
  const auto* extension = pool.FindExtensionByNumber(type, request.extension_number());
  return extension == nullptr ? nullptr : extension->file();
}

void answer_extensions(const std::string& type_name, Response& response) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  const auto* type = pool.FindMessageTypeByName(type_name);
  if (type == nullptr) {
    refuse(::grpc::StatusCode::NOT_FOUND, "there is no such message", response);
    return;
  }
  auto& numbers = *response.mutable_all_extension_numbers_response();
  numbers.set_base_type_name(type_name);
  std::vector<const google::protobuf::FieldDescriptor*> extensions;
  pool.FindAllExtensions(type, &extensions);
  for (const auto* extension : extensions) numbers.add_extension_number(extension->number());
}

/// One client's questions, answered one after another. Holds itself until gRPC is done with it.
class Conversation final : public ::grpc::ServerBidiReactor<Request, Response>, public LongCall {
 public:
  static ::grpc::ServerBidiReactor<Request, Response>* begin(Front& front) {
    const auto conversation = std::make_shared<Conversation>(front);
    conversation->self_ = conversation;
    conversation->StartRead(&conversation->request_);
    front.long_calls.add(conversation);
    return conversation.get();
  }

  explicit Conversation(Front& front) : front_(front) {}

  void OnReadDone(bool ok) override {
    go_on(ok, [this] {
      response_ = reflect(request_, kServices);
      StartWrite(&response_);
    });
  }
  void OnWriteDone(bool ok) override {
    go_on(ok, [this] { StartRead(&request_); });
  }
  void end_soon() override {
    const std::scoped_lock lock(mutex_);
    finish(status_of(unavailable("the server is shutting down")));
  }
  void OnDone() override {
    front_.long_calls.remove(this);
    self_.reset();
  }

 private:
  template <typename Step>
  void go_on(bool ok, const Step& step) {
    const std::scoped_lock lock(mutex_);
    if (finished_) return;
    if (ok) {
      step();
    } else {
      finish(::grpc::Status::OK);
    }
  }

  void finish(const ::grpc::Status& status) {
    if (finished_) return;
    finished_ = true;
    Finish(status);
  }

  Front& front_;
  std::shared_ptr<Conversation> self_;
  Request request_;
  Response response_;
  std::mutex mutex_;  ///< nothing starts after the end
  bool finished_ = false;
};

}  // namespace

Response reflect(const Request& request, std::span<const std::string_view> services) {
  const DescriptorPool& pool = *DescriptorPool::generated_pool();
  Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      answer_file(pool.FindFileByName(request.file_by_filename()), response);
      break;
    case Request::kFileContainingSymbol:
      answer_file(pool.FindFileContainingSymbol(request.file_containing_symbol()), response);
      break;
    case Request::kFileContainingExtension:
      answer_file(file_of_extension(request.file_containing_extension()), response);
      break;
    case Request::kAllExtensionNumbersOfType:
      answer_extensions(request.all_extension_numbers_of_type(), response);
      break;
    case Request::kListServices:
      for (const std::string_view name : services)
        response.mutable_list_services_response()->add_service()->set_name(std::string(name));
      break;
    default:
      refuse(::grpc::StatusCode::INVALID_ARGUMENT, "the request asks for nothing", response);
  }
  return response;
}

::grpc::ServerBidiReactor<Request, Response>* ReflectionService::ServerReflectionInfo(
    ::grpc::CallbackServerContext* /*context*/) {
  return Conversation::begin(front_);
}

}  // namespace ridgeline::serve::grpc
