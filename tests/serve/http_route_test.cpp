// Statuses are those that a Triton server of version 2.51 gave.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>

#include "serve/access.h"
#include "serve/http/route.h"

namespace ridgeline::serve::http {
namespace {

struct Case {
  std::string method;
  std::string target;
  int status = 200;
  Endpoint endpoint = Endpoint::kServerMetadata;
  std::string model;
  std::string version;
  std::string region;
};

class RouteTest : public ::testing::TestWithParam<Case> {};

TEST_P(RouteTest, LeadsWhereTritonLeads) {
  const Case& wanted = GetParam();
  const Routed routed = route(wanted.method, wanted.target);
  ASSERT_EQ(routed.status, wanted.status) << wanted.method << " " << wanted.target;
  if (wanted.status != 200) return;
  EXPECT_EQ(routed.route.endpoint, wanted.endpoint);
  EXPECT_EQ(routed.route.model, wanted.model);
  EXPECT_EQ(routed.route.version, wanted.version);
  EXPECT_EQ(routed.route.region, wanted.region);
}

INSTANTIATE_TEST_SUITE_P(
    Found, RouteTest,
    ::testing::Values(Case{"GET", "/v2", 200, Endpoint::kServerMetadata},
                      Case{"GET", "/v2/health/live", 200, Endpoint::kServerLive},
                      Case{"GET", "/v2/health/ready", 200, Endpoint::kServerReady},
                      Case{"GET", "/v2/models", 200, Endpoint::kModels},
                      Case{"GET", "/v2/models/stats", 200, Endpoint::kModelStatistics},
                      Case{"GET", "/v2/models/m?x=1", 200, Endpoint::kModelMetadata, "m"},
                      Case{"GET", "/v2/models/a%5Fb", 200, Endpoint::kModelMetadata, "a%5Fb"},
                      Case{"GET", "/v2/models/m/versions/0", 200, Endpoint::kModelMetadata, "m", "0"},
                      Case{"GET", "/v2/models/m/ready", 200, Endpoint::kModelReady, "m"},
                      Case{"GET", "/v2/models/m/versions/9/ready", 200, Endpoint::kModelReady, "m", "9"},
                      Case{"GET", "/v2/models/m/versions/9/config", 200, Endpoint::kModelConfig, "m", "9"},
                      Case{"GET", "/v2/models/m/stats", 200, Endpoint::kModelStatistics, "m"},
                      Case{"POST", "/v2/models/m/infer", 200, Endpoint::kInfer, "m"},
                      Case{"POST", "/v2/models/m/versions/12/infer", 200, Endpoint::kInfer, "m", "12"},
                      Case{"POST", "/v2/models/m/generate_stream", 200, Endpoint::kGenerateStream, "m"},
                      Case{"POST", "/v2/repository/index", 200, Endpoint::kRepositoryIndex},
                      Case{"POST", "/v2/repository/models/m/load", 200, Endpoint::kModelLoad, "m"},
                      Case{"POST", "/v2/repository/store/models/m/unload", 200, Endpoint::kModelUnload, "m"},
                      Case{"GET", "/v2/systemsharedmemory/region/r0/status", 200,
                           Endpoint::kSystemMemoryStatus, "", "", "r0"},
                      Case{"POST", "/v2/systemsharedmemory/unregister", 200,
                           Endpoint::kSystemMemoryUnregister},
                      Case{"POST", "/v2/cudasharedmemory/region/r0/register", 200,
                           Endpoint::kCudaMemoryRegister, "", "", "r0"},
                      Case{"POST", "/v2/models/m/trace/setting", 200, Endpoint::kTraceSetting, "m"},
                      Case{"POST", "/v2/logging", 200, Endpoint::kLogging}));

INSTANTIATE_TEST_SUITE_P(NoSuchPath, RouteTest,
                         ::testing::Values(Case{"GET", "/v2/", 404}, Case{"GET", "/", 404},
                                           Case{"GET", "/v3", 404}, Case{"GET", "", 404},
                                           Case{"GET", "v2", 404}, Case{"GET", "//v2", 404},
                                           Case{"GET", "/v2/models/", 404}, Case{"GET", "/v2/models/m/", 404},
                                           Case{"GET", "/v2/models/m/foo", 404},
                                           Case{"GET", "/v2/health", 404}, Case{"GET", "/metrics", 404},
                                           Case{"GET", "/v2/models//ready", 404},
                                           Case{"GET", "/v2/models/../ready/x", 404},
                                           Case{"POST", "/v2/models/m/versions/abc/infer", 404},
                                           Case{"POST", "/v2/models/m/versions/-1/infer", 404},
                                           Case{"POST", "/v2/models/m/versions//infer", 404}));

INSTANTIATE_TEST_SUITE_P(
    NotWithThisMethod, RouteTest,
    ::testing::Values(Case{"PUT", "/v2/models/m/infer", 405}, Case{"DELETE", "/v2/models/m/infer", 405},
                      Case{"PATCH", "/v2/models/m/infer", 405}, Case{"GET", "/v2/models/m/infer", 405},
                      Case{"POST", "/v2/models/m", 405}, Case{"POST", "/v2", 405},
                      Case{"POST", "/v2/health/live", 405}, Case{"GET", "/v2/repository/index", 405},
                      Case{"GET", "/v2/repository/models/m/load", 405},
                      Case{"POST", "/v2/systemsharedmemory/status", 405}));

TEST(AccessClass, IsTheOneThatTritonNames) {
  EXPECT_EQ(access_class(Endpoint::kInfer), "inference");
  EXPECT_EQ(access_class(Endpoint::kModelReady), "health");
  EXPECT_EQ(access_class(Endpoint::kModelUnload), "model-repository");
  EXPECT_EQ(access_class(Endpoint::kCudaMemoryStatus), "shared-memory");
  for (int i = 0; i <= static_cast<int>(Endpoint::kLogging); ++i)
    EXPECT_THAT(access_classes(), ::testing::Contains(access_class(static_cast<Endpoint>(i))));
}

}  // namespace
}  // namespace ridgeline::serve::http
