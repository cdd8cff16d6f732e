# Puts the Python side of the Python backend into the binary: every file of `folder` becomes a module of serve/python/stub.h's list.
function(ridgeline_python_stub target folder)
  file(GLOB_RECURSE files CONFIGURE_DEPENDS RELATIVE ${folder} ${folder}/*.py)
  set(modules "")
  foreach(file ${files})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${folder}/${file})
    file(READ ${folder}/${file} source)
    if(file STREQUAL "boot.py")
      set(boot "R\"PYTHON(${source})PYTHON\"")
    else()
      string(REGEX REPLACE "(/__init__)?\\.py$" "" module ${file})
      string(REPLACE "/" "." module ${module})
      string(APPEND modules "    {\"${module}\", R\"PYTHON(${source})PYTHON\"},\n")
    endif()
  endforeach()
  set(generated ${CMAKE_BINARY_DIR}/generated/serve/python/stub_modules.cpp)
  file(CONFIGURE OUTPUT ${generated} @ONLY CONTENT "#include \"serve/python/stub.h\"

namespace ridgeline::serve {
namespace {

constexpr StubModule kModules[] = {
@modules@};

}  // namespace

std::span<const StubModule> stub_modules() { return kModules; }
std::string_view stub_boot() { return @boot@; }

}  // namespace ridgeline::serve
")
  target_sources(${target} PRIVATE ${generated})
endfunction()
