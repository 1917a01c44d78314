//===- AdaptiveRounding.cpp - AdaRound, AdaQuant, FlexRound ---------------===//
#include "narrow/Numerics/AdaptiveRounding.h"
#include "EigenCore.h"
#include <algorithm>
#include <cmath>
#include <numbers>

using namespace narrow::numerics;

namespace {
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Array = Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Column = Eigen::ArrayXf;
using Row = Eigen::Array<float, 1, Eigen::Dynamic>;
using MatrixMap = Eigen::Map<const Matrix>;

MatrixMap asMatrix(MatrixRef m) { return {m.data, m.rows, m.cols}; }

/// Adam (Kingma and Ba, arXiv 1412.6980, Algorithm 1) with the usual constants.
template <typename T>
class Adam {
public:
  Adam(const T &like, double rate) : rate(static_cast<float>(rate)), first(like), second(like) {
    first.setZero();
    second.setZero();
  }
  void step(T &parameter, const T &gradient) {
    ++count;
    first = 0.9f * first + 0.1f * gradient;
    second = 0.999f * second + 0.001f * gradient.square();
    float scale1 = 1 / (1 - static_cast<float>(std::pow(0.9, count)));
    float scale2 = 1 / (1 - static_cast<float>(std::pow(0.999, count)));
    parameter -= rate * (first * scale1) / ((second * scale2).sqrt() + 1e-8f);
  }

private:
  float rate;
  int64_t count = 0;
  T first, second;
};

/// The mean squared error of the layer's output and its gradient.
class Objective {
public:
  Objective(const LayerTask &task, const AdaptiveOptions &options, bool learnsBias)
      : task(task), batch(std::clamp<int64_t>(options.batch, 1, std::max<int64_t>(task.inputs.rows, 1))),
        seed(options.seed) {
    bool clamps = std::isfinite(task.lowest) || std::isfinite(task.highest);
    // Without a clamp the error is a quadratic form of the weights: using all rows costs no more than
    // using a few.
    if (clamps || learnsBias || task.inputs.cols > 2 * batch)
      return;
    MatrixMap x = asMatrix(task.inputs), t = asMatrix(task.targets);
    Eigen::Map<const Eigen::RowVectorXf> bias(task.bias.data(), task.weights.rows);
    int64_t cols = task.inputs.cols;
    Eigen::MatrixXd xx = Eigen::MatrixXd::Zero(cols, cols), tx = Eigen::MatrixXd::Zero(t.cols(), cols);
    constexpr int64_t block = 256; // computed in f32, summed in double
    for (int64_t first = 0; first < x.rows(); first += block) {
      int64_t count = std::min<int64_t>(block, x.rows() - first);
      auto part = x.middleRows(first, count);
      Matrix wanted = t.middleRows(first, count).rowwise() - bias;
      xx += Matrix(part.transpose() * part).cast<double>();
      tx += Matrix(wanted.transpose() * part).cast<double>();
    }
    double rows = static_cast<double>(x.rows());
    gram = (xx / rows).cast<float>();
    cross = (tx / rows).cast<float>();
  }

  /// The gradient of the error at `weights` and `bias`, over the rows of step `step`.
  void gradient(const Matrix &weights, const Row &bias, int64_t step, Array &ofWeights, Row &ofBias) {
    if (gram.size()) {
      ofWeights = 2 * (weights * gram - cross).array();
      return;
    }
    MatrixMap x = asMatrix(task.inputs), t = asMatrix(task.targets);
    someX.resize(batch, x.cols());
    someT.resize(batch, t.cols());
    for (int64_t i = 0; i < batch; ++i) {
      int64_t row = batch == x.rows() ? i
                                      : lowbias32(seed ^ static_cast<uint32_t>(step * batch + i)) %
                                            static_cast<uint64_t>(x.rows());
      someX.row(i) = x.row(row);
      someT.row(i) = t.row(row);
    }
    y.noalias() = someX * weights.transpose();
    y.array().rowwise() += bias;
    // The clamp passes the gradient where it has no effect.
    error = (y.array() >= task.lowest && y.array() <= task.highest)
                .select(y.array() - someT.array().max(task.lowest).min(task.highest), 0.0f);
    error *= 2.0f / static_cast<float>(batch);
    ofWeights = (error.matrix().transpose() * someX).array();
    ofBias = error.colwise().sum();
  }

private:
  const LayerTask &task;
  int64_t batch;
  uint32_t seed;
  Matrix gram, cross, someX, someT, y;
  Array error;
};

/// A task with one scale per row, and what the methods have in common.
struct Problem {
  const LayerTask &task;
  int64_t rows, cols;
  MatrixMap weights;
  Column scales;
  Row bias;
  float min, max; ///< codes
  bool learnScales;

