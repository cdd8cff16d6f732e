#include "serve/repository/repository.h"

#include <gmock/gmock.h>

#include "config_text.h"
#include "repository_files.h"

namespace ridgeline::serve {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Repository read(const std::vector<std::string>& roots) {
  Result<Repository> repository = read_repository(roots);
  EXPECT_TRUE(repository.ok()) << repository.status().message();
  return repository.ok() ? *std::move(repository) : Repository{};
}

std::string found_in(const Repository& repository) { return text_of(findings_of(repository)); }

std::string tensor(const std::string& kind, const std::string& name, const std::string& dims) {
  return kind + " { name: \"" + name + "\" data_type: TYPE_FP32 dims: [ " + dims + " ] }\n";
}

std::string step(const std::string& model, const std::string& from, const std::string& to) {
  return "step { model_name: \"" + model + "\" model_version: -1\n  input_map { key: \"x\" value: \"" + from +
         "\" }\n  output_map { key: \"y\" value: \"" + to + "\" } }\n";
}

/// Two models of x to y, and an ensemble "both" of IN to OUT with these steps.
RepositoryFiles with_ensemble(const std::string& steps, const std::string& dims = "3",
                              int max_batch_size = 4) {
  RepositoryFiles files;
  for (const char* model : {"first", "second"}) {
    files.write(std::string(model) + "/1/model.onnx", relu_onnx({-1, 3}));
  }
  files.write("both/config.pbtxt",
              "platform: \"ensemble\"\nmax_batch_size: " + std::to_string(max_batch_size) + "\n" +
                  tensor("input", "IN", dims) + tensor("output", "OUT", dims) + "ensemble_scheduling {\n" +
                  steps + "}\n");
  return files;
}

std::string ensemble_findings(const std::string& steps, const std::string& dims = "3",
                              int max_batch_size = 4) {
  const RepositoryFiles files = with_ensemble(steps, dims, max_batch_size);
  return found_in(read({files.root()}));
}

TEST(Repository, HoldsTheModelsOfAllItsFoldersByName) {
  const RepositoryFiles one;
  const RepositoryFiles two;
  one.write("b/1/model.onnx", relu_onnx({-1, 3}));
  two.write("a/1/model.onnx", relu_onnx({-1, 3}));
  two.write("README.md");
  const Repository repository = read({one.root(), two.root()});
  EXPECT_EQ(found_in(repository), "");
  EXPECT_THAT(repository.models,
              ElementsAre(testing::Field(&ModelFolder::name, "a"), testing::Field(&ModelFolder::name, "b")));
  EXPECT_EQ(repository.model("b")->path, one.root() + "/b");
  EXPECT_EQ(repository.model("c"), nullptr);
}

TEST(Repository, RefusesAModelThatIsInTwoFolders) {
  const RepositoryFiles one;
  const RepositoryFiles two;
  one.write("m/1/model.onnx", relu_onnx({-1, 3}));
  two.write("m/1/model.onnx", relu_onnx({-1, 3}));
  const std::string text = found_in(read({one.root(), two.root()}));
  EXPECT_THAT(text, HasSubstr(one.root() +
                              "/m: error: model 'm' is not unique across all model repositories: it is in " +
                              two.root() + "/m too"));
  EXPECT_THAT(text, HasSubstr(two.root() + "/m: error: "));
}

TEST(Repository, IsAFolderThatIsThere) {
  const RepositoryFiles files;
  const std::vector<std::string> nowhere = {files.root()};
  EXPECT_EQ(read_repository(nowhere).status().code(), ErrorCode::kNotFound);
  const std::vector<std::string> file = {files.write("file")};
  EXPECT_EQ(read_repository(file).status().code(), ErrorCode::kInvalidArgument);
}

TEST(Ensemble, ThatConnectsItsModelsIsServedAsVersionOne) {
  const RepositoryFiles files = with_ensemble(step("second", "mid", "OUT") + step("first", "IN", "mid"));
  const Repository repository = read({files.root()});
  EXPECT_EQ(found_in(repository), "");
  EXPECT_THAT(repository.model("both")->served, ElementsAre(1));
  EXPECT_EQ(repository.model("both")->config->decoupled, false);
}

TEST(Ensemble, NamesTheModelThatIsNotThere) {
  EXPECT_THAT(ensemble_findings(step("frist", "IN", "OUT")),
              HasSubstr("both/config.pbtxt:6:8: error: ensemble 'both' depends on 'frist', which is not in "
                        "the repository"));
  EXPECT_THAT(ensemble_findings(step("secnd", "IN", "OUT")), HasSubstr("did you mean 'second'?"));
  EXPECT_THAT(ensemble_findings(
                  "step { model_name: \"first\" model_version: 3 input_map { key: \"x\" value: \"IN\" } "
                  "output_map { key: \"y\" value: \"OUT\" } }"),
              HasSubstr("whose required version 3 is not served"));
}

TEST(Ensemble, CannotBuildOnAModelThatCannotBeServed) {
  const RepositoryFiles files = with_ensemble(step("bad", "IN", "OUT"));
  files.write("bad/config.pbtxt", "backend: \"nosuch\"");
  EXPECT_THAT(found_in(read({files.root()})),
              HasSubstr("depends on 'bad', which cannot be served: see there"));
}

TEST(Ensemble, MapsOnlyTensorsThatThereAre) {
  const std::string text = ensemble_findings(
      "step { model_name: \"first\" input_map { key: \"q\" value: \"IN\" }\n output_map { key: \"r\" value: "
      "\"OUT\" } }");
  EXPECT_THAT(text, HasSubstr("model 'first' has no input 'q': it has x"));
  EXPECT_THAT(text, HasSubstr("input 'x' of model 'first' is not mapped to any ensemble tensor"));
  EXPECT_THAT(text, HasSubstr("both/config.pbtxt:7:15: error: model 'first' has no output 'r': it has y"));
}

TEST(Ensemble, ShowsBothEndsOfAConnectionThatDoesNotFit) {
  EXPECT_THAT(ensemble_findings(step("first", "IN", "OUT"), "5"),
              HasSubstr("error: ensemble tensor 'IN' is not the same where it meets\n"
                        "  - input 'IN' of the ensemble: TYPE_FP32 [-1,5]\n"
                        "  + input 'x' of model 'first': TYPE_FP32 [-1,3]\n"));
  EXPECT_EQ(ensemble_findings(step("first", "IN", "OUT"), "-1"), "");
}

TEST(Ensemble, TakesNoLargerBatchThanItsModels) {
  EXPECT_THAT(
      ensemble_findings(step("first", "IN", "OUT"), "3", 16),
      HasSubstr(
          "both/config.pbtxt:2:1: error: the ensemble allows maximum batch size 16, but it contains model "
          "'first' which only allows 4"));
}

TEST(Ensemble, HasNoCycleAndNoLooseEnd) {
  EXPECT_THAT(
      ensemble_findings(step("first", "b", "a") + step("second", "a", "b") + step("first", "IN", "OUT")),
      HasSubstr("the steps form a cycle"));
  EXPECT_THAT(ensemble_findings(step("first", "nothing", "OUT")), HasSubstr("'nothing' is not connected"));
  EXPECT_THAT(ensemble_findings(step("first", "IN", "loose") + step("second", "IN", "OUT")),
              HasSubstr("ensemble tensor 'loose' is unused"));
  EXPECT_THAT(ensemble_findings(step("first", "IN", "OUT") + step("second", "IN", "OUT")),
              HasSubstr("'OUT' can appear in an output map only once"));
  EXPECT_THAT(ensemble_findings(step("first", "IN", "IN")),
              HasSubstr("'IN' can appear in an output map only once"));
}

TEST(Ensemble, MayBuildOnEnsemblesButNotInARing) {
  const RepositoryFiles files = with_ensemble(step("outer", "IN", "OUT"));
  const std::string head =
      "platform: \"ensemble\" max_batch_size: 4 " + tensor("input", "x", "3") + tensor("output", "y", "3");
  files.write("outer/config.pbtxt", head + "ensemble_scheduling { " + step("first", "x", "y") + " }");
  EXPECT_EQ(found_in(read({files.root()})), "");
  files.write("outer/config.pbtxt", head + "ensemble_scheduling { " + step("both", "x", "y") + " }");
  EXPECT_THAT(found_in(read({files.root()})), HasSubstr("circular dependency between ensembles: "));
}

}  // namespace
}  // namespace ridgeline::serve
