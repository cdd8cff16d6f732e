#include <cstdlib>

#include "bench/worker.h"
#include "race_model.h"

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  const ridgeline::EngineRegistry registry({argv[1]});
  return ridgeline::bench::run_worker({registry, ridgeline::bench::read_race_model}).ok() ? EXIT_SUCCESS
                                                                                          : EXIT_FAILURE;
}