  explicit Problem(const LayerTask &task)
      : task(task), rows(task.weights.rows), cols(task.weights.cols), weights(asMatrix(task.weights)),
        scales(rows), bias(rows), min(static_cast<float>(task.grid.codes.min)),
        max(static_cast<float>(task.grid.codes.max)),
        learnScales(task.learnScales && static_cast<int64_t>(task.grid.scales.size()) == rows) {
    for (int64_t o = 0; o < rows; ++o) {
      scales[o] = task.grid.scale(o);
      bias[o] = task.bias[o];
    }
  }

  bool isEmpty() const { return rows == 0 || cols == 0 || task.inputs.rows == 0; }

  Array quotients() const { return weights.array().colwise() / scales; }
  /// No gradient passes where codes are clamped.
  Array inRange(const Array &codes) const { return (codes >= min && codes <= max).cast<float>(); }
  /// A factor of 2 around the given scale.
  void limitLogScales(Column &logScales) const {
    logScales = logScales.max(scales.log() - std::numbers::ln2_v<float>)
                    .min(scales.log() + std::numbers::ln2_v<float>);
  }

  RoundedLayer finish(const Array &codes, const Column &newScales, const Row &newBias) const;
};

/// The weights that the codes stand for.
std::vector<float> decode(const WeightCodes &codes, std::span<const float> scales, int64_t cols) {
  std::vector<float> result(codes.size());
  for (size_t i = 0; i < codes.size(); ++i)
    result[i] = scales[i / static_cast<size_t>(cols)] * static_cast<float>(codes[i]);
  return result;
}

RoundedLayer Problem::finish(const Array &codes, const Column &newScales, const Row &newBias) const {
  RoundedLayer layer;
  layer.codes = roundNearest(task.weights, task.grid);
  layer.scales.assign(scales.begin(), scales.end());
  layer.bias.assign(task.bias.begin(), task.bias.end());
  std::vector<double> usual(static_cast<size_t>(rows)), found = usual;
  if (!isEmpty()) {
    WeightCodes chosen(layer.codes.size());
    for (int64_t i = 0; i < rows * cols; ++i)
      chosen[i] =
          static_cast<int32_t>(std::isnan(codes.data()[i]) ? 0.0f : std::clamp(codes.data()[i], min, max));
    std::vector<float> chosenScales(newScales.begin(), newScales.end()),
        chosenBias(newBias.begin(), newBias.end());
    usual = outputErrors(task, decode(layer.codes, layer.scales, cols), layer.bias);
    found = outputErrors(task, decode(chosen, chosenScales, cols), chosenBias);
    for (int64_t o = 0; o < rows; ++o) {
      if (!(found[o] <= usual[o])) {
        found[o] = usual[o];
        continue;
      }
      std::copy_n(chosen.begin() + o * cols, cols, layer.codes.begin() + o * cols);
      layer.scales[o] = chosenScales[o];
      layer.bias[o] = chosenBias[o];
    }
  }
  for (int64_t o = 0; o < rows; ++o) {
    layer.error += found[o];
    layer.nearestError += usual[o];
  }
  if (task.grid.scales.size() == 1)
    layer.scales.resize(1, task.grid.scales.front());
  return layer;
}

int64_t getSteps(const AdaptiveOptions &options, int64_t paper) {
  return options.iterations > 0 ? options.iterations : paper;
}
/// The rate at which a parameter travels as far in `steps` as in the paper's number of steps.
double getRate(double paperRate, int64_t paperSteps, int64_t steps) {
  return paperRate * static_cast<double>(paperSteps) / static_cast<double>(steps);
}
} // namespace

void narrow::numerics::layerOutputs(MatrixRef inputs, MatrixRef weights, std::span<const float> bias,
                                    float *out) {
  Eigen::Map<Matrix> y(out, inputs.rows, weights.rows);
  y.noalias() = asMatrix(inputs) * asMatrix(weights).transpose();
  y.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(bias.data(), weights.rows);
}

