#include "bench/race.h"

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "bench/engines/race_model.h"

namespace ridgeline::bench {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class QuietObserver : public RaceObserver {
 public:
  void plan_made(size_t, size_t, const std::string&) override {}
  void group_started(const std::string& group) override { groups.push_back(group); }
  void advanced(double share, const std::string&) override {
    if (on_advance) on_advance(share);
  }
  void cell_ended(const Cell&) override {}

  std::vector<std::string> groups;
  std::function<void(double)> on_advance;
};

class RaceTest : public ::testing::Test {
 protected:
  RaceTest() {
    std::string pattern = (fs::temp_directory_path() / "race_test.XXXXXX").string();
    directory_ = mkdtemp(pattern.data());
    config_.model = "models/tiny.onnx";
    config_.baseline = {"steady", "fp32"};
    config_.sizes = {{4, 4}};
    config_.rounds = 5;
    config_.runs = 15;
    config_.timeout_s = 60;
    config_.out = directory_ + "/out";
    config_.threads = {1};
    tools_.launch.command = {RACE_WORKER, RACE_ENGINES_DIR};
    tools_.launch.timeout_s = 60;
  }
  ~RaceTest() override { fs::remove_all(directory_); }

  Results race() {
    Result<Results> results = run_race(config_, tools_);
    EXPECT_TRUE(results.ok()) << results.status().message();
    return results.ok() ? std::move(results).value() : Results{};
  }

  static const Cell& cell(const Results& results, const std::string& engine) {
    for (const Cell& row : results.cells)
      if (row.engine == engine) return row;
    ADD_FAILURE() << "no row of " << engine;
    static const Cell kNone;
    return kNone;
  }

