#include "train/learner_options.h"

namespace ridgeline::train {

std::string encode(const LearnerOptions& options) {
  const OptimizerOptions& optimizer = options.optimizer;
  Json json = {{"device", options.device},
               {"precision", name_of(options.precision)},
               {"threads", options.threads},
               {"direct_convolution", options.convolution == ConvolutionKind::kDirect},
               {"optimizer",
                {{"adamw", optimizer.kind == OptimizerKind::kAdamW},
                 {"weight_decay", optimizer.weight_decay},
                 {"momentum", optimizer.momentum},
                 {"nesterov", optimizer.nesterov},
                 {"beta1", optimizer.beta1},
                 {"beta2", optimizer.beta2},
                 {"epsilon", optimizer.epsilon}}},
               {"clip_grad_norm", options.clip_grad_norm},
               {"ema_decay", options.ema_decay},
               {"frozen", options.frozen}};
  if (options.rendezvous) {
    json["rendezvous"] = {
        {"rank", options.rendezvous->rank},           {"world_size", options.rendezvous->world_size},
        {"address", options.rendezvous->address},     {"port", options.rendezvous->port},
        {"has_agent", options.rendezvous->has_agent}, {"attempt", options.rendezvous->attempt}};
  }
  return json.dump();
}

Result<LearnerOptions> decode_learner_options(std::string_view text) try {
  const Json json = Json::parse(text);
  LearnerOptions options;
  options.device = json.at("device");
  const std::string precision = json.at("precision");
  const auto known = precision_from_name(precision);
  if (!known) return internal_error("learner options: unknown precision '{}'", precision);
  options.precision = *known;
  options.threads = json.at("threads");
  options.convolution =
      json.at("direct_convolution").get<bool>() ? ConvolutionKind::kDirect : ConvolutionKind::kFast;
  const Json& optimizer = json.at("optimizer");
  options.optimizer = {
      .kind = optimizer.at("adamw").get<bool>() ? OptimizerKind::kAdamW : OptimizerKind::kSgd,
      .weight_decay = optimizer.at("weight_decay"),
      .momentum = optimizer.at("momentum"),
      .nesterov = optimizer.at("nesterov"),
      .beta1 = optimizer.at("beta1"),
      .beta2 = optimizer.at("beta2"),
      .epsilon = optimizer.at("epsilon")};
  options.clip_grad_norm = json.at("clip_grad_norm");
  options.ema_decay = json.at("ema_decay");
  options.frozen = json.at("frozen").get<std::vector<std::string>>();
  if (json.contains("rendezvous")) {
    const Json& meeting = json.at("rendezvous");
    options.rendezvous = {.rank = meeting.at("rank"),
                          .world_size = meeting.at("world_size"),
                          .address = meeting.at("address"),
                          .port = meeting.at("port"),
                          .has_agent = meeting.at("has_agent"),
                          .attempt = meeting.at("attempt")};
  }
  return options;
} catch (const nlohmann::json::exception& error) {
  return internal_error("learner options: {}", error.what());
}

}  // namespace ridgeline::train
