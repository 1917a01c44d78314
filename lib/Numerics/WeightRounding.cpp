//===- WeightRounding.cpp - Nearest, stochastic, GPTQ ---------------------===//
#include "narrow/Numerics/WeightRounding.h"
#include "EigenCore.h"
#include <Eigen/Cholesky>
#include <algorithm>
#include <cmath>
#include <numeric>

using namespace narrow::numerics;

namespace {
using Matrix = Eigen::MatrixXd; // column-major
using RowsOfFloats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// A rounded quotient as a code. NaN, from a weight that is not a number, becomes 0.
int32_t toCode(double rounded, CodeRange codes) {
  if (std::isnan(rounded))
    rounded = 0;
  return static_cast<int32_t>(
      std::clamp(rounded, static_cast<double>(codes.min), static_cast<double>(codes.max)));
}

/// Calls `round` with each weight, its scale, its codes (a CodeRange or a list) and its index.
template <typename F>
WeightCodes forEachWeight(MatrixRef weights, const WeightGrid &grid, F &&round) {
  WeightCodes codes(static_cast<size_t>(weights.rows * weights.cols));
  for (int64_t o = 0, i = 0; o < weights.rows; ++o)
    for (int64_t k = 0; k < weights.cols; ++k, ++i)
      codes[static_cast<size_t>(i)] =
          grid.isUniform()
              ? round(weights.data[i], grid.scale(o), grid.codes, static_cast<uint32_t>(i))
              : round(weights.data[i], grid.scale(o), grid.allowed.at(o, k), static_cast<uint32_t>(i));
  return codes;
}
} // namespace

int32_t narrow::numerics::roundNearest(float weight, float scale, CodeRange codes, Rounding ties) {
  return toCode(round(weight / scale, ties), codes);
}

int32_t narrow::numerics::roundNearest(double weight, double scale, std::span<const int32_t> allowed) {
  double x = weight / scale;
  return nearestLevel(allowed, std::isnan(x) ? 0 : x);
}

namespace {
struct Nearest {
  Rounding ties;
  int32_t operator()(float weight, float scale, CodeRange codes, uint32_t) const {
    return roundNearest(weight, scale, codes, ties);
  }
  int32_t operator()(float weight, float scale, std::span<const int32_t> allowed, uint32_t) const {
    return roundNearest(weight, scale, allowed);
  }
};
} // namespace

WeightCodes narrow::numerics::roundNearest(MatrixRef weights, const WeightGrid &grid, Rounding ties) {
  return forEachWeight(weights, grid, Nearest{ties});
}

Neighbours narrow::numerics::findNeighbours(std::span<const int32_t> allowed, double x) {
  if (std::isnan(x))
    x = 0;
  auto above = std::upper_bound(allowed.begin(), allowed.end(), x);
  if (above == allowed.begin())
    return {allowed.front(), allowed.front()};
  if (above == allowed.end())
    return {allowed.back(), allowed.back()};
  return {above[-1], *above};
}

uint32_t narrow::numerics::lowbias32(uint32_t x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  x ^= x >> 16;
  return x;
}

double narrow::numerics::counterUniform(uint32_t seed, uint32_t index) {
  return lowbias32(seed ^ index) * 0x1p-32;
}

uint32_t narrow::numerics::seedFor(uint32_t seed, std::span<const char> name) {
  uint32_t hash = lowbias32(seed);
  for (char c : name)
    hash = lowbias32(hash ^ static_cast<unsigned char>(c));
  return hash;
}

int32_t narrow::numerics::roundStochastic(float weight, float scale, CodeRange codes, uint32_t seed,
                                          uint32_t index) {
  return toCode(std::floor(weight / scale + counterUniform(seed, index)), codes);
}

int32_t narrow::numerics::roundStochastic(float weight, float scale, std::span<const int32_t> allowed,
                                          uint32_t seed, uint32_t index) {
  double x = static_cast<double>(weight) / scale;
  auto [below, above] = findNeighbours(allowed, x);
  return x - below + counterUniform(seed, index) * (above - below) >= above - below ? above : below;
}

WeightCodes narrow::numerics::roundStochastic(MatrixRef weights, const WeightGrid &grid, uint32_t seed) {
  return forEachWeight(weights, grid, [&](float weight, float scale, auto codes, uint32_t i) {
    return roundStochastic(weight, scale, codes, seed, i);
  });
}

void Gram::add(MatrixRef rows) {
  // Products of a block in f32, which is fast; the sum of blocks in double, which does not lose small
  // contributions among many rows.
  constexpr int64_t block = 256;
  Eigen::Map<Eigen::MatrixXd> total(sums.data(), size, size);
  Eigen::MatrixXf part(size, size);
  for (int64_t first = 0; first < rows.rows; first += block) {
    MatrixRef some = rows.slice(first, std::min(block, rows.rows - first));
    Eigen::Map<const RowsOfFloats> x(some.data, some.rows, some.cols);
    part.setZero();
    part.selfadjointView<Eigen::Lower>().rankUpdate(x.transpose());
    total.triangularView<Eigen::Lower>() += part.cast<double>();
  }
  count += rows.rows;
}

std::vector<double> Gram::mean() const {
  std::vector<double> result(sums.size());
  Eigen::Map<const Eigen::MatrixXd> total(sums.data(), size, size);
  Eigen::Map<Eigen::MatrixXd> full(result.data(), size, size);
  full = total.selfadjointView<Eigen::Lower>();
  if (count > 0)
    full /= static_cast<double>(count);
  return result;
}

