# ONNX Runtime's C and C++ headers and its library: the user's own installation (CMAKE_PREFIX_PATH, the system), else what `./run setup` left
# in the cache. Gives the target OnnxRuntime::OnnxRuntime.
include(EngineCache)
file(GLOB cached_onnxruntimes LIST_DIRECTORIES true ${RIDGELINE_ENGINE_CACHE}/onnxruntime-*)

find_path(OnnxRuntime_INCLUDE_DIR onnxruntime_cxx_api.h PATH_SUFFIXES onnxruntime include/onnxruntime
          PATHS ${cached_onnxruntimes})
find_library(OnnxRuntime_LIBRARY onnxruntime PATH_SUFFIXES lib PATHS ${cached_onnxruntimes})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OnnxRuntime REQUIRED_VARS OnnxRuntime_LIBRARY OnnxRuntime_INCLUDE_DIR)

if(OnnxRuntime_FOUND AND NOT TARGET OnnxRuntime::OnnxRuntime)
  add_library(OnnxRuntime::OnnxRuntime SHARED IMPORTED)
  set_target_properties(OnnxRuntime::OnnxRuntime PROPERTIES IMPORTED_LOCATION ${OnnxRuntime_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${OnnxRuntime_INCLUDE_DIR})
endif()
