# A plugin is one shared object, libridgeline_<name>.so, beside the binary. It exports its door (`ridgeline_engine_v1`,
# `ridgeline_trainer_v1`) and nothing else, so that what it links statically can't meet another's copy.
set(RIDGELINE_PLUGIN_DIR ${CMAKE_SOURCE_DIR}/src/engine/plugin)

function(ridgeline_plugin name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  set(target plugin_${name})
  add_library(${target} SHARED ${ARG_SOURCES})
  target_link_libraries(${target} PRIVATE ridgeline_plugin ${ARG_LIBS})
  target_link_options(${target} PRIVATE -Wl,--version-script=${RIDGELINE_PLUGIN_DIR}/exports.map
                      -Wl,--as-needed)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ridgeline_${name} INSTALL_RPATH_USE_LINK_PATH TRUE
                        LINK_DEPENDS ${RIDGELINE_PLUGIN_DIR}/exports.map)
endfunction()

# An engine's SOURCES and the C door around them.
function(ridgeline_engine_plugin engine)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  ridgeline_plugin(${engine} SOURCES ${ARG_SOURCES} ${RIDGELINE_PLUGIN_DIR}/door.cpp LIBS ${ARG_LIBS})
endfunction()
