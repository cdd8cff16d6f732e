#include "report/report.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "report/document.h"
#include "report/findings.h"
#include "report/plot.h"
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
  const Result<Written> written = write_report(race(), folder / "r", GetParam());
  ASSERT_TRUE(written.ok()) << written.status().message();
  EXPECT_THAT(written->winner, HasSubstr("openvino bf16: 306.0 images/s at size 224, batch 16"));
  const std::string html = read_file(written->html).value();
  const std::string markdown = read_file(written->markdown).value();
  EXPECT_THAT(html, HasSubstr("<svg"));
  EXPECT_THAT(html, Not(HasSubstr("src=")));
  EXPECT_THAT(html, Not(HasSubstr("<?xml")));
  EXPECT_THAT(html, HasSubstr("Xeon &lt;test&gt; &amp; co"));
  EXPECT_THAT(markdown, HasSubstr("SIGSEGV \\| last words"));
  for (const char* stem : {"fps_vs_image_size", "fps_vs_batch", "speedup", "roofline"})
    for (const char* extension : {".svg", ".png"})
      EXPECT_GT(std::filesystem::file_size((folder / "r/plots/") + stem + extension), 1000U)
          << stem << extension;
}

INSTANTIATE_TEST_SUITE_P(Languages, WrittenReport, ::testing::Values(Language::kEnglish, Language::kRussian));

TEST(Report, AnEmptyRaceStillMakesAPageThatSaysSo) {
  const TemporaryFolder folder;
  bench::Results results = race();
  for (Cell& row : results.cells) row.status = CellStatus::kSkipped;
  const Result<Written> written = write_report(results, folder / "r", Language::kEnglish);
  ASSERT_TRUE(written.ok());
  EXPECT_THAT(read_file(written->html).value(), HasSubstr("No row was timed"));
}

}  // namespace
}  // namespace ridgeline::report