  std::string directory_;
  RaceConfig config_;
  QuietObserver observer_;
  RaceTools tools_{
      .read_model = read_race_model,
      .launch = {},
      .cost = [](const Graph&, const auto&, const Cell&) { return CostOfCase{1e6, 1e5, "compute"}; },
      .peaks = [](const Cell&) { return Peaks{1e10, std::nullopt}; },
      .devices = Json::object(),
      .observer = observer_};
};

TEST_F(RaceTest, GoodEnginesEndInRowsWithEveryFigure) {
  config_.engines = {"steady", "twin"};
  config_.batches = {1, 2};
  const Results results = race();
  ASSERT_EQ(results.cells.size(), 4U);
  const Cell& twin = cell(results, "twin");
  EXPECT_EQ(twin.status, CellStatus::kOk) << twin.reason;
  EXPECT_EQ(twin.model, "tiny");
  EXPECT_GT(*twin.mean_ms, 0.05);
  EXPECT_LE(*twin.min_ms, *twin.p50_ms);
  EXPECT_NEAR(*twin.fps, 1000 / *twin.mean_ms, 1e-6);
  EXPECT_LE(*twin.speedup_low, *twin.speedup);
  EXPECT_GE(*twin.speedup_high, *twin.speedup);
  EXPECT_NEAR(*twin.measured_peak_pct, 100 * *twin.tflops * 1e12 / 1e10, 1e-9);
  EXPECT_FALSE(twin.published_peak_pct.has_value());
  EXPECT_EQ(twin.max_abs_diff, 0);
  EXPECT_EQ(twin.top1_agreement, 1);
  EXPECT_GT(*twin.cpu_memory_mb, 0);
  EXPECT_FALSE(twin.gpu_memory_mb.has_value());
  EXPECT_EQ(cell(results, "steady").speedup, 1);
  EXPECT_EQ(results.context.at("baseline"), "steady:fp32");
  EXPECT_EQ(to_json(load_results(config_.out).value()), to_json(results));
  EXPECT_TRUE(fs::exists(config_.out + "/benchmark_results.csv"));
  EXPECT_TRUE(fs::exists(config_.out + "/profiles/twin_fp32_cpu_b2_4x4_t1_synthetic.json"));
}

TEST_F(RaceTest, TheHarnessCostsLessThanTwentyMicrosecondsACall) {
  config_.engines = {"twin"};
  const Results results = race();
  ASSERT_TRUE(results.context.at("harness_us").is_number());
  EXPECT_LT(results.context.at("harness_us").get<double>(), 20);
}

TEST_F(RaceTest, EveryMisdeedIsARowAndTheOthersFinish) {
  config_.engines = {"steady", "crashing", "hanging", "hungry", "throwing",
                     "wrong",  "refusing", "absent",  "twin"};
  config_.precisions = {"fp32"};
  tools_.launch.timeout_s = 3;
  tools_.launch.memory_limit_bytes = int64_t{200} << 20;
  const Results results = race();
  const std::vector<std::tuple<std::string, CellStatus, std::string>> expected = {
      {"steady", CellStatus::kOk, ""},
      {"crashing", CellStatus::kFailed, "SIGSEGV (Segmentation fault): these are my last words"},
      {"hanging", CellStatus::kTimeout, "no answer to 'run' within 3"},
      {"hungry", CellStatus::kOutOfMemory, "more than the limit of 200 MB"},
      {"throwing", CellStatus::kFailed, "out of sorts"},
      {"wrong", CellStatus::kMismatch, "outputs differ from the reference by 1"},
      {"refusing", CellStatus::kUnsupported, "has no Conv"},
      {"absent", CellStatus::kSkipped, "not installed; install it"},
      {"twin", CellStatus::kOk, ""}};
  ASSERT_EQ(results.cells.size(), expected.size());
  for (const auto& [engine, status, reason] : expected) {
    const Cell& row = cell(results, engine);
    EXPECT_EQ(name_of(row.status), name_of(status)) << engine << ": " << row.reason;
    EXPECT_THAT(row.reason, HasSubstr(reason)) << engine;
    EXPECT_EQ(row.mean_ms.has_value(), status == CellStatus::kOk) << engine;
  }
}

TEST_F(RaceTest, AQuantizedModelMayDifferByItsStepsWhereverItRuns) {
  config_.engines = {"rounding"};
  EXPECT_EQ(cell(race(), "rounding").status, CellStatus::kMismatch);
  tools_.read_model = [](const std::string& path) -> Result<Graph> {
    ASSIGN_OR_RETURN(Graph graph, read_race_model(path));
    graph.initializers["scale"] = Tensor::from_values<float>({}, std::array{0.02F}).value();
    graph.nodes.push_back({"quantize", "QuantizeLinear", "", {"pixel", "scale"}, {"steps"}, {}});
    return graph;
  };
  config_.out = directory_ + "/quantized";
  const Results results = race();
  EXPECT_EQ(cell(results, "rounding").status, CellStatus::kOk) << cell(results, "rounding").reason;
}

TEST_F(RaceTest, AWorkerKilledFromOutsideIsAFailedRowAndTheOthersFinish) {
  config_.engines = {"twin"};
  observer_.on_advance = [&](double share) {
    if (share <= 0) return;
    std::ifstream children("/proc/self/task/" + std::to_string(gettid()) + "/children");
    pid_t last = 0;
    while (children >> last) {
    }
    ::kill(last, SIGKILL);
    observer_.on_advance = nullptr;
  };
  const Results results = race();
  EXPECT_EQ(cell(results, "steady").status, CellStatus::kOk);
  EXPECT_EQ(cell(results, "twin").status, CellStatus::kFailed);
  EXPECT_THAT(cell(results, "twin").reason, HasSubstr("SIGKILL"));
}

// Sleep takes as long on a busy machine; how small a difference in work is found on this machine is
// race_power's to say (./run bench).
TEST_F(RaceTest, AnEngineThatTakesTwiceTheTimeIsSeenAtHalfTheSpeed) {
  config_.baseline = {"napping", "fp32"};
  config_.engines = {"dozing"};
  config_.runs = 45;
  config_.rounds = 15;
  const Results results = race();
  EXPECT_NEAR(*cell(results, "dozing").speedup, 0.5, 0.1);
}

TEST_F(RaceTest, AModelOfFixedSizeLeavesTheOtherSizesUnsupported) {
  config_.engines = {"twin"};
  tools_.read_model = [](const std::string& path) -> Result<Graph> {
    ASSIGN_OR_RETURN(Graph graph, read_race_model(path));
    graph.inputs[0].type.shape = Shape{-1, 3, 4, 4};
    return graph;
  };
  config_.sizes = {{4, 4}, {8, 8}};
  const Results results = race();
  ASSERT_EQ(results.cells.size(), 4U);
  EXPECT_EQ(results.cells[1].status, CellStatus::kOk);
  EXPECT_EQ(results.cells[3].status, CellStatus::kUnsupported);
  EXPECT_THAT(results.cells[3].reason, HasSubstr("input 'x' is fixed at ?x3x4x4"));
}

TEST_F(RaceTest, AShortBudgetDropsRoundsBeforeItDropsCells) {
  config_.engines = {"twin"};
  config_.batches = {1, 2};
  config_.runs = 1000000;
  config_.rounds = 20000;
  config_.max_time_s = 4;
  const auto start = std::chrono::steady_clock::now();
  const Results results = race();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  for (const Cell& row : results.cells) {
    EXPECT_EQ(row.status, CellStatus::kOk) << row.reason;
    EXPECT_THAT(row.reason, HasSubstr("rounds: the time budget was spent"));
  }
}

TEST_F(RaceTest, ACancelKeepsWhatIsDoneAndResumeDoesTheRest) {
  config_.engines = {"twin"};
  config_.batches = {1, 2};
  observer_.on_advance = [&](double share) {
    if (share > 0.8) tools_.launch.cancel.cancel();
  };
  EXPECT_EQ(race().cells.size(), 4U);
  EXPECT_EQ(observer_.groups.size(), 2U);
  observer_.on_advance = nullptr;
  tools_.launch.cancel = CancelToken();
  config_.resume = true;
  const Results results = race();
  ASSERT_EQ(observer_.groups.size(), 3U);
  EXPECT_EQ(observer_.groups[2], observer_.groups[1]);
  for (const Cell& row : results.cells) EXPECT_EQ(row.status, CellStatus::kOk) << row.reason;
}

TEST_F(RaceTest, ACancelBeforeTheFirstRoundLeavesNothingThatResumeWouldSkip) {
  config_.engines = {"twin"};
  tools_.launch.cancel.cancel();
  EXPECT_TRUE(race().cells.empty());
  tools_.launch.cancel = CancelToken();
  observer_.on_advance = [&](double) { tools_.launch.cancel.cancel(); };  // while the reference is computed
  EXPECT_TRUE(race().cells.empty());
  observer_.on_advance = nullptr;
  tools_.launch.cancel = CancelToken();
  config_.resume = true;
  const Results results = race();
  ASSERT_EQ(results.cells.size(), 2U);
  for (const Cell& row : results.cells) EXPECT_EQ(row.status, CellStatus::kOk) << row.reason;
}

TEST_F(RaceTest, AParentKilledMidRaceRepeatsNoFinishedGroup) {
  config_.engines = {"twin"};
  config_.batches = {1, 2, 3};
  const pid_t parent = fork();
  if (parent == 0) {
    observer_.on_advance = [](double share) {
      if (share > 0.8) ::kill(getpid(), SIGKILL);  // in the third group's rounds
    };
    [[maybe_unused]] const Result<Results> never = run_race(config_, tools_);
    _exit(0);
  }
  int state = 0;
  waitpid(parent, &state, 0);
  ASSERT_TRUE(WIFSIGNALED(state));
  std::ofstream(config_.out + "/journal.jsonl", std::ios::app) << R"({"kind":"rou)";  // a line cut short
  config_.resume = true;
  const Results results = race();
  EXPECT_EQ(observer_.groups.size(), 1U);
  ASSERT_EQ(results.cells.size(), 6U);
  for (const Cell& row : results.cells) EXPECT_EQ(row.status, CellStatus::kOk) << row.reason;
}

TEST_F(RaceTest, AJournalOfAnotherRaceIsRefused) {
  config_.engines = {"twin"};
  race();
  config_.resume = true;
  config_.runs = 16;
  const Status status = run_race(config_, tools_).status();
  EXPECT_EQ(status.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(status.message(), HasSubstr("other settings"));
}

TEST_F(RaceTest, AMissingModelIsBadInputNotARow) {
  config_.model = "missing.onnx";
  EXPECT_EQ(run_race(config_, tools_).status().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace ridgeline::bench
