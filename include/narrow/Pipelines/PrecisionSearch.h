//===- PrecisionSearch.h - A scheme for each layer ---------------*- C++ -*-===//
//
// Mixed precision in two steps. First every layer alone takes every scheme, and
// the error that this adds at the outputs is measured on the integer code itself
// (sensitivity). Then an integer program takes one scheme for each layer so that
// the sum of added errors is least within the budgets. The network it found is
// compiled and measured as a whole. That errors add up is an assumption: the
// measurement says how well it held.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_PIPELINES_PRECISIONSEARCH_H
#define NARROW_PIPELINES_PRECISIONSEARCH_H

#include "narrow/Pipelines/Recipe.h"
#include "narrow/Pipelines/Report.h"
#include "narrow/Support/LLVM.h"
#include "llvm/Support/JSON.h"
#include <array>
#include <functional>
#include <map>
#include <optional>

namespace narrow {

enum class CostKind {
  Size,    ///< bytes of constants, weights packed wherever they can be
  BitOps,  ///< multiplications times bits of weight times bits of activation
  Latency, ///< predicted cycles of the kernels on this machine
};
constexpr std::array costKinds{CostKind::Size, CostKind::BitOps, CostKind::Latency};
llvm::StringRef stringifyCost(CostKind kind);

/// At most `fraction` of what the first choice costs everywhere.
struct Budget {
  CostKind kind;
  double fraction;
};
/// Reads `size=0.5`.
llvm::Expected<Budget> parseBudget(StringRef text);

struct SearchOptions {
  Recipe recipe; ///< its scheme is not used; layers that its overrides name are not searched
  /// Schemes, the most precise first; each layer gets one. Their weight part is that of the
  /// layer, their activation part (a8) that of what the layer reads.
  std::vector<std::string> choices;
  std::vector<Budget> budgets;
  unsigned points = 1; ///< problems to solve, from the budgets up to the first choice's cost
  int64_t samples = 0; ///< to measure on; 0: all
};

/// What a choice of schemes is.
struct Candidate {
  std::map<std::string, std::string> assignment; ///< id of a layer that is searched to its scheme
  std::vector<std::string> overrides; ///< what gives it to narrow-compile, those of the recipe first
  std::array<double, costKinds.size()> costs{}; ///< as fractions of the first choice's
  double predictedNoise = 0;                    ///< of the outputs, in power of their signal
  double noise = 0;                             ///< measured
  double agreement = 0;                         ///< samples with the float model's class
  bool isProven = false;                        ///< within the budgets no other has less predicted noise
};

struct SearchState {
  std::string model, samples; ///< what it was made of: hash of the float stage, fingerprint
  std::vector<std::string> choices;
  std::string recipe;
  /// Of each layer and choice: noise of the outputs as a fraction of their power, and costs.
  struct Measured {
    double noise = 0;
    std::array<double, costKinds.size()> costs{};
  };
  std::map<std::string, std::map<std::string, Measured>> sensitivity;
  std::vector<Candidate> candidates;
};

llvm::json::Object toJSON(const SearchState &state);
llvm::Expected<SearchState> searchStateFromJSON(const llvm::json::Value &value);

/// Continues from `state`, which may be empty, and calls `save` after every measurement.
/// `network` is the float stage after the rewrites of the recipe; `data` is measured on.
llvm::Error searchPrecision(ModuleOp network, CalibrationSource &calibration, const Dataset &data,
                            const SearchOptions &options, SearchState &state,
                            llvm::function_ref<llvm::Error(const SearchState &)> save);

} // namespace narrow

#endif
