# Target kserve_proto: the message classes of the KServe v2 protocol and of gRPC's health and reflection services, generated from
# src/wire/grpc. Unlike ONNX's they keep their descriptors: configurations are read as text, and clients may ask for them by reflection.
#
# Target kserve_grpc: these services' stubs. gRPC's own library has no protobuf, so that the hidden one stays the only one.
include(HiddenProtobuf)

set(kserve_proto_dir ${CMAKE_BINARY_DIR}/generated/kserve)
set(kserve_proto_source_dir ${CMAKE_SOURCE_DIR}/src/wire/grpc)
file(MAKE_DIRECTORY ${kserve_proto_dir})
set(kserve_proto_sources)
set(kserve_proto_generated)
foreach(name model_config grpc_service health reflection)
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

set(kserve_grpc_generated)
foreach(name grpc_service health reflection)
  list(APPEND kserve_grpc_generated ${kserve_proto_dir}/${name}.grpc.pb.cc ${kserve_proto_dir}/${name}.grpc.pb.h)
endforeach()
find_program(RIDGELINE_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)
add_custom_command(
  OUTPUT ${kserve_grpc_generated}
  COMMAND protobuf::protoc --grpc_out=${kserve_proto_dir} --plugin=protoc-gen-grpc=${RIDGELINE_GRPC_PLUGIN}
          -I ${kserve_proto_source_dir} ${kserve_proto_sources}
  DEPENDS ${kserve_proto_sources}
  VERBATIM)

foreach(library grpc++ grpc gpr absl_synchronization)
  find_library(RIDGELINE_LIB_${library} ${library} REQUIRED)
  list(APPEND grpc_libraries ${RIDGELINE_LIB_${library}})
endforeach()
add_library(kserve_grpc STATIC EXCLUDE_FROM_ALL ${kserve_grpc_generated})
target_compile_options(kserve_grpc PRIVATE -w)
target_link_libraries(kserve_grpc PUBLIC kserve_proto ${grpc_libraries})
