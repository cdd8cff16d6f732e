# Where `./run setup` leaves the engines' libraries and headers.
if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
  set(RIDGELINE_ENGINE_CACHE $ENV{XDG_CACHE_HOME}/ridgeline)
else()
  set(RIDGELINE_ENGINE_CACHE $ENV{HOME}/.cache/ridgeline)
endif()
