# Every room is a static library made of src/<room>/**/*.cpp; folders named in EXCLUDE belong to another target.

# Designated initialisers leave the rest to its defaults on purpose; GCC 12 sees restrict and maybe-uninitialized where there is none
# (its bugs 105651 and 105562).
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wno-missing-field-initializers -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized)
else()
  # Clang sees that libstdc++ 12's stable_sort calls what libstdc++ 12 deprecates.
  add_compile_options(-Wno-deprecated-declarations)
endif()

function(ridgeline_room room)
  cmake_parse_arguments(ARG "" "" "USES;EXCLUDE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${room}/*.cpp)
  foreach(folder ${ARG_EXCLUDE})
    list(FILTER sources EXCLUDE REGEX "/${room}/${folder}/")
  endforeach()
  add_library(ridgeline_${room} STATIC ${sources})
  target_include_directories(ridgeline_${room} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ARG_USES REPLACE "^(base|tensor|graph|formats|cost|kernels|engine|vision|train|predict|quantize|bench|report|wire|serve)$" "ridgeline_\\1")
  target_link_libraries(ridgeline_${room} PUBLIC ${ARG_USES})
endfunction()

# One test program per room: tests/<room>/*_test.cpp, plus the helpers beside them. GoogleTest's macros take a third less
# time to compile at -O1, and no test's own code is where time goes.
function(ridgeline_room_test room)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${room}/*.cpp)
  add_executable(${room}_test ${sources})
  target_compile_options(${room}_test PRIVATE $<$<CONFIG:Release>:-O1>)
  target_include_directories(${room}_test PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${room}_test PRIVATE ridgeline_${room} GTest::gtest GTest::gmock GTest::gtest_main ${ARGN})
  gtest_discover_tests(${room}_test TEST_PREFIX ${room}. DISCOVERY_MODE PRE_TEST NO_PRETTY_VALUES
                       PROPERTIES ENVIRONMENT RIDGELINE_PLAN_CACHE=off)
endfunction()
