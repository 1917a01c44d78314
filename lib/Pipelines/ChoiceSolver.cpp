//===- ChoiceSolver.cpp - One choice for each item, within budgets --------===//
#include "narrow/Pipelines/ChoiceSolver.h"
#include "coin/Cbc_C_Interface.h"
#include <algorithm>
#include <cmath>
#include <memory>

using namespace narrow;

namespace {

/// A matrix by columns, as Cbc takes it: one column a choice, one row an item and a limit.
struct Program {
  std::vector<int> starts{0}, rows;
  std::vector<double> values, objective, lower, upper;
};

Program makeProgram(const ChoiceProblem &problem, double lossUnit, const std::vector<double> &costUnits) {
  Program program;
  for (size_t item = 0; item < problem.items.size(); ++item)
    for (const ChoiceProblem::Choice &choice : problem.items[item]) {
      program.rows.push_back(static_cast<int>(item));
      program.values.push_back(1);
      for (size_t k = 0; k < problem.limits.size(); ++k)
        if (choice.costs[k] != 0) {
          program.rows.push_back(static_cast<int>(problem.items.size() + k));
          program.values.push_back(choice.costs[k] / costUnits[k]);
        }
      program.starts.push_back(static_cast<int>(program.rows.size()));
      program.objective.push_back(choice.loss / lossUnit);
    }
  program.lower.assign(problem.items.size(), 1);
  program.upper.assign(problem.items.size(), 1);
  for (size_t k = 0; k < problem.limits.size(); ++k) {
    program.lower.push_back(-HUGE_VAL);
    program.upper.push_back(problem.limits[k] / costUnits[k]);
  }
  return program;
}

} // namespace

std::optional<ChoiceSolution> narrow::solveChoices(const ChoiceProblem &problem, double seconds) {
  // Numbers near 1: the solver's tolerances are absolute.
  double lossUnit = 0;
  std::vector<double> costUnits(problem.limits.size(), 0);
  size_t columns = 0;
  for (const auto &choices : problem.items) {
    if (choices.empty())
      return std::nullopt;
    columns += choices.size();
    for (const ChoiceProblem::Choice &choice : choices) {
      lossUnit = std::max(lossUnit, std::abs(choice.loss));
      for (size_t k = 0; k < costUnits.size(); ++k)
        costUnits[k] = std::max(costUnits[k], std::abs(choice.costs[k]));
    }
  }
  auto orOne = [](double unit) { return unit > 0 ? unit : 1; };
  lossUnit = orOne(lossUnit);
  for (double &unit : costUnits)
    unit = orOne(unit);

  Program program = makeProgram(problem, lossUnit, costUnits);
  std::unique_ptr<Cbc_Model, void (*)(Cbc_Model *)> model(Cbc_newModel(), Cbc_deleteModel);
  for (auto [name, value] : {std::pair{"log", std::string("0")},
                             {"ratio", std::string("0")},
                             {"threads", std::string("0")},
                             {"seconds", std::to_string(seconds)}})
    Cbc_setParameter(model.get(), name, value.c_str());
  Cbc_setLogLevel(model.get(), 0);
  Cbc_loadProblem(model.get(), static_cast<int>(columns), static_cast<int>(program.lower.size()),
                  program.starts.data(), program.rows.data(), program.values.data(), nullptr, nullptr,
                  program.objective.data(), program.lower.data(), program.upper.data());
  for (size_t column = 0; column < columns; ++column) {
    Cbc_setColLower(model.get(), static_cast<int>(column), 0);
    Cbc_setColUpper(model.get(), static_cast<int>(column), 1);
    Cbc_setInteger(model.get(), static_cast<int>(column));
  }
  Cbc_setObjSense(model.get(), 1); // least
  Cbc_solve(model.get());
  if (Cbc_isProvenInfeasible(model.get()) || Cbc_numberSavedSolutions(model.get()) == 0)
    return std::nullopt;
  const double *taken = Cbc_getColSolution(model.get());
  ChoiceSolution solution;
  solution.isProven = Cbc_isProvenOptimal(model.get());
  size_t column = 0;
  for (const auto &choices : problem.items) {
    size_t best = std::max_element(taken + column, taken + column + choices.size()) - (taken + column);
    solution.taken.push_back(best);
    solution.loss += choices[best].loss;
    column += choices.size();
  }
  // Within the solver's tolerance is not within the limit.
  for (size_t k = 0; k < problem.limits.size(); ++k) {
    double cost = 0;
    for (size_t item = 0; item < problem.items.size(); ++item)
      cost += problem.items[item][solution.taken[item]].costs[k];
    if (cost > problem.limits[k] * (1 + 1e-9) + 1e-9 * costUnits[k])
      return std::nullopt;
  }
  return solution;
}