std::vector<double> narrow::numerics::outputErrors(const LayerTask &task, std::span<const float> weights,
                                                   std::span<const float> bias) {
  MatrixMap t = asMatrix(task.targets);
  int64_t rows = task.inputs.rows;
  MatrixRef w{weights.data(), task.weights.rows, task.weights.cols};
  Eigen::ArrayXd sums = Eigen::ArrayXd::Zero(w.rows);
  constexpr int64_t block = 256;
  for (int64_t first = 0; first < rows; first += block) {
    int64_t count = std::min(block, rows - first);
    Matrix y(count, w.rows);
    layerOutputs(task.inputs.slice(first, count), w, bias, y.data());
    Array difference = y.array().max(task.lowest).min(task.highest) -
                       t.middleRows(first, count).array().max(task.lowest).min(task.highest);
    sums += difference.cast<double>().square().colwise().sum().transpose();
  }
  if (rows > 0)
    sums /= static_cast<double>(rows);
  return {sums.begin(), sums.end()};
}

//===----------------------------------------------------------------------===//
// AdaRound
//===----------------------------------------------------------------------===//

double adaround::initialV(double rest) {
  return -std::log((stretchMax - stretchMin) / (rest - stretchMin) - 1);
}

double adaround::rectifiedSigmoid(double v) {
  return std::clamp((stretchMax - stretchMin) / (1 + std::exp(-v)) + stretchMin, 0.0, 1.0);
}

double adaround::beta(int64_t step, int64_t steps) {
  double start = warmUp * static_cast<double>(steps);
  double progress = (static_cast<double>(step) - start) / (static_cast<double>(steps) - start);
  return lastBeta + 0.5 * (firstBeta - lastBeta) * (1 + std::cos(progress * std::numbers::pi));
}

RoundedLayer narrow::numerics::roundAdaRound(const LayerTask &task, const AdaptiveOptions &options) {
  using namespace adaround;
  Problem problem(task);
  if (problem.isEmpty())
    return problem.finish({}, problem.scales, problem.bias);
  int64_t steps = getSteps(options, paperIterations);
  constexpr float span = stretchMax - stretchMin;
  // Each weight becomes a code, `floors`, or the next one, which is `gaps` above it.
  Array quotients = problem.quotients(), floors = quotients.floor(), rests = quotients - floors,
        gaps = Array::Ones(problem.rows, problem.cols);
  if (!task.grid.isUniform())
    for (int64_t o = 0; o < problem.rows; ++o)
      for (int64_t k = 0; k < problem.cols; ++k) {
        auto [below, above] = findNeighbours(task.grid.allowed.at(o, k), quotients(o, k));
        floors(o, k) = static_cast<float>(below);
        gaps(o, k) = static_cast<float>(above - below);
        rests(o, k) = above > below ? (quotients(o, k) - floors(o, k)) / gaps(o, k) : 0;
      }
  Array v = -(span / (rests - static_cast<float>(stretchMin)) - 1).log();
  Array gradient(problem.rows, problem.cols);
  Row ofBias;
  Adam<Array> adam(v, getRate(paperLearningRate, paperIterations, steps));
  Objective objective(task, options, /*learnsBias=*/false);
  for (int64_t step = 0; step < steps; ++step) {
    Array sigmoid = 1 / (1 + (-v).exp());
    Array raw = sigmoid * span + static_cast<float>(stretchMin), h = raw.max(0.0f).min(1.0f),
          codes = floors + h * gaps;
    Matrix soft = (codes.max(problem.min).min(problem.max).colwise() * problem.scales).matrix();
    objective.gradient(soft, problem.bias, step, gradient, ofBias);
    gradient = (gradient * problem.inRange(codes) * gaps).colwise() * problem.scales;
    if (static_cast<double>(step) >= warmUp * static_cast<double>(steps)) {
      float exponent = static_cast<float>(beta(step, steps));
      Array away = 2 * h - 1, size = away.abs();
      // pow(0, x) is 0: at exactly one half the regularizer has no opinion.
      gradient -= static_cast<float>(2 * lambda) * exponent * size.pow(exponent - 1) * away.sign();
    }
    // A rest of 0 starts on the border of the clamp, which must still pass the gradient; 1e-6 allows
    // for rounding errors.
    gradient *= (raw >= -1e-6f && raw <= 1 + 1e-6f).cast<float>() * span * sigmoid * (1 - sigmoid);
    adam.step(v, gradient);
  }
  return problem.finish(floors + (v >= 0).cast<float>() * gaps, problem.scales, problem.bias);
}

//===----------------------------------------------------------------------===//
// AdaQuant
//===----------------------------------------------------------------------===//

