# Target hidden_protobuf: protobuf as this project links it.
#
# The binary takes the static library, its symbols kept out of the dynamic table: engines bring their own protobuf. A plugin can't, as
# the static one is not position independent; the engines' own protobufs export nothing that the shared one defines.
include_guard(GLOBAL)
find_package(Protobuf REQUIRED)
find_package(Threads REQUIRED)
find_package(ZLIB REQUIRED)
find_library(RIDGELINE_PROTOBUF_STATIC libprotobuf.a REQUIRED)

set(in_a_plugin $<STREQUAL:$<TARGET_PROPERTY:TYPE>,SHARED_LIBRARY>)
add_library(hidden_protobuf INTERFACE)
target_include_directories(hidden_protobuf SYSTEM INTERFACE ${Protobuf_INCLUDE_DIRS})
target_link_libraries(hidden_protobuf INTERFACE
                      $<IF:${in_a_plugin},protobuf::libprotobuf-lite,${RIDGELINE_PROTOBUF_STATIC}> ZLIB::ZLIB Threads::Threads)
target_link_options(hidden_protobuf INTERFACE LINKER:--exclude-libs,libprotobuf.a)
if(CMAKE_CXX_FLAGS MATCHES "-fsanitize=thread")
  target_compile_options(hidden_protobuf INTERFACE "SHELL:-include ${CMAKE_CURRENT_LIST_DIR}/protobuf_as_built.h")
endif()
