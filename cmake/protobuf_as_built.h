// Under ThreadSanitizer protobuf's headers give maps two more members, which the library, built without it,
// does not know of. Read first, once the standard library has looked at the macro for itself.
#include <memory>

#pragma push_macro("__SANITIZE_THREAD__")
#undef __SANITIZE_THREAD__
#include <google/protobuf/map_field.h>
#pragma pop_macro("__SANITIZE_THREAD__")
