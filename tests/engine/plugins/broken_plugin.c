/* A plugin that must not be let in: for want of its entry, or of what ABI_VERSION, its name or a library promise. */
#include "engine/plugin_abi.h"

#ifdef NEEDS_LIBRARY
int absent_library_answer(void);
int use_absent_library(void);
int use_absent_library(void) { return absent_library_answer(); }
#endif

#ifdef ABI_VERSION
const RidgelineEngineV1* ridgeline_engine_v1(void);
const RidgelineEngineV1* ridgeline_engine_v1(void) {
  static const RidgelineEngineV1 door = {.abi_version = ABI_VERSION, .name = "broken"};
  return &door;
}
#else
int ridgeline_something_else(void);
int ridgeline_something_else(void) { return 0; }
#endif
