#include "cli/compose.h"

#include <filesystem>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/yaml.h"
#include "support/temporary_folder.h"

namespace ridgeline::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A primary file "job" with a default optimizer, and a second group that has no default.
class Compose : public ::testing::Test {
 protected:
  Compose() {
    write("job.yaml",
          "defaults:\n  - optimizer: sgd\nsize: 224\nrate: 0.5\nfast: false\nout: runs\n"
          "freeze: []\nscale: [0.08, 1.0]\nema:\n  decay: 0.0\nlater: null\n");
    write("optimizer/sgd.yaml", "name: sgd\nlr: 0.1\n");
    write("optimizer/adamw.yaml", "name: adamw\nlr: 0.001\n");
    write("model/lenet.yaml", "name: lenet\n");
    write("model/resnet18.yaml", "name: resnet18\n");
  }

  void write(const std::string& name, const std::string& text) const {
    const std::string path = folder_ / name;
    ASSERT_TRUE(make_directories(std::filesystem::path(path).parent_path().string()).ok());
    ASSERT_TRUE(write_file_atomically(path, text).ok());
  }

  Result<std::vector<ComposedRun>> runs(const std::vector<std::string>& overrides) const {
    return compose({"job", {folder_ / "own", folder_ / "."}, overrides});
  }
  /// The configuration of a request for one run.
  Json config(const std::vector<std::string>& overrides) const {
    const auto composed = runs(overrides);
    EXPECT_TRUE(composed.ok()) << composed.status().message();
    return composed.ok() ? composed->front().config : Json();
  }
  std::string complaint(const std::string& override) const {
    const auto composed = runs({override});
    EXPECT_FALSE(composed.ok()) << override;
    return composed.status().message();
  }

  TemporaryFolder folder_;
};

TEST_F(Compose, TakesDefaultsAndTheFilesOwnValues) {
  const Json expected = {{"optimizer", {{"name", "sgd"}, {"lr", 0.1}}},
                         {"size", 224},
                         {"rate", 0.5},
                         {"fast", false},
                         {"out", "runs"},
                         {"freeze", Json::array()},
                         {"scale", {0.08, 1.0}},
                         {"ema", {{"decay", 0.0}}},
                         {"later", nullptr}};
  EXPECT_EQ(config({}), expected);
}

TEST_F(Compose, PlusAddsAGroupAndItsNameAloneReplacesADefault) {
  const Json composed = config({"+model=lenet", "optimizer=adamw", "optimizer.lr=0.01"});
  EXPECT_EQ(composed["model"], Json({{"name", "lenet"}}));
  EXPECT_EQ(composed["optimizer"], Json({{"name", "adamw"}, {"lr", 0.01}}));
  EXPECT_FALSE(config({"~optimizer"}).contains("optimizer"));
}

TEST_F(Compose, GroupsWrittenTheWrongWayAreToldTheRightOne) {
  EXPECT_THAT(complaint("model=lenet"), AllOf(HasSubstr("+model=NAME"), HasSubstr("lenet, resnet18")));
  EXPECT_THAT(complaint("+optimizer=adamw"), HasSubstr("write optimizer=adamw"));
  EXPECT_THAT(complaint("+model=lennet"), HasSubstr("did you mean lenet?"));
  EXPECT_THAT(complaint("model.name=x"), HasSubstr("+model=NAME"));
  EXPECT_THAT(complaint("~model"), HasSubstr("+model=NAME"));
}

TEST_F(Compose, ValuesAreSetAddedAndRemoved) {
  const Json composed = config({"ema.decay=0.99", "+ema.steps=4", "+note.by=Анна", "~fast", "out=2024",
                                "rate=1", "freeze=[conv1.*, 'layer1, all']", "scale=[1,1]", "later=[1]"});
  EXPECT_EQ(composed["ema"], Json({{"decay", 0.99}, {"steps", 4}}));
  EXPECT_EQ(composed["note"]["by"], "Анна");
  EXPECT_FALSE(composed.contains("fast"));
  EXPECT_EQ(composed["out"], "2024") << "text stays text";
  EXPECT_EQ(composed["rate"], 1);
  EXPECT_EQ(composed["freeze"], Json({"conv1.*", "layer1, all"}));
  EXPECT_EQ(composed["later"], Json({1}));
  EXPECT_EQ(config({"out="})["out"], "");
  EXPECT_EQ(config({"out=null"})["out"], "");
  EXPECT_EQ(config({"out=\"a,b\""})["out"], "a,b");
}

TEST_F(Compose, AnUnknownKeyIsAnErrorWithTheNearestNames) {
  EXPECT_THAT(complaint("optimiser.lr=1"),
              AllOf(HasSubstr("optimiser.lr: unknown key"), HasSubstr("optimizer.lr")));
  EXPECT_THAT(complaint("lr=1"), HasSubstr("optimizer.lr"));
  EXPECT_THAT(complaint("szie=1"), HasSubstr("did you mean size?"));
  EXPECT_THAT(complaint("~ema.decai"), HasSubstr("ema.decay"));
  EXPECT_THAT(complaint("+size=1"), HasSubstr("write size=1"));
}

