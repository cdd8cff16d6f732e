// What ThreadSanitizer shall not report. gRPC and Abseil come built without it, and Abseil's mutexes are
// futexes of its own, so that it sees nothing of how their threads hand things over: what they, and OpenSSL
// for them, touch looks like a race. Their copies are not looked at either, as a report for every word of a
// large message never ends. Races of our own are seen wherever no frame is gRPC's, which leaves out what runs
// in its reactors.

// NOLINTNEXTLINE(bugprone-reserved-identifier,readability-identifier-naming): the sanitizer's name for it
extern "C" [[gnu::visibility("default")]] const char* __tsan_default_suppressions() {
  return "called_from_lib:libgrpc.so\n"
         "called_from_lib:libgrpc++.so\n"
         "race:libgrpc\n"
         "race:grpc::\n"
         "race:grpc_core\n"
         "race:libgpr\n"
         "race:libabsl\n"
         "race:libssl\n"
         "race:libcrypto\n";
}
