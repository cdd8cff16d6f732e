# ONNX Runtime's C and C++ headers and its library: the user's own installation (ONNXRUNTIME_ROOT in the environment, CMAKE_PREFIX_PATH, the
# system), else what `./run setup` left in the cache. Gives the target OnnxRuntime::OnnxRuntime.
include(EngineCache)
file(GLOB cached_onnxruntimes LIST_DIRECTORIES true ${RIDGELINE_ENGINE_CACHE}/onnxruntime-*)

find_path(OnnxRuntime_INCLUDE_DIR onnxruntime_cxx_api.h HINTS ENV ONNXRUNTIME_ROOT
          PATH_SUFFIXES include onnxruntime include/onnxruntime include/onnxruntime/core/session PATHS ${cached_onnxruntimes})
find_library(OnnxRuntime_LIBRARY onnxruntime HINTS ENV ONNXRUNTIME_ROOT PATH_SUFFIXES lib PATHS ${cached_onnxruntimes})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxRuntime REQUIRED_VARS OnnxRuntime_LIBRARY OnnxRuntime_INCLUDE_DIR)

if(OnnxRuntime_FOUND AND NOT TARGET OnnxRuntime::OnnxRuntime)
  add_library(OnnxRuntime::OnnxRuntime SHARED IMPORTED)
  set_target_properties(OnnxRuntime::OnnxRuntime PROPERTIES IMPORTED_LOCATION ${OnnxRuntime_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${OnnxRuntime_INCLUDE_DIR})
endif()
