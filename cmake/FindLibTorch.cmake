# LibTorch's C++ libraries: the user's own (LIBTORCH_ROOT in the environment or CMAKE_PREFIX_PATH names the folder that holds lib/ and
# include/, as python's torch package does), else what `./run setup` left in the cache. Gives the target LibTorch::LibTorch: torch_cpu and c10 alone;
# the CUDA half is opened at run time.
include(EngineCache)
file(GLOB cached_torches LIST_DIRECTORIES true ${RIDGELINE_ENGINE_CACHE}/torch-*/torch)

find_path(LibTorch_INCLUDE_DIR ATen/ATen.h HINTS ENV LIBTORCH_ROOT PATHS ${cached_torches} PATH_SUFFIXES include)
find_library(LibTorch_LIBRARY torch_cpu HINTS ENV LIBTORCH_ROOT PATHS ${cached_torches} PATH_SUFFIXES lib)
find_library(LibTorch_C10_LIBRARY c10 HINTS ENV LIBTORCH_ROOT PATHS ${cached_torches} PATH_SUFFIXES lib)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibTorch REQUIRED_VARS LibTorch_LIBRARY LibTorch_C10_LIBRARY LibTorch_INCLUDE_DIR)

if(LibTorch_FOUND AND NOT TARGET LibTorch::LibTorch)
  add_library(LibTorch::c10 SHARED IMPORTED)
  set_target_properties(LibTorch::c10 PROPERTIES IMPORTED_LOCATION ${LibTorch_C10_LIBRARY})
  # torch_cpu names its CUDA runtime libraries by an RPATH of its own, which the linker does not follow.
  add_library(LibTorch::LibTorch SHARED IMPORTED)
  set_target_properties(LibTorch::LibTorch PROPERTIES
    IMPORTED_LOCATION ${LibTorch_LIBRARY}
    INTERFACE_LINK_LIBRARIES LibTorch::c10
    INTERFACE_LINK_OPTIONS LINKER:--unresolved-symbols=ignore-in-shared-libs)
  # After the system's headers: LibTorch brings its own fmt and protobuf, which must not stand before the ones that we link.
  target_compile_options(LibTorch::LibTorch INTERFACE "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}"
                         "SHELL:-idirafter ${LibTorch_INCLUDE_DIR}/torch/csrc/api/include")
endif()
