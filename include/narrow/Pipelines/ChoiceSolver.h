//===- ChoiceSolver.h - One choice for each item, within budgets *- C++ -*-===//
#ifndef NARROW_PIPELINES_CHOICESOLVER_H
#define NARROW_PIPELINES_CHOICESOLVER_H

#include "narrow/Support/LLVM.h"
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace narrow {

/// The multiple-choice knapsack: of the choices of every item one is taken, so
/// that the sum of losses is least and no sum of costs is above its limit.
struct ChoiceProblem {
  struct Choice {
    double loss = 0;
    std::vector<double> costs; ///< one for each limit, any unit
  };
  std::vector<std::vector<Choice>> items;
  std::vector<double> limits;
};

struct ChoiceSolution {
  std::vector<size_t> taken; ///< index of the choice of each item
  double loss = 0;
  bool isProven = false; ///< the solver has shown that nothing is better
};

/// Solves it as an integer program (Cbc). Nothing if no combination is within the
/// limits. Of equal solutions the same one always. `seconds`: of search at most.
std::optional<ChoiceSolution> solveChoices(const ChoiceProblem &problem, double seconds = 60);

} // namespace narrow

#endif
