#include "engine/native/open_session.h"

#include <algorithm>
#include <list>

#include "engine/native/sessions.h"
#include "graph/infer.h"

namespace ridgeline::native {
namespace {

constexpr size_t kMostShapes = 8;  ///< whose plans are kept

bool fits(const Shape& shape, const Shape& open) {
  return std::ranges::equal(shape, open, [](int64_t dim, int64_t promised) {
    return promised == dim || promised == Shape::kUnknownDim;
  });
}

Status check_open_inputs(const Signature& signature, std::span<const TensorView> in) {
  if (in.size() != signature.inputs.size())
    return invalid_argument("{} inputs given, the model takes {}", in.size(), signature.inputs.size());
  for (size_t i = 0; i < in.size(); ++i) {
    const ValueInfo& input = signature.inputs[i];
    if (in[i].dtype != input.type.dtype || (input.type.shape && !fits(in[i].shape, *input.type.shape)))
      return invalid_argument("input '{}' is {} {}, the model takes {} {}", input.name, name_of(in[i].dtype),
                              in[i].shape.to_string(), name_of(input.type.dtype),
                              input.type.shape ? input.type.shape->to_string() : "of any rank");
  }
  return {};
}

class OpenSession final : public Session {
 public:
  OpenSession(Graph graph, SessionOptions options, Signature signature,
              std::shared_ptr<SharedWeights> weights)
      : graph_(std::move(graph)),
        options_(std::move(options)),
        signature_(std::move(signature)),
        weights_(std::move(weights)),
        pool_(std::make_shared<ThreadPool>(std::max(1, options_.threads))) {}

  const Signature& signature() const override { return signature_; }

  Status run(std::span<const TensorView> in, std::span<TensorView> out) override {
    ASSIGN_OR_RETURN(Session * session, session_for(in));
    return session->run(in, out);
  }

  Result<std::vector<OpTime>> profile(std::span<const TensorView> in, int iterations) override {
    ASSIGN_OR_RETURN(Session * session, session_for(in));
    return session->profile(in, iterations);
  }

  MemoryUse memory() const override {
    HeldMemory held;
    held.add_weights(graph_);
    for (const Sized& sized : sized_) sized.session->count(held);
    return held.use();
  }

 private:
  struct Sized {
    std::vector<Shape> shapes;  ///< of the inputs
    std::unique_ptr<PlannedSession> session;
  };

  /// The one that is used last is in front.
  Result<Session*> session_for(std::span<const TensorView> in) {
    const auto found = std::ranges::find_if(sized_, [&](const Sized& sized) {
      return std::ranges::equal(sized.shapes, in, {}, {}, &TensorView::shape);
    });
    if (found == sized_.end()) {
      RETURN_IF_ERROR(check_open_inputs(signature_, in));
      RETURN_IF_ERROR(add_session(in));
    } else {
      sized_.splice(sized_.begin(), sized_, found);
    }
    return sized_.front().session.get();
  }

  Status add_session(std::span<const TensorView> in) {
    SessionOptions options = options_;
    Sized sized;
    for (size_t i = 0; i < in.size(); ++i) {
      options.input_shapes[signature_.inputs[i].name] = in[i].shape;
      sized.shapes.push_back(in[i].shape);
    }
    ASSIGN_OR_RETURN(sized.session, make_session(graph_, options, {.weights = *weights_, .pool = pool_}));
    if (sized_.size() == kMostShapes) sized_.pop_back();
    sized_.push_front(std::move(sized));
    return {};
  }

  Graph graph_;
  SessionOptions options_;
  Signature signature_;
  std::shared_ptr<SharedWeights> weights_;
  std::shared_ptr<ThreadPool> pool_;
  std::list<Sized> sized_;
};

std::vector<ValueInfo> with_types(const std::vector<ValueInfo>& values, const TypeMap& types) {
  std::vector<ValueInfo> typed;
  for (const ValueInfo& value : values) {
    const auto type = types.find(value.name);
    typed.push_back({value.name, type == types.end() ? value.type : type->second, value.dim_names});
  }
  return typed;
}

}  // namespace

bool has_open_inputs(const Graph& graph, const SessionOptions& options) {
  return std::ranges::any_of(graph.inputs, [&](const ValueInfo& input) {
    const auto given = options.input_shapes.find(input.name);
    const auto& shape = given == options.input_shapes.end() ? input.type.shape : std::optional(given->second);
    return !shape || !shape->is_static();
  });
}

Result<std::unique_ptr<Session>> make_open_session(const Graph& graph, const SessionOptions& options,
                                                   std::shared_ptr<SharedWeights> weights) {
  ASSIGN_OR_RETURN(const TypeMap types, infer_types(graph, options.input_shapes));
  Signature signature{with_types(graph.inputs, types), with_types(graph.outputs, types)};
  return std::unique_ptr<Session>(
      std::make_unique<OpenSession>(graph, options, std::move(signature), std::move(weights)));
}

}  // namespace ridgeline::native