TEST_F(Compose, AValueOfAnotherKindIsRefused) {
  EXPECT_THAT(complaint("size=big"), HasSubstr("size=big: takes a whole number"));
  EXPECT_THAT(complaint("size=1.5"), HasSubstr("a whole number"));
  EXPECT_THAT(complaint("rate=fast"), HasSubstr("a number"));
  EXPECT_THAT(complaint("fast=1"), HasSubstr("true or false"));
  EXPECT_THAT(complaint("freeze=conv1"), HasSubstr("a list: [A, B]"));
  EXPECT_THAT(complaint("scale=[a,b]"), HasSubstr("a list such as [0.08,1.0]"));
  EXPECT_THAT(complaint("ema=0.9"), HasSubstr("set ema.decay"));
  EXPECT_THAT(complaint("size="), HasSubstr("a whole number"));
}

TEST_F(Compose, WordsThatAreNoOverridesAreRefused) {
  for (const char* word :
       {"size", "=3", "~size=3", "+", "", "my key=3", "freeze=[1", "out='a", "size=1,,2", "+a..b=1"})
    EXPECT_THAT(complaint(word), HasSubstr(word));
}

TEST_F(Compose, ListsWithCommasMakeTheProductOfTheirRuns) {
  const auto composed = runs({"+model=lenet,resnet18", "size=224,256,384", "rate=0.1"}).value();
  ASSERT_EQ(composed.size(), 6U);
  EXPECT_EQ(composed[0].name, "model=lenet,size=224");
  EXPECT_EQ(composed[5].name, "model=resnet18,size=384");
  EXPECT_EQ(composed[4].config["size"], 256);
  EXPECT_EQ(composed[4].config["model"]["name"], "resnet18");
  EXPECT_EQ(runs({"scale=[0.5,1],[0.1,1]"})->size(), 2U);
  EXPECT_EQ(runs({"size=224"})->front().name, "");
}

TEST_F(Compose, AFoldersFilesComeBeforeThoseOfLaterFolders) {
  write("own/optimizer/sgd.yaml", "name: sgd\nlr: 7.0\n");
  write("own/model/mine.yaml", "name: mine\n");
  EXPECT_EQ(config({})["optimizer"]["lr"], 7);
  EXPECT_EQ(config({"+model=mine"})["model"]["name"], "mine");
  EXPECT_EQ(config({"+model=lenet"})["model"]["name"], "lenet");
}

TEST_F(Compose, SelfSaysWhereTheFilesOwnValuesCome) {
  const std::string own = "optimizer:\n  lr: 3.0\n";
  write("job.yaml", "defaults: [optimizer: sgd, _self_]\n" + own);
  EXPECT_EQ(config({})["optimizer"], Json({{"name", "sgd"}, {"lr", 3.0}}));
  write("job.yaml", "defaults: [_self_, optimizer: sgd]\n" + own);
  EXPECT_EQ(config({})["optimizer"]["lr"], 0.1);
}

TEST_F(Compose, BrokenFilesAreNamed) {
  write("optimizer/broken.yaml", "lr: [1\n");
  write("optimizer/list.yaml", "- 1\n");
  write("optimizer/nested.yaml", "defaults: [a: b]\n");
  EXPECT_THAT(complaint("optimizer=broken"), HasSubstr("optimizer/broken.yaml: line"));
  EXPECT_THAT(complaint("optimizer=list"), HasSubstr("optimizer/list.yaml"));
  EXPECT_THAT(complaint("optimizer=nested"), HasSubstr("defaults"));
  write("job.yaml", "defaults: [optimizer]\n");
  EXPECT_THAT(complaint("size=1"), HasSubstr("job.yaml"));
  EXPECT_EQ(compose({"absent", {folder_ / "."}, {}}).status().code(), ErrorCode::kNotFound);
}

TEST(ConfigFolders, OnesOwnComesFirstAndMustBeThere) {
  const TemporaryFolder folder;
  EXPECT_EQ(config_folders(folder / ".")->front(), folder / ".");
  EXPECT_EQ(config_folders(folder / "absent").status().code(), ErrorCode::kNotFound);
}

TEST(Configs, EveryChoiceOfEveryGroupComposes) {
  std::vector<std::string> words;
  for (const auto& group : std::filesystem::directory_iterator(CONFIGS)) {
    if (!group.is_directory() || group.path().filename() == "study") continue;
    const std::string name = group.path().filename().string();
    std::string word = (name == "data" || name == "model" ? "+" : "") + name + "=";
    for (const auto& file : std::filesystem::directory_iterator(group.path()))
      word += (word.back() == '=' ? "" : ",") + file.path().stem().string();
    words.push_back(word);
  }
  const auto runs = compose({"train", {CONFIGS}, words});
  ASSERT_TRUE(runs.ok()) << runs.status().message();
  EXPECT_GT(runs->size(), 50U);
  for (const ComposedRun& run : *runs)
    EXPECT_EQ(parse_yaml(to_yaml(run.config), "printed").value(), run.config);
}

}  // namespace
}  // namespace ridgeline::cli