std::vector<double> narrow::numerics::layerErrors(MatrixRef weights, const WeightCodes &codes,
                                                  const WeightGrid &grid, std::span<const double> gram) {
  int64_t size = weights.cols;
  Eigen::Map<const Matrix> h(gram.data(), size, size);
  Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor> difference(weights.rows, size);
  for (int64_t o = 0, i = 0; o < weights.rows; ++o)
    for (int64_t k = 0; k < size; ++k, ++i)
      difference(o, k) = weights.data[i] - double{grid.scale(o)} * codes[static_cast<size_t>(i)];
  Eigen::VectorXd errors = (difference * h).cwiseProduct(difference).rowwise().sum();
  return {errors.begin(), errors.end()};
}

std::vector<double> narrow::numerics::inverseCholesky(std::span<const double> h, int64_t size) {
  // H = R R^T with R upper triangular: the usual factorization of H with rows and columns in reverse
  // order. U = R^-1 avoids the inverse of H, which would cost as much again.
  Eigen::Map<const Matrix> given(h.data(), size, size);
  Matrix reversed = given.reverse();
  Eigen::LLT<Eigen::Ref<Matrix>> factor(reversed); // in place
  if (factor.info() != Eigen::Success)
    return {};
  Matrix r = Matrix(reversed.triangularView<Eigen::Lower>()).reverse();
  std::vector<double> result(static_cast<size_t>(size * size));
  Eigen::Map<Matrix> u(result.data(), size, size);
  u.setIdentity();
  r.triangularView<Eigen::Upper>().solveInPlace(u);
  u = u.triangularView<Eigen::Upper>();
  return u.allFinite() ? result : std::vector<double>();
}

WeightCodes narrow::numerics::roundGptq(MatrixRef weights, const WeightGrid &grid,
                                        std::span<const double> gram, const GptqOptions &options) {
  int64_t rows = weights.rows, size = weights.cols;
  WeightCodes nearest = roundNearest(weights, grid);
  Eigen::Map<const Matrix> mean(gram.data(), size, size);
  if (size == 0 || rows == 0 || !mean.allFinite())
    return nearest;

  std::vector<int64_t> order(static_cast<size_t>(size));
  std::iota(order.begin(), order.end(), 0);
  if (options.actOrder)
    std::stable_sort(order.begin(), order.end(),
                     [&](int64_t a, int64_t b) { return mean(a, a) > mean(b, b); });

  std::vector<double> h(static_cast<size_t>(size * size)), u;
  Eigen::Map<Matrix> hessian(h.data(), size, size);
  for (int64_t c = 0; c < size; ++c)
    for (int64_t r = 0; r < size; ++r)
      hessian(r, c) = 2 * mean(order[r], order[c]);
  // An input that is always 0 constrains nothing: its weight is 0.
  double trace = 0;
  int64_t live = 0;
  for (int64_t i = 0; i < size; ++i)
    if (hessian(i, i) > 0) {
      trace += hessian(i, i);
      ++live;
    }
  if (live == 0)
    return nearest;
  std::vector<bool> dead(static_cast<size_t>(size));
  for (int64_t i = 0; i < size; ++i)
    if (!(hessian(i, i) > 0)) {
      dead[i] = true;
      hessian(i, i) = trace / static_cast<double>(live);
    }
  // More damping until the factorization succeeds: with few rows, H is singular without it.
  double added = 0;
  for (double damping = options.damping, tries = 0; u.empty();
       damping = std::max(damping * 10, 1e-4), ++tries) {
    if (tries == 6)
      return nearest;
    double wanted = damping * trace / static_cast<double>(live);
    hessian.diagonal().array() += wanted - added;
    added = wanted;
    u = inverseCholesky(h, size);
  }
  Eigen::Map<const Matrix> factor(u.data(), size, size);

  Matrix w(rows, size);
  for (int64_t c = 0; c < size; ++c)
    for (int64_t o = 0; o < rows; ++o)
      w(o, c) = dead[c] ? 0 : weights.data[o * size + order[c]];
  WeightCodes codes(nearest.size());
  int64_t blockSize = std::max<int64_t>(1, options.blockSize);
  for (int64_t first = 0; first < size; first += blockSize) {
    int64_t count = std::min(blockSize, size - first), rest = size - first - count;
    Matrix errors(rows, count);
    for (int64_t j = 0; j < count; ++j) {
      int64_t c = first + j;
      for (int64_t o = 0; o < rows; ++o) {
        double scale = grid.scale(o);
        int32_t code = grid.isUniform() ? toCode(round(w(o, c) / scale, Rounding::HalfEven), grid.codes)
                                        : roundNearest(w(o, c), scale, grid.allowed.at(o, order[c]));
        codes[static_cast<size_t>(o * size + order[c])] = code;
        errors(o, j) = (w(o, c) - scale * code) / factor(c, c);
      }
      w.middleCols(c + 1, count - j - 1).noalias() -=
          errors.col(j) * factor.row(c).segment(c + 1, count - j - 1);
    }
    w.rightCols(rest).noalias() -= errors * factor.block(first, first + count, count, rest);
  }

  std::vector<double> found = layerErrors(weights, codes, grid, gram),
                      usual = layerErrors(weights, nearest, grid, gram);
  for (int64_t o = 0; o < rows; ++o)
    if (!(found[o] <= usual[o]))
      std::copy_n(nearest.begin() + o * size, size, codes.begin() + o * size);
  return codes;
}
