// ONNX's node tests on the engines that have kernels, or a table of them, of our own.

#include "conformance.h"

#include <filesystem>
#include <gtest/gtest.h>

#include "engine/registry.h"
#include "graph/zoo/zoo.h"

namespace ridgeline {
namespace {

/// The node tests of ONNX that the Debian package libonnx-testdata holds.
constexpr const char* kNodeTests = "/usr/share/libonnx-testdata/data/node";

struct Claims {
  std::string engine;
  size_t passed = 0;  ///< no fewer cases may pass
  size_t ops = 0;
};

void PrintTo(const Claims& claims, std::ostream* out) { *out << claims.engine; }

class Conformance : public ::testing::TestWithParam<Claims> {
 protected:
  void SetUp() override {
    if (!std::filesystem::is_directory(kNodeTests)) {
      GTEST_SKIP() << kNodeTests << " is missing: install libonnx-testdata";
    }
    const auto engine = registry_.find(GetParam().engine);
    ASSERT_TRUE(engine.ok()) << engine.status().message();
    const Capabilities capabilities = (*engine)->probe();
    if (!capabilities.available) GTEST_SKIP() << capabilities.reason;
    report_ = run_conformance(**engine, kNodeTests);
  }

  EngineRegistry registry_;
  ConformanceReport report_;
};

TEST_P(Conformance, EveryCaseOfAnOpThatIsNotRefusedPasses) {
  for (const std::string& failure : report_.failures) ADD_FAILURE() << failure;
  GTEST_LOG_(INFO) << GetParam().engine << " passes " << report_.passed << " cases of "
                   << report_.claimed_ops.size() << " ops and refuses " << report_.refused;
  for (const auto& [what, reason] : report_.refusals) {
    GTEST_LOG_(INFO) << "refused " << what << ": " << reason;
    EXPECT_FALSE(reason.empty()) << what;
  }
  EXPECT_GE(report_.passed, GetParam().passed);
  EXPECT_GE(report_.claimed_ops.size(), GetParam().ops);
}

TEST_P(Conformance, AnOpThatAZooModelNeedsIsClaimed) {
  for (const std::string& name : zoo::names()) {
    const auto graph = zoo::make(name, {.zero_weights = true});
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    for (const Node& node : graph->nodes)
      EXPECT_TRUE(report_.claimed_ops.contains(node.op)) << node.describe() << " of " << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Conformance,
                         ::testing::Values(Claims{.engine = "libtorch", .passed = 740, .ops = 136},
                                           Claims{.engine = "native", .passed = 660, .ops = 118}),
                         [](const auto& claims) { return claims.param.engine; });

}  // namespace
}  // namespace ridgeline
