# Target onnx_proto: the message classes of ONNX, generated from the schema that the PyPI package `onnx` carries.
# ONNX_PROTO may name another onnx-ml.proto (1.16 or later).

find_package(Protobuf REQUIRED)

function(ridgeline_find_onnx_proto result)
  set(cache "$ENV{XDG_CACHE_HOME}")
  if(NOT cache)
    set(cache "$ENV{HOME}/.cache")
  endif()
  file(GLOB found ${cache}/ridgeline/onnx-*/onnx/onnx-ml.proto)
  if(NOT found)
    file(GLOB_RECURSE wheels LIST_DIRECTORIES false ${cache}/ridgeline/onnx-[0-9]*.whl)
    if(wheels)
      list(GET wheels 0 wheel)
      file(ARCHIVE_EXTRACT INPUT ${wheel} DESTINATION ${CMAKE_BINARY_DIR}/generated/onnx-wheel PATTERNS onnx/onnx-ml.proto)
      set(found ${CMAKE_BINARY_DIR}/generated/onnx-wheel/onnx/onnx-ml.proto)
    endif()
  endif()
  if(NOT found)
    message(FATAL_ERROR "onnx-ml.proto was not found under ${cache}/ridgeline: run ./run setup, or pass -DONNX_PROTO=FILE")
  endif()
  list(GET found 0 first)
  set(${result} ${first} PARENT_SCOPE)
endfunction()

if(NOT ONNX_PROTO)
  ridgeline_find_onnx_proto(onnx_proto_found)
  set(ONNX_PROTO ${onnx_proto_found} CACHE FILEPATH "ONNX's schema, onnx-ml.proto" FORCE)
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

# The binary takes the static library, its symbols kept out of the dynamic table: engines bring their own protobuf. A plugin can't, as
# the static one is not position independent; the engines' own protobufs export nothing that the shared one defines.
find_library(RIDGELINE_PROTOBUF_STATIC libprotobuf.a REQUIRED)
set(in_a_plugin $<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>)
find_package(ZLIB REQUIRED)
add_library(onnx_proto STATIC ${onnx_proto_generated})
target_include_directories(onnx_proto SYSTEM PUBLIC ${onnx_proto_dir} ${Protobuf_INCLUDE_DIRS})
target_compile_options(onnx_proto PRIVATE -w)
target_link_libraries(onnx_proto PUBLIC
                      $<IF:${in_a_plugin},protobuf::libprotobuf-lite,${RIDGELINE_PROTOBUF_STATIC}> ZLIB::ZLIB Threads::Threads)
target_link_options(onnx_proto INTERFACE LINKER:--exclude-libs,libprotobuf.a)
