//===- WeightRounding.h - Rounding of weights to codes ----------*- C++ -*-===//
//
// Rules N50 to N53 and N58 of docs/numerics.md: nearest, stochastic and GPTQ rounding of
// a weight matrix with fixed scales, and the effect of weight errors on the output of
// the layer.
//
// A layer is y = W x: W has one row per output channel and one column per each of
// the K products that are summed. x is a row of K values of the layer's input.
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

/// A non-owning view of a dense row-major matrix.
struct MatrixRef {
  const float *data = nullptr;
  int64_t rows = 0, cols = 0;

  std::span<const float> row(int64_t i) const { return {data + i * cols, static_cast<size_t>(cols)}; }
  /// Rows [first, first + count).
  MatrixRef slice(int64_t first, int64_t count) const { return {data + first * cols, count, cols}; }
};

/// The codes that weights may have if not every integer is a code (N58): the levels of a format, times the
/// scale of a group. The columns of a row are divided into groups, each of which uses one of a few lists.
struct CodeLists {
  std::span<const Levels> lists;   ///< the different ones
  std::vector<int32_t> groups;     ///< index of each group's list, row by row; empty: all integers are codes
  int64_t columns = 1, perRow = 1; ///< columns per group (the last may have fewer), groups per row

  std::span<const int32_t> at(int64_t row, int64_t col) const {
    return lists[static_cast<size_t>(groups[static_cast<size_t>(row * perRow + col / columns)])];
  }
};

/// The values that a weight can take: scale * code, zero point 0.
struct WeightGrid {
  std::vector<float> scales; ///< one, or one per row; positive and finite
  CodeRange codes;
  CodeLists allowed = {}; ///< within `codes`

  float scale(int64_t row) const { return scales[scales.size() == 1 ? 0 : static_cast<size_t>(row)]; }
  bool isUniform() const { return allowed.groups.empty(); }
};

/// rows * cols codes in row-major order.
using WeightCodes = std::vector<int32_t>;

/// The code of `weight` at `scale`, with ties rounded as `ties` says (N50). The
/// quotient is computed as in `quantize`: HalfEven gives the same codes. NaN becomes 0.
int32_t roundNearest(float weight, float scale, CodeRange codes, Rounding ties);
/// The same among the `allowed` codes (nearestLevel, N58). The quotient is computed in double.
int32_t roundNearest(double weight, double scale, std::span<const int32_t> allowed);
/// `ties` is for uniform grids.
WeightCodes roundNearest(MatrixRef weights, const WeightGrid &grid, Rounding ties = Rounding::HalfEven);

/// The largest `allowed` code that is not above `x`, and the next one (N58). If `x` is outside
/// their interval both are the nearest code. NaN is taken as 0.
struct Neighbours {
  int32_t below, above;
};
Neighbours findNeighbours(std::span<const int32_t> allowed, double x);

/// Number `index` of the sequence `seed`, in [0, 1) (N51): lowbias32(seed ^ index) / 2^32
/// (Wellons, "Prospecting for Hash Functions"). Independent of earlier calls.
double counterUniform(uint32_t seed, uint32_t index);
uint32_t lowbias32(uint32_t x);
/// A separate seed for each name.
uint32_t seedFor(uint32_t seed, std::span<const char> name);

/// floor(weight / scale + u): rounds up or down with the probability that makes the
/// mean exact (N51). Element i of the matrix uses counterUniform(seed, i).
int32_t roundStochastic(float weight, float scale, CodeRange codes, uint32_t seed, uint32_t index);
/// The same between the `allowed` codes below and above (N58).
int32_t roundStochastic(float weight, float scale, std::span<const int32_t> allowed, uint32_t seed,
                        uint32_t index);
WeightCodes roundStochastic(MatrixRef weights, const WeightGrid &grid, uint32_t seed);

/// The mean of x x^T over the rows x that were added (N52). Rows are summed in the order
/// given: equal calls give equal bytes.
class Gram {
public:
  explicit Gram(int64_t size) : size(size), sums(static_cast<size_t>(size * size)) {}

  /// Adds rows of `size` finite numbers.
  void add(MatrixRef rows);
  int64_t getSize() const { return size; }
  int64_t getNumRows() const { return count; }
  /// size * size numbers, symmetric; zeros if no row was added.
  std::vector<double> mean() const;

private:
  int64_t size, count = 0;
  std::vector<double> sums; ///< lower triangle
};

/// E (dw x)^2 = dw^T E[x x^T] dw for each row dw = weights - scale * codes. `gram` is
/// the mean() of a Gram.
std::vector<double> layerErrors(MatrixRef weights, const WeightCodes &codes, const WeightGrid &grid,
                                std::span<const double> gram);

struct GptqOptions {
  double damping = 0.01;   ///< fraction of the mean of the diagonal that is added to the diagonal
  int64_t blockSize = 128; ///< columns whose updates are applied to the rest together
  bool actOrder = false;   ///< columns with large inputs first
};

/// GPTQ (N53; Frantar et al., arXiv 2210.17323, Algorithm 1): rounds column by column to the nearest code of
/// the grid; the remaining columns compensate for the error. A row with a larger error on `gram` than nearest
/// rounding (the code range is limited, the order greedy) uses nearest rounding, and so do all rows if `gram`
/// is not finite. Uses 3 * cols^2 doubles of memory.
WeightCodes roundGptq(MatrixRef weights, const WeightGrid &grid, std::span<const double> gram,
                      const GptqOptions &options = {});

/// The upper Cholesky factor U of H^-1, H^-1 = U^T U, `size` x `size` numbers in column-major order;
/// empty if H is not positive definite.
std::vector<double> inverseCholesky(std::span<const double> h, int64_t size);

} // namespace narrow::numerics

#endif
