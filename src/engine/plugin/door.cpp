// Compiled into every plugin: the C interface around its plugin::engine(). No exception passes.

#include <utility>

#include "engine/plugin/codec.h"
#include "engine/plugin/door_guard.h"
#include "engine/plugin/plugin_engine.h"
#include "engine/plugin_abi.h"

/// The views are kept so that a run allocates nothing once their shapes have been seen.
struct RidgelineSession {
  std::unique_ptr<ridgeline::Session> session;
  std::vector<ridgeline::TensorView> in;
  std::vector<ridgeline::TensorView> out;
};

namespace {

using namespace ridgeline;
using plugin::catch_all;
using plugin::guarded;
using plugin::lend;

Result<plugin::Model> to_model(const RidgelineModel& model) {
  const auto precision = precision_from_name(model.precision);
  if (!precision) return internal_error("the host names an unknown precision '{}'", model.precision);
  ASSIGN_OR_RETURN(auto dimensions, plugin::decode_dimensions(model.dimensions));
  return plugin::Model{.path = model.path,
                       .bytes = {static_cast<const char*>(model.bytes), model.byte_size},
                       .has_external_data = model.has_external_data != 0,
                       .precision = *precision,
                       .dimensions = std::move(dimensions)};
}

void to_views(const RidgelineTensor* tensors, size_t count, std::vector<TensorView>& views) {
  views.resize(count);
  for (size_t i = 0; i < count; ++i) plugin::decode(tensors[i], views[i]);
}

const char* version() noexcept {
  std::string version = "unknown";
  const Status status = catch_all([&] {
    version = plugin::engine().version();
    return Status();
  });
  return lend(status.ok() ? version : "unknown");
}

const char* probe() noexcept {
  Capabilities capabilities;
  const Status status = catch_all([&] {
    capabilities = plugin::engine().probe();
    return Status();
  });
  if (!status.ok()) capabilities = {.available = false, .reason = status.message(), .devices = {}};
  return lend(plugin::encode(capabilities));
}

RidgelineStatus supports(const RidgelineModel* model, const char* options_text) noexcept {
  return guarded([&]() -> Status {
    ASSIGN_OR_RETURN(const SessionOptions options, plugin::decode_options(options_text));
    ASSIGN_OR_RETURN(const plugin::Model opened, to_model(*model));
    return plugin::engine().supports(opened, options);
  });
}

RidgelineStatus compile(const RidgelineModel* model, const char* options_text,
                        RidgelineSession** session) noexcept {
  return guarded([&]() -> Status {
    ASSIGN_OR_RETURN(const SessionOptions options, plugin::decode_options(options_text));
    ASSIGN_OR_RETURN(const plugin::Model opened, to_model(*model));
    ASSIGN_OR_RETURN(std::unique_ptr<Session> compiled, plugin::engine().compile(opened, options));
    *session = std::make_unique<RidgelineSession>(std::move(compiled), std::vector<TensorView>(),
                                                  std::vector<TensorView>())
                   .release();
    return {};
  });
}

const char* signature(RidgelineSession* session) noexcept {
  return lend(plugin::encode(session->session->signature()));
}

RidgelineStatus run(RidgelineSession* session, const RidgelineTensor* in, size_t in_count,
                    RidgelineTensor* out, size_t out_count) noexcept {
  return guarded([&]() -> Status {
    to_views(in, in_count, session->in);
    to_views(out, out_count, session->out);
    RETURN_IF_ERROR(session->session->run(session->in, session->out));
    for (size_t i = 0; i < out_count; ++i) plugin::encode(session->out[i], out[i]);
    return {};
  });
}

RidgelineStatus profile(RidgelineSession* session, const RidgelineTensor* in, size_t in_count,
                        int32_t iterations, const char** ops) noexcept {
  return guarded([&]() -> Status {
    to_views(in, in_count, session->in);
    ASSIGN_OR_RETURN(const std::vector<OpTime> times, session->session->profile(session->in, iterations));
    *ops = lend(plugin::encode(times));
    return {};
  });
}

const char* memory(RidgelineSession* session) noexcept {
  return lend(plugin::encode(session->session->memory()));
}

void destroy(RidgelineSession* session) noexcept { std::unique_ptr<RidgelineSession>{session}.reset(); }

}  // namespace

extern "C" __attribute__((visibility("default"))) const RidgelineEngineV1* ridgeline_engine_v1() {
  static const RidgelineEngineV1 kDoor = {.abi_version = RIDGELINE_ENGINE_ABI_VERSION,
                                          .name = ridgeline::plugin::engine().name(),
                                          .version = version,
                                          .probe = probe,
                                          .supports = supports,
                                          .compile = compile,
                                          .signature = signature,
                                          .run = run,
                                          .profile = profile,
                                          .memory = memory,
                                          .destroy = destroy};
  return &kDoor;
}
