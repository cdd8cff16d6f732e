#include "report/report.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "bench/compare.h"
#include "report/document.h"
#include "report/findings.h"
#include "report/plot.h"
#include "report/sections.h"
#include "support/temporary_folder.h"

namespace ridgeline::report {
namespace {

using bench::Cell;
using bench::CellStatus;
using ::testing::HasSubstr;
using ::testing::Not;

Cell cell(const std::string& engine, const std::string& precision, int64_t size, int64_t batch, double fps) {
  Cell row;
  row.model = "resnet18";
  row.engine = engine;
  row.precision = precision;
  row.device = "cpu";
  row.data = "real";
  row.batch = batch;
  row.channels = 3;
  row.height = row.width = size;
  row.threads = 2;
  row.fps = fps;
  row.mean_ms = 1e3 * static_cast<double>(batch) / fps;
  row.p99_ms = *row.mean_ms * 1.2;
  row.ms_per_image = 1e3 / fps;
  row.flops = 3.65e9 * static_cast<double>(batch);
  row.bytes = 1e8;
  row.tflops = fps * 3.65e-3;
  row.measured_peak_pct = fps / 4;
  row.bound = "compute";
  return row;
}

void against(Cell& row, double speedup, double margin) {
  row.speedup = speedup;
  row.speedup_low = speedup - margin;
  row.speedup_high = speedup + margin;
}

bench::Results race() {
  bench::Results results;
  results.context = {
      {"baseline", "libtorch:fp32"},
      {"cpu", {{"model", "Xeon <test> & co"}}},
      {"devices", {{"cpu", {{"peak_flops", {{"fp32", 2.7e11}, {"bf16", 4e12}}}, {"bandwidth", 2e10}}}}}};
  for (const int64_t size : {224, 512})
    for (const int64_t batch : {1, 8, 16}) {
      const double growth = batch == 1 ? 1 : batch == 8 ? 1.5 : 1.53;
      const double shrink = size == 224 ? 1 : 0.2;
      Cell torch = cell("libtorch", "fp32", size, batch, 40 * growth * shrink);
      Cell vino = cell("openvino", "bf16", size, batch, 200 * growth * shrink);
      against(torch, 1, 0);
      against(vino, 5, 0.2);
      results.cells.push_back(torch);
      results.cells.push_back(vino);
    }
  Cell failed = cell("native", "fp32", 224, 1, 9999);
  failed.status = CellStatus::kFailed;
  failed.reason = "SIGSEGV | last words";
  Cell null = cell("null", "fp32", 224, 1, 1e6);
  results.cells.push_back(failed);
  results.cells.push_back(null);
  return results;
}

TEST(Findings, TheWinnerIsTheFastestAgreeingRowAndNeverTheNullEngineOrAFailure) {
  const bench::Results results = race();
  const Findings found = find(results);
  ASSERT_NE(found.winner, nullptr);
  EXPECT_EQ(found.winner->engine, "openvino");
  EXPECT_EQ(found.winner->batch, 16);
  EXPECT_TRUE(found.clear);
  EXPECT_EQ(found.runner_up->engine, "libtorch");
}

TEST(Findings, OverlappingIntervalsAreATie) {
  bench::Results results = race();
  for (Cell& row : results.cells)
    if (row.engine == "openvino")
      against(row, 1.05, 0.2);
    else if (row.engine == "libtorch")
      against(row, 1, 0.01);
  EXPECT_FALSE(find(results).clear);
}

TEST(Findings, AQuietRowWinsOverANoisyFasterOneOnlyWhereTheirIntervalsOverlap) {
  bench::Results results = race();
  for (Cell& row : results.cells) row.noisy = row.engine == "openvino";
  EXPECT_EQ(find(results).winner->engine, "openvino");
  for (Cell& row : results.cells)
    if (row.engine == "openvino") against(row, 5, 4.5);
  EXPECT_EQ(find(results).winner->engine, "libtorch");
}

TEST(Findings, SaturationIsTheSmallestBatchWithinFivePercentOfTheBest) {
  const bench::Results results = race();
  const Findings found = find(results);
  const Saturation& at = found.approaches.front().saturation.front();
  EXPECT_EQ(at.size, 224);
  EXPECT_EQ(at.batch, 8);
  EXPECT_FALSE(at.at_largest);
}

TEST(Findings, ARaceInWhichNothingRanHasNoWinner) {
  bench::Results results = race();
  for (Cell& row : results.cells) row.status = CellStatus::kSkipped;
  const Findings found = find(results);
  EXPECT_EQ(found.winner, nullptr);
  EXPECT_EQ(found.not_ok.size(), results.cells.size());
}

TEST(Findings, TheShareOfThePeakIsThePublishedOneWhereNoneWasMeasured) {
  bench::Results results = race();
  for (Cell& row : results.cells) {
    row.published_peak_pct = row.engine == "openvino" ? 97 : 5;
    row.measured_peak_pct = std::nullopt;
  }
  const Findings found = find(results);
  ASSERT_NE(found.best_used, nullptr);
  EXPECT_EQ(found.best_used->engine, "openvino");
  EXPECT_EQ(found.approaches.front().best_peak_pct, 97);
}

TEST(Findings, LoadersAreAsManyAsKeepUpWithInference) {
  Cell row = cell("openvino", "bf16", 224, 8, 100);  // 80 ms a batch
  EXPECT_FALSE(loaders_needed(row).has_value());
  row.data_ms = 79;
  EXPECT_EQ(loaders_needed(row), 1);
  row.data_ms = 161;
  EXPECT_EQ(loaders_needed(row), 3);
}

TEST(Numbers, KeepTheirSignificantDigitsWhateverTheirSize) {
  EXPECT_EQ(number_text(std::nullopt), "–");
  EXPECT_EQ(number_text(0), "0.000");
  EXPECT_EQ(number_text(0.00024), "0.00024");
  EXPECT_EQ(number_text(0.0418), "0.042");
  EXPECT_EQ(number_text(44.4712), "44.47");
  EXPECT_EQ(number_text(220.03), "220.0");
  EXPECT_EQ(number_text(7103.4), "7103");
}

TEST(Phrases, LanguagesThatLackAPlaceholderOrChangeItsFormAreTold) {
  static_assert(same_placeholders("{} at {:.1f}", "при {} — {:.1f}"));
  static_assert(same_placeholders("none", "нет"));
  static_assert(!same_placeholders("{} and {}", "{}"));
  static_assert(!same_placeholders("{}", "{:.1f}"));
}

TEST(Document, HeadingsAreNumberedByChapterAndSection) {
  Document document = {Heading{1, "title"}, Heading{2, "a"}, Heading{3, "x"},
                       Heading{3, "y"},     Heading{2, "b"}, Heading{3, "z"}};
  number_headings(document);
  std::vector<std::string> texts;
  for (const Block& block : document) texts.push_back(std::get<Heading>(block).text);
  EXPECT_THAT(texts, ::testing::ElementsAre("title", "1. a", "1.1 x", "1.2 y", "2. b", "2.1 z"));
}

TEST(Document, HtmlEscapesWhatItIsGivenAndKeepsStrongText) {
  const std::string html = to_html({Heading{1, "a < b"}, Paragraph{"**x** & `y` <script>"}}, "en");
  EXPECT_THAT(html, HasSubstr("<h1>a &lt; b</h1>"));
  EXPECT_THAT(html, HasSubstr("<strong>x</strong> &amp; <code>y</code> &lt;script&gt;"));
}

TEST(Document, MarkdownTablesKeepTheirColumnsWhateverTheCellsHold) {
  EXPECT_EQ(to_markdown({Table{{"a", "b"}, {{"x|y", "two\nlines"}}}}),
            "| a | b |\n| --- | --- |\n| x\\|y | two lines |\n");
}

TEST(Plot, TitlesCannotBreakOutOfTheScript) {
  const std::string script = gnuplot_commands(
      {.stem = "s", .title = "a\"; system(\"b", .series = {{.title = "t", .points = {{1, 2, {}, {}}}}}});
  EXPECT_THAT(script, HasSubstr(R"(set title "a\"; system(\"b")"));
}

class WrittenReport : public ::testing::TestWithParam<Language> {};

TEST_P(WrittenReport, IsOneSelfContainedPageWithEveryPlotAndRow) {
  const TemporaryFolder folder;
  const Result<Written> written = write_report({race(), {}, {}}, folder / "r", GetParam());
  ASSERT_TRUE(written.ok()) << written.status().message();
  EXPECT_THAT(written->winner, HasSubstr("openvino bf16: 306.0 images/s at size 224, batch 16"));
  const std::string html = read_file(written->html).value();
  const std::string markdown = read_file(written->markdown).value();
  EXPECT_THAT(html, HasSubstr("<svg"));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
  EXPECT_THAT(html, Not(HasSubstr("<?xml")));
  EXPECT_THAT(html, HasSubstr("Xeon &lt;test&gt; &amp; co"));
  EXPECT_THAT(markdown, HasSubstr("SIGSEGV \\| last words"));
  for (const char* stem :
       {"fps_vs_image_size", "speedup_vs_image_size", "fps_vs_batch", "speedup", "roofline"})
    for (const char* extension : {".svg", ".png"})
      EXPECT_GT(std::filesystem::file_size((folder / "r/plots/") + stem + extension), 1000U)
          << stem << extension;
}

INSTANTIATE_TEST_SUITE_P(Languages, WrittenReport, ::testing::Values(Language::kEnglish, Language::kRussian));

class ReportText : public ::testing::Test {
 protected:
  /// The Markdown of a report on `race_`.
  std::string markdown() {
    const Result<Written> written = write_report(race_, folder_ / "r", Language::kEnglish);
    EXPECT_TRUE(written.ok()) << written.status().message();
    return written.ok() ? read_file(written->markdown).value() : "";
  }

  Race race_{race(), {}, {}};
  const TemporaryFolder folder_;
};

TEST_F(ReportText, TrainedSizesStandBesideWhatTheyCostInTheRace) {
  const auto trained = [](int size, double top1) {
    train::RunResult run{.model = "resnet18", .image_size = size, .best_epoch = 2};
    run.epochs = {{.epoch = 1}, {.epoch = 2, .eval_top1 = top1, .eval_top5 = 99}};
    return run;
  };
  race_.trained = {trained(224, 84.5), trained(640, 88)};
  const std::string text = markdown();
  EXPECT_THAT(text, HasSubstr("| resnet18 | 224 | 84.5 | 99.0 | 2 | 5.00 (openvino bf16, batch 1) | "
                              "306.0 (openvino bf16, batch 16) |"));
  EXPECT_THAT(text, HasSubstr("| resnet18 | 640 | 88.0 | 99.0 | 2 | – | – |"));
}

TEST_F(ReportText, ARaceOfNothingTrainedHasNoTableOfIt) {
  EXPECT_THAT(markdown(), Not(HasSubstr("Accuracy by image size")));
}

TEST_F(ReportText, TheProfiledRowsLayersAreListedByTimeAndDrawnUnderTheRoof) {
  const Cell& winner = *find(race_.results).winner;
  ASSERT_EQ(bench::identity_of(winner), "resnet18 openvino:bf16 cpu 224x224 batch 16, 2 threads, real");
  race_.profiles[bench::identity_of(winner)] = {
      {{{"pool", "MaxPool", "jit", 500}, bench::OpCost{1e6, 1e6}},
       {{"conv1+bn1+relu", "Conv", "brgemm", 1500}, bench::OpCost{3e9, 1e7}},  // 2 TFLOP/s, the roof is 4
       {{"reorder", "Reorder", "", 100}, std::nullopt}}};
  const std::string text = markdown();
  EXPECT_THAT(text,
              HasSubstr("openvino bf16, size 224, batch 16: the engine's own profile, 2.10 ms in 3 lines"));
  EXPECT_THAT(text,
              HasSubstr("| conv1 (+2) | Conv | brgemm | 1.50 | 71.4 | 2000 | 300.0 | 50.0 |\n| pool |"));
  EXPECT_THAT(text, HasSubstr("| reorder | Reorder |  | 0.100 | 4.8 | – | – | – |"));
  const std::string script = read_file(folder_ / "r/plots/roofline.gnuplot").value();
  EXPECT_THAT(script, HasSubstr("layers: openvino bf16"));
  EXPECT_THAT(script, HasSubstr("\n300 2000"));
}

TEST_F(ReportText, PlotsOverBatchesHoldTheWinnersThreadsAndDataAlone) {
  const std::vector<Cell> with_two_threads = race_.results.cells;
  for (Cell row : with_two_threads) {
    row.threads = 1;
    row.fps = *row.fps / 2;
    race_.results.cells.push_back(row);
  }
  EXPECT_THAT(markdown(), HasSubstr("| Approach | Size | Batch | Threads |"));
  EXPECT_THAT(read_file(folder_ / "r/plots/fps_vs_batch.gnuplot").value(),
              HasSubstr("$series0 << END\n1 200 200 200\n8 300 300 300\n16 306 306 306\nEND\n"));
}

TEST_F(ReportText, LoadingFilesIsHeldAgainstTheFastestInference) {
  for (Cell& row : race_.results.cells) row.data_ms = 120;
  EXPECT_THAT(markdown(), HasSubstr("| 224 | 16 | 120.0 | 7.50 | 133.3 | openvino bf16 | 306.0 | 3 |"));
}

TEST_F(ReportText, UtilisationIsHeldAgainstTheGoalOfNinetyFivePercent) {
  const std::string text = markdown();
  EXPECT_THAT(
      text,
      HasSubstr("| openvino bf16 | 224 | 16 | 58.40 | 100.0 | 584.0 | compute | 1.12 | 76.5 | 1.2 × |"));
  EXPECT_THAT(text, HasSubstr("reaches 76.5 % of the peak"));
}

TEST_F(ReportText, RowsThatFailedForOneReasonShareALine) {
  for (const int64_t size : {64, 128})
    for (const int64_t batch : {1, 8}) {
      Cell row = cell("onnxruntime", "int8", size, batch, 1);
      row.status = CellStatus::kUnsupported;
      row.reason = "needs a quantized model";
      race_.results.cells.push_back(row);
    }
  EXPECT_THAT(
      markdown(),
      HasSubstr("| onnxruntime int8 | 64: 1, 8; 128: 1, 8 | UNSUPPORTED | needs a quantized model |"));
}

TEST_F(ReportText, AnOkRowsReasonIsItsNote) {
  race_.results.cells[1].reason = "6 of 20 rounds: the time budget was spent";
  race_.results.cells[1].noisy = true;
  EXPECT_THAT(markdown(), HasSubstr("NOISY; 6 of 20 rounds: the time budget was spent |"));
}

TEST(Report, AnEmptyRaceStillMakesAPageThatSaysSo) {
  const TemporaryFolder folder;
  bench::Results results = race();
  for (Cell& row : results.cells) row.status = CellStatus::kSkipped;
  const Result<Written> written = write_report({results, {}, {}}, folder / "r", Language::kEnglish);
  ASSERT_TRUE(written.ok());
  EXPECT_THAT(read_file(written->html).value(), HasSubstr("No row was timed"));
}

}  // namespace
}  // namespace ridgeline::report
