# Target kserve_proto: the message classes of the KServe v2 protocol and of gRPC's health service, generated from src/wire/grpc. Unlike
# ONNX's they keep their descriptors: configurations are read as text, and clients may ask for them by reflection.
include(HiddenProtobuf)

set(kserve_proto_dir ${CMAKE_BINARY_DIR}/generated/kserve)
set(kserve_proto_source_dir ${CMAKE_SOURCE_DIR}/src/wire/grpc)
file(MAKE_DIRECTORY ${kserve_proto_dir})
set(kserve_proto_sources)
set(kserve_proto_generated)
foreach(name model_config grpc_service health)
  list(APPEND kserve_proto_sources ${kserve_proto_source_dir}/${name}.proto)
  list(APPEND kserve_proto_generated ${kserve_proto_dir}/${name}.pb.cc ${kserve_proto_dir}/${name}.pb.h)
endforeach()
add_custom_command(
  OUTPUT ${kserve_proto_generated}
  COMMAND protobuf::protoc --cpp_out=${kserve_proto_dir} -I ${kserve_proto_source_dir} ${kserve_proto_sources}
  DEPENDS ${kserve_proto_sources}
  VERBATIM)

add_library(kserve_proto STATIC ${kserve_proto_generated})
target_include_directories(kserve_proto SYSTEM PUBLIC ${kserve_proto_dir})
target_compile_options(kserve_proto PRIVATE -w)
target_link_libraries(kserve_proto PUBLIC hidden_protobuf)
