//===- ChoiceSolverTest.cpp -----------------------------------------------===//
#include "narrow/Pipelines/ChoiceSolver.h"
#include <gtest/gtest.h>
#include <random>

using namespace narrow;

namespace {

/// The least loss of all combinations within the limits.
std::optional<double> tryAll(const ChoiceProblem &problem, size_t item = 0, double loss = 0,
                             std::vector<double> costs = {}) {
  costs.resize(problem.limits.size());
  if (item == problem.items.size()) {
    for (size_t k = 0; k < costs.size(); ++k)
      if (costs[k] > problem.limits[k])
        return std::nullopt;
    return loss;
  }
  std::optional<double> best;
  for (const ChoiceProblem::Choice &choice : problem.items[item]) {
    std::vector<double> sum = costs;
    for (size_t k = 0; k < sum.size(); ++k)
      sum[k] += choice.costs[k];
    if (auto found = tryAll(problem, item + 1, loss + choice.loss, sum); found && (!best || *found < *best))
      best = found;
  }
  return best;
}

TEST(ChoiceSolver, FindsTheLeastLoss) {
  std::mt19937 random(1);
  auto number = [&](int most) { return double(random() % most); };
  for (int trial = 0; trial < 200; ++trial) {
    ChoiceProblem problem;
    size_t limits = trial % 3;
    double scale = std::pow(10.0, trial % 13 - 6); // Bits and cycles are far from 1.
    for (int item = 0; item < 6; ++item) {
      auto &choices = problem.items.emplace_back();
      for (int choice = 0; choice < 3; ++choice) {
        choices.push_back({number(1000) * scale, {}});
        for (size_t k = 0; k < limits; ++k)
          choices.back().costs.push_back(number(1000) * 1e6 - (k == 1 ? 2e8 : 0));
      }
    }
    for (size_t k = 0; k < limits; ++k)
      problem.limits.push_back(number(5000) * 1e6);
    std::optional<double> best = tryAll(problem);
    std::optional<ChoiceSolution> solution = solveChoices(problem);
    ASSERT_EQ(best.has_value(), solution.has_value()) << "trial " << trial;
    if (!best)
      continue;
    EXPECT_TRUE(solution->isProven);
    EXPECT_NEAR(*best, solution->loss, 1e-6 * scale * 1000) << "trial " << trial;
  }
}

TEST(ChoiceSolver, NothingIsWithinTheLimits) {
  ChoiceProblem problem{{{{1, {5}}, {2, {4}}}, {{1, {5}}}}, {8}};
  EXPECT_FALSE(solveChoices(problem));
  problem.limits = {9};
  std::optional<ChoiceSolution> solution = solveChoices(problem);
  ASSERT_TRUE(solution);
  EXPECT_EQ(solution->taken, (std::vector<size_t>{1, 0}));
}

TEST(ChoiceSolver, AnItemWithoutChoices) { EXPECT_FALSE(solveChoices({{{}}, {}})); }

} // namespace
