#include "graph/ops/equation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ridgeline::ops {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
constexpr int64_t kAny = Shape::kUnknownDim;

Result<Equation> parse(std::string_view text, std::vector<Shape> operands) {
  return Equation::parse(text, operands);
}

TEST(Equation, GivesEachAxisALabel) {
  const Equation product = parse("bij, bjk -> bik", {{2, 3, 4}, {2, 4, 5}}).value();
  EXPECT_THAT(product.terms, ElementsAre("bij", "bjk"));
  EXPECT_EQ(product.out, "bik");
  EXPECT_EQ(product.summed, "j");
  EXPECT_THAT(product.extents, ElementsAre(Pair('b', 2), Pair('i', 3), Pair('j', 4), Pair('k', 5)));
}

TEST(Equation, ImpliesTheLettersThatThereAreOnceInTheirOrder) {
  EXPECT_EQ(parse("kj,ji", {{2, 3}, {3, 4}})->out, "ik");
  EXPECT_EQ(parse("i,i", {{3}, {3}})->out, "");
  EXPECT_EQ(parse("b...a", {{2, 3, 4, 5}})->out, "10ab");
}

TEST(Equation, AlignsAxesOfEllipsesAtTheLast) {
  const Equation product = parse("...ij,...jk->...ik", {{7, 2, 3, 4}, {2, 4, 5}}).value();
  EXPECT_THAT(product.terms, ElementsAre("10ij", "0jk"));
  EXPECT_EQ(product.out, "10ik");
  EXPECT_EQ(product.extents.at('1'), 7);
  EXPECT_EQ(parse("...ii->...i", {{3, 3}})->out, "i");
}

TEST(Equation, BroadcastsExtentsOfOneAndLeavesUnknownOnesOpen) {
  EXPECT_EQ(parse("ij,ij->ij", {{1, 4}, {3, 4}})->extents.at('i'), 3);
  EXPECT_EQ(parse("ij,ij->ij", {{kAny, 4}, {1, 4}})->extents.at('i'), kAny);
  EXPECT_EQ(parse("ij,ij->ij", {{kAny, 4}, {3, 4}})->extents.at('i'), 3);
}

TEST(Equation, RefusesWhatContradictsItselfOrTheOperands) {
  const std::vector<std::pair<std::string, std::vector<Shape>>> cases = {
      {"ij,jk->ik", {{2, 3}}},          // an operand too few
      {"ij->ij", {{2, 3}, {2, 3}}},     // and too many
      {"ij->ij", {{2, 3, 4}}},          // of too many axes
      {"ijk...->ijk", {{2, 3}}},        // of too few
      {"ij,jk->ik", {{2, 3}, {4, 5}}},  // extents that differ
      {"ij->ik", {{2, 3}}},             // a letter from nowhere
      {"ij->ii", {{2, 3}}},             // a letter twice
      {"...i->i", {{2, 3}}},            // an ellipsis that is lost
      {"i..->i", {{2, 3, 4}}},          // a broken one
      {"i......->i...", {{2, 3}}},      // two of them
      {"i1->i", {{2, 3}}},              // no letter
      {"i->i->i", {{2}}},               // two results
      {"...->...", {Shape(std::vector<int64_t>(11, 1))}}};
  for (const auto& [text, operands] : cases) {
    const auto equation = parse(text, operands);
    ASSERT_FALSE(equation.ok()) << text;
    EXPECT_THAT(equation.status().message(), HasSubstr(text));
  }
}

}  // namespace
}  // namespace ridgeline::ops
