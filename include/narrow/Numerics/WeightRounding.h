//===- WeightRounding.h - Which code a weight becomes -----------*- C++ -*-===//
//
// Rules N50 to N53 and N58 of docs/numerics.md: nearest, stochastic and GPTQ rounding of
// a weight matrix whose scales are fixed, and what an error of the weights does to the
// output of the layer.
//
// A layer is y = W x: W has a row for each output channel and a column for each of
// the K products that are summed. x is a row of K numbers of the layer's input.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_NUMERICS_WEIGHTROUNDING_H
#define NARROW_NUMERICS_WEIGHTROUNDING_H

#include "narrow/Numerics/Formats.h"
#include "narrow/Numerics/Rounding.h"
#include <cstdint>
#include <span>
#include <vector>

namespace narrow::numerics {

/// How the codes of weights are chosen.
enum class WeightRounding { Nearest, Stochastic, AdaRound, AdaQuant, FlexRound, Gptq };

/// A dense matrix in row-major order that somebody else owns.
struct MatrixRef {
  const float *data = nullptr;
  int64_t rows = 0, cols = 0;

  std::span<const float> row(int64_t i) const { return {data + i * cols, static_cast<size_t>(cols)}; }
  /// Rows [first, first + count).
  MatrixRef slice(int64_t first, int64_t count) const { return {data + first * cols, count, cols}; }
};

/// The codes that weights may have where not every integer is one (N58): a format's levels, times
/// the scale of a group. The columns of a row are groups, each of which has one of a few lists.
struct CodeLists {
  std::span<const Levels> lists;   ///< the different ones
  std::vector<int32_t> groups;     ///< the list of each group, row by row; empty: all integers are codes
  int64_t columns = 1, perRow = 1; ///< columns of a group (the last may have fewer), groups of a row

  std::span<const int32_t> at(int64_t row, int64_t col) const {
    return lists[static_cast<size_t>(groups[static_cast<size_t>(row * perRow + col / columns)])];
  }
};

/// The numbers that a weight can become: scale * code, zero point 0.
struct WeightGrid {
  std::vector<float> scales; ///< one, or one a row; positive and finite
  CodeRange codes;
  CodeLists allowed = {}; ///< within `codes`

  float scale(int64_t row) const { return scales[scales.size() == 1 ? 0 : static_cast<size_t>(row)]; }
  bool isUniform() const { return allowed.groups.empty(); }
};

/// rows * cols codes in row-major order.
using WeightCodes = std::vector<int32_t>;

/// The code of `weight` at `scale` with ties as `ties` says (N50). The quotient is that
/// of `quantize`: HalfEven gives the same codes. NaN becomes 0.
int32_t roundNearest(float weight, float scale, CodeRange codes, Rounding ties);
/// The same, of `allowed` codes (nearestLevel, N58). The quotient is a double's.
int32_t roundNearest(double weight, double scale, std::span<const int32_t> allowed);
/// `ties` is for uniform grids.
WeightCodes roundNearest(MatrixRef weights, const WeightGrid &grid, Rounding ties = Rounding::HalfEven);

/// The largest of `allowed` that is not above `x`, and the one that follows it (N58). Outside of
/// their interval both are the nearest; so are they for NaN, which is taken for 0.
struct Neighbours {
  int32_t below, above;
};
Neighbours findNeighbours(std::span<const int32_t> allowed, double x);

/// Number `index` of the sequence `seed`, in [0, 1) (N51): lowbias32(seed ^ index) / 2^32
/// (Wellons, "Prospecting for Hash Functions"). The same whatever was asked before.
double counterUniform(uint32_t seed, uint32_t index);
uint32_t lowbias32(uint32_t x);
/// A seed of its own for whatever has a name.
uint32_t seedFor(uint32_t seed, std::span<const char> name);

/// floor(weight / scale + u): up or down with the probability that makes the mean exact
/// (N51). Element i of the matrix takes counterUniform(seed, i).
int32_t roundStochastic(float weight, float scale, CodeRange codes, uint32_t seed, uint32_t index);
/// The same between the `allowed` codes below and above (N58).
int32_t roundStochastic(float weight, float scale, std::span<const int32_t> allowed, uint32_t seed,
                        uint32_t index);
WeightCodes roundStochastic(MatrixRef weights, const WeightGrid &grid, uint32_t seed);

/// The mean of x x^T over the rows x that were added (N52). Rows are summed in the order in
/// which they are given: equal calls give equal bytes.
class Gram {
public:
  explicit Gram(int64_t size) : size(size), sums(static_cast<size_t>(size * size)) {}

  /// Adds rows of `size` finite numbers.
  void add(MatrixRef rows);
  int64_t getSize() const { return size; }
  int64_t getNumRows() const { return count; }
  /// size * size numbers, symmetric; zeros if there was no row.
  std::vector<double> mean() const;

private:
  int64_t size, count = 0;
  std::vector<double> sums; ///< lower triangle
};

/// E (dw x)^2 = dw^T E[x x^T] dw of each row dw = weights - scale * codes. `gram` is the
/// mean of a Gram.
std::vector<double> layerErrors(MatrixRef weights, const WeightCodes &codes, const WeightGrid &grid,
                                std::span<const double> gram);

struct GptqOptions {
  double damping = 0.01;   ///< of the mean of the diagonal, added to the diagonal
  int64_t blockSize = 128; ///< columns whose updates are applied to the rest at once
  bool actOrder = false;   ///< columns of large input first
};

/// GPTQ (N53; Frantar et al., arXiv 2210.17323, Algorithm 1): rounds column by column to the nearest
/// code of the grid, the columns that follow make up for the error. A row for which that gives a larger error
/// on `gram` than nearest (the codes' range is limited, the order greedy) is nearest. If `gram` is not
/// finite, all are. cols^2 doubles of memory three times.
WeightCodes roundGptq(MatrixRef weights, const WeightGrid &grid, std::span<const double> gram,
                      const GptqOptions &options = {});

/// The upper Cholesky factor U of H^-1, H^-1 = U^T U, `size` x `size` numbers by columns; empty if H
/// is not positive definite.
std::vector<double> inverseCholesky(std::span<const double> h, int64_t size);

} // namespace narrow::numerics

#endif