RoundedLayer narrow::numerics::roundAdaQuant(const LayerTask &task, const AdaptiveOptions &options) {
  using namespace adaquant;
  Problem problem(task);
  if (problem.isEmpty())
    return problem.finish({}, problem.scales, problem.bias);
  int64_t steps = getSteps(options, paperIterations);
  double rate = getRate(paperLearningRate, paperIterations, steps);
  // Weights in quanta and bias in units of the output's spread: one rate fits layers of any size.
  Array moved = problem.quotients();
  Column logScales = problem.scales.log();
  MatrixMap t = asMatrix(task.targets);
  Row spread = ((t.array().rowwise() - t.array().colwise().mean()).square().colwise().mean()).sqrt();
  Row shift = Row::Zero(problem.rows);
  Adam<Array> weightAdam(moved, weightTravel / static_cast<double>(steps));
  Adam<Column> scaleAdam(logScales, rate);
  Adam<Row> biasAdam(shift, rate);
  Objective objective(task, options, /*learnsBias=*/true);
  Array gradient(problem.rows, problem.cols), quotients;
  Row ofBias(problem.rows);
  auto divide = [&] {
    quotients = moved.colwise() * (problem.scales / logScales.exp());
    return Array(quotients.rint().max(problem.min).min(problem.max));
  };
  for (int64_t step = 0; step < steps; ++step) {
    Array codes = divide();
    Column scales = logScales.exp();
    objective.gradient((codes.colwise() * scales).matrix(), problem.bias + shift * spread, step, gradient,
                       ofBias);
    Array inside = problem.inRange(quotients.rint());
    Column ofScales = (gradient * (codes - quotients * inside)).rowwise().sum() * scales;
    gradient = (gradient * inside).colwise() * problem.scales;
    weightAdam.step(moved, gradient);
    biasAdam.step(shift, ofBias * spread);
    if (problem.learnScales) {
      scaleAdam.step(logScales, ofScales);
      problem.limitLogScales(logScales);
    }
  }
  Array codes = divide();
  return problem.finish(codes, problem.learnScales ? Column(logScales.exp()) : problem.scales,
                        problem.bias + shift * spread);
}

//===----------------------------------------------------------------------===//
// FlexRound
//===----------------------------------------------------------------------===//

int32_t flexround::code(float weight, float scale, float factor, CodeRange codes) {
  return roundNearest(weight, scale * factor, codes, Rounding::HalfEven);
}

RoundedLayer narrow::numerics::roundFlexRound(const LayerTask &task, const AdaptiveOptions &options) {
  using namespace flexround;
  Problem problem(task);
  if (problem.isEmpty())
    return problem.finish({}, problem.scales, problem.bias);
  int64_t steps = getSteps(options, paperIterations);
  double rate = getRate(paperLearningRate, paperIterations, steps);
  // Logarithms of the factors per weight, per output channel and per input channel.
  int64_t period = std::clamp<int64_t>(task.period, 1, problem.cols);
  Array each = Array::Zero(problem.rows, problem.cols);
  Column outputs = Column::Zero(problem.rows), logScales = problem.scales.log();
  Row inputs = Row::Zero(period);
  Adam<Array> eachAdam(each, rate);
  Adam<Column> outputAdam(outputs, rate), scaleAdam(logScales, rate);
  Adam<Row> inputAdam(inputs, rate);
  Objective objective(task, options, /*learnsBias=*/false);
  Array gradient(problem.rows, problem.cols), quotients;
  Row ofBias, spreadInputs(problem.cols), ofInputs(period);
  auto divide = [&] {
    for (int64_t k = 0; k < problem.cols; ++k)
      spreadInputs[k] = inputs[k % period];
    Array logs = each.rowwise() + spreadInputs;
    logs.colwise() += outputs + logScales;
    quotients = problem.weights.array() / logs.exp();
    return Array(quotients.rint().max(problem.min).min(problem.max));
  };
  for (int64_t step = 0; step < steps; ++step) {
    Array codes = divide();
    Column scales = logScales.exp();
    objective.gradient((codes.colwise() * scales).matrix(), problem.bias, step, gradient, ofBias);
    gradient.colwise() *= scales;
    Array ofLogs = -gradient * quotients * problem.inRange(quotients.rint());
    Column ofOutputs = ofLogs.rowwise().sum();
    Column ofScales = (gradient * codes).rowwise().sum() + ofOutputs;
    Row columns = ofLogs.colwise().sum();
    ofInputs.setZero();
    for (int64_t k = 0; k < problem.cols; ++k)
      ofInputs[k % period] += columns[k];
    eachAdam.step(each, ofLogs);
    outputAdam.step(outputs, ofOutputs);
    inputAdam.step(inputs, ofInputs);
    if (problem.learnScales) {
      scaleAdam.step(logScales, ofScales);
      problem.limitLogScales(logScales);
    }
  }
  Array codes = divide();
  return problem.finish(codes, problem.learnScales ? Column(logScales.exp()) : problem.scales, problem.bias);
}
