#pragma once

#include <string>

#include "base/json.h"
#include "bench/config.h"
#include "bench/matrix.h"

namespace ridgeline::bench {

/// The machine and moment of a race: {host, os, kernel, cpu:{model, cores, threads, governor, features},
/// memory_mb, load_average, noise:{spin_p50_us, spin_p99_us, steal_pct}, time, ridgeline,
/// command}. What the system
/// does not tell is left out.
Json describe_machine();

/// How steady the machine is: the same short arithmetic over and over for `seconds`, its median and 99th
/// percentile, and the share of CPU time that the hypervisor took meanwhile.
Json probe_noise(double seconds);

/// {engine: version} of those that are here, {engine: reason} of those that are not.
Json describe_engines(const EngineTable& engines);

}  // namespace ridgeline::bench
