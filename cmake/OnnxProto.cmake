# Target onnx_proto: the message classes of ONNX, generated from the schema that the PyPI package `onnx` carries.
# ONNX_PROTO (in the environment, or -D) may name another onnx-ml.proto (1.16 or later).

include(HiddenProtobuf)
include(EngineCache)

file(GLOB cached_onnx_protos ${RIDGELINE_ENGINE_CACHE}/onnx-*/onnx/onnx-ml.proto)
if(DEFINED ENV{ONNX_PROTO})
  set(cached_onnx_protos $ENV{ONNX_PROTO})
endif()
list(POP_FRONT cached_onnx_protos onnx_proto_found)
set(ONNX_PROTO "${onnx_proto_found}" CACHE FILEPATH "ONNX's schema, onnx-ml.proto")
if(NOT ONNX_PROTO)
  message(FATAL_ERROR "onnx-ml.proto was not found under ${RIDGELINE_ENGINE_CACHE}: run ./run setup, or pass -DONNX_PROTO=FILE")
endif()

set(onnx_proto_dir ${CMAKE_BINARY_DIR}/generated/onnx)
set(onnx_proto_generated ${onnx_proto_dir}/onnx-ml.pb.cc ${onnx_proto_dir}/onnx-ml.pb.h)
cmake_path(GET ONNX_PROTO PARENT_PATH onnx_proto_source_dir)
file(MAKE_DIRECTORY ${onnx_proto_dir})
# Lite classes register no descriptors: another ONNX in the same process cannot collide with them.
add_custom_command(
  OUTPUT ${onnx_proto_generated}
  COMMAND protobuf::protoc --cpp_out=lite:${onnx_proto_dir} -I ${onnx_proto_source_dir} ${ONNX_PROTO}
  DEPENDS ${ONNX_PROTO}
  VERBATIM)

add_library(onnx_proto STATIC ${onnx_proto_generated})
target_include_directories(onnx_proto SYSTEM PUBLIC ${onnx_proto_dir})
target_compile_options(onnx_proto PRIVATE -w)
target_link_libraries(onnx_proto PUBLIC hidden_protobuf)
