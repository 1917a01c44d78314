//===- Resize.cpp - Resize, Upsample --------------------------------------===//
#include "Registry.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include <cmath>
#include <numeric>

using namespace mlir;
using namespace narrow;
using namespace narrow::onnx_import;

namespace {
/// The number of result elements per input element, as a fraction.
struct Factor {
  int64_t numerator = 1, denominator = 1;
};

/// Element i of the result is at position (i * step + offset) / unit of the input. All are below `limit`.
struct Positions {
  int64_t unit = 1, step = 1, offset = 0;

  void reduce() {
    int64_t common = std::gcd(std::gcd(unit, step), offset);
    *this = {unit / common, step / common, offset / common};
  }
};

/// An axis that changes.
struct Resized {
  int64_t axis, input, output;
  Factor factor;
  Positions at;
};

enum class Rounding { Floor, Ceil, PreferFloor, PreferCeil };
} // namespace

/// tosa.resize is defined for numbers below this.
constexpr int64_t limit = 1 << 20;

/// The simplest fraction that equals `value` in f32 precision (by continued fractions): exporters write
/// factors such as 4/3 as the nearest float. nullopt if its terms exceed `limit`.
static std::optional<Factor> findFactor(float value) {
  double exact = value, rest = exact;
  int64_t n = 1, d = 0, lastN = 0, lastD = 1;
  while (true) {
    double whole = std::floor(rest);
    if (!(whole < limit))
      return std::nullopt;
    int64_t digit = static_cast<int64_t>(whole);
    std::tie(lastN, n) = std::pair(n, digit * n + lastN);
    std::tie(lastD, d) = std::pair(d, digit * d + lastD);
    if (n >= limit || d >= limit)
      return std::nullopt;
    if (n > 0 && std::abs(static_cast<double>(n) / static_cast<double>(d) - exact) <= exact * 0x1p-24)
      return Factor{n, d};
    rest = 1 / (rest - whole);
  }
}

static std::string print(float value) {
  std::string digits;
  llvm::raw_string_ostream(digits) << llvm::format("%g", value);
  return digits;
}

/// The positions from which an ONNX coordinate transformation mode takes the elements of an axis; nullopt
/// for an unknown mode.
static std::optional<Positions> findPositions(StringRef mode, const Resized &resized) {
  auto [n, d] = resized.factor;
  Positions halfPixel = {2 * n, 2 * d, d - n};
  if (mode == "asymmetric")
    return Positions{n, d, 0};
  if (mode == "half_pixel")
    return halfPixel;
  if (mode == "half_pixel_symmetric") // Both ends of the result have the same distance to those of the input.
    return Positions{2 * n, 2 * d, (resized.input - 1) * n + d - resized.output * d};
  if (mode == "pytorch_half_pixel")
    return resized.output > 1 ? halfPixel : Positions();
  if (mode == "tf_half_pixel_for_nn")
    return Positions{2 * n, 2 * d, d};
  if (mode == "align_corners")
    return resized.input > 1 && resized.output > 1 ? Positions{resized.output - 1, resized.input - 1, 0}
                                                   : Positions();
  return std::nullopt;
}

static std::optional<Rounding> findRounding(StringRef name) {
  return llvm::StringSwitch<std::optional<Rounding>>(name)
      .Case("floor", Rounding::Floor)
      .Case("ceil", Rounding::Ceil)
      .Case("round_prefer_floor", Rounding::PreferFloor)
      .Case("round_prefer_ceil", Rounding::PreferCeil)
      .Default(std::nullopt);
}

/// Shifts positions so that tosa.resize, which rounds to nearest with ties to the second element,
/// performs the requested rounding: by half an element, and by less than the difference of any two
/// positions.
static Positions shift(const Positions &at, Rounding rounding) {
  Positions doubled = {2 * at.unit, 2 * at.step, 2 * at.offset};
  switch (rounding) {
  case Rounding::Floor:
    doubled.offset -= at.unit;
    break;
  case Rounding::Ceil:
    doubled.offset += at.unit - 1;
    break;
  case Rounding::PreferFloor:
    doubled.offset -= 1;
    break;
  case Rounding::PreferCeil:
    break;
  }
  return doubled;
}

/// Repeats each element of every axis as often as `factors` says: a reshape inserts an
/// axis of size 1 after it, which is then tiled.
static Tensor buildRepeat(OpContext &ctx, const Tensor &tensor, ArrayRef<int64_t> factors) {
  SmallVector<int64_t> split, multiples, shape;
  for (auto [dim, factor] : llvm::zip_equal(tensor.getShape(), factors)) {
    split.push_back(dim);
    multiples.push_back(1);
    if (factor > 1) {
      split.push_back(1);
      multiples.push_back(factor);
    }
    shape.push_back(dim * factor);
  }
  return ctx.reshape(ctx.tile(ctx.reshape(tensor, split), multiples), shape);
}

/// The factors with which buildRepeat yields the nearest elements on all axes; nullopt if there are none.
static std::optional<SmallVector<int64_t>> findRepeats(ArrayRef<int64_t> shape, ArrayRef<Resized> resized) {
  SmallVector<int64_t> factors(shape.size(), 1);
  for (const Resized &axis : resized) {
    if (axis.output % axis.input != 0)
      return std::nullopt;
    int64_t factor = factors[axis.axis] = axis.output / axis.input;
    for (int64_t i = 0; i < axis.output; ++i) {
      int64_t nearest =
          llvm::divideFloorSigned(2 * (i * axis.at.step + axis.at.offset) + axis.at.unit, 2 * axis.at.unit);
      if (std::clamp<int64_t>(nearest, 0, axis.input - 1) != i / factor)
        return std::nullopt;
    }
  }
  return factors;
}

/// Resizes one or two axes: they become the rows and columns of an image whose channels are all other axes
/// except the first.
static Tensor buildResize(OpContext &ctx, const Tensor &tensor, ArrayRef<Resized> resized,
                          tosa::ResizeMode mode) {
  int64_t rank = tensor.getRank();
  auto isResized = [&](int64_t axis) {
    return llvm::any_of(resized, [&](const Resized &each) { return each.axis == axis; });
  };
  SmallVector<int64_t> order, result;
  std::array<int64_t, 4> from = {1, 1, 1, 1}, to;
  if (!isResized(0)) {
    order.push_back(0);
    from[0] = tensor.getDim(0);
  }
  for (auto [row, each] : llvm::enumerate(resized)) {
    order.push_back(each.axis);
    from[3 - resized.size() + row] = each.input;
  }
  for (int64_t axis = 1; axis < rank; ++axis)
    if (!isResized(axis)) {
      order.push_back(axis);
      from[3] *= tensor.getDim(axis);
    }
  to = from;
  // The border is chosen to yield the size of the result.
  SmallVector<int64_t> scale = {1, 1, 1, 1}, offset = {0, 0}, border = {0, 0};
  for (auto [row, each] : llvm::enumerate(resized)) {
    size_t at = 2 - resized.size() + row;
    const Positions &positions = each.at;
    to[at + 1] = each.output;
    scale[2 * at] = positions.unit;
    scale[2 * at + 1] = positions.step;
    offset[at] = positions.offset;
    border[at] = positions.step * (each.output - 1) - (each.input - 1) * positions.unit + positions.offset;
  }
  SmallVector<int64_t> inverse(rank);
  for (auto [position, axis] : llvm::enumerate(order)) {
    inverse[axis] = position;
    result.push_back(tensor.getDim(axis));
  }
  for (const Resized &each : resized)
    result[inverse[each.axis]] = each.output;

  Value picture = ctx.asValue(ctx.reshape(ctx.transpose(tensor, order), from));
  auto numbers = [&](ArrayRef<int64_t> values) { return createShape(ctx.builder, ctx.loc, values); };
  Value larger = tosa::ResizeOp::create(ctx.builder, ctx.loc, ctx.typeLike(picture, to), picture,
                                        numbers(scale), numbers(offset), numbers(border), mode);
  return ctx.transpose(ctx.reshape(Tensor(larger), result), inverse);
}

/// The axes that change, from the sizes or factors that Resize or Upsample gives for `axes`.
static FailureOr<SmallVector<Resized>> getResized(OpContext &ctx, ArrayRef<int64_t> shape,
                                                  ArrayRef<int64_t> axes) {
  auto checkCount = [&](size_t count) -> LogicalResult {
    if (count == axes.size())
      return success();
    return ctx.error() << "has " << count << " scales or sizes for " << axes.size() << " axes";
  };
  auto add = [&](SmallVector<Resized> &resized, const Resized &axis) -> LogicalResult {
    if (axis.output < 1 || axis.output >= limit || axis.input >= limit)
      return ctx.error() << "resizes axis " << axis.axis << " from " << axis.input << " to " << axis.output
                         << " elements; it must have between 1 and 2^20";
    if (axis.input != axis.output || axis.factor.numerator != axis.factor.denominator)
      resized.push_back(axis);
    return success();
  };
  SmallVector<Resized> resized;
  bool simple = ctx.getOpType() == "Upsample" || ctx.getOpset() < 11;
  if (!simple && ctx.has(3)) {
    FailureOr<SmallVector<int64_t>> sizes = ctx.integers(3);
    if (failed(sizes) || failed(checkCount(sizes->size())))
      return failure();
    for (auto [axis, size] : llvm::zip_equal(axes, *sizes))
      if (failed(add(resized, {axis, shape[axis], size, Factor{size, shape[axis]}, {}})))
        return failure();
    return resized;
  }
  bool alignsCorners = ctx.getString("coordinate_transformation_mode", "") == "align_corners";
  SmallVector<float> scales;
  unsigned scalesInput = simple ? 1 : 2;
  if (ctx.getOpType() == "Upsample" && ctx.getOpset() < 9) {
    if (const onnx::AttributeProto *attribute = ctx.find("scales"))
      scales.assign(attribute->floats().begin(), attribute->floats().end());
  } else {
    if (!ctx.has(scalesInput))
      return ctx.error() << "has neither scales nor sizes";
    FailureOr<ConstantTensor> constant = ctx.constant(scalesInput);
    if (failed(constant))
      return failure();
    if (!constant->isFloat())
      return ctx.error() << "scales must be numbers with a fraction";
    llvm::append_range(scales, constant->getFloats());
  }
  if (failed(checkCount(scales.size())))
    return failure();
  for (auto [axis, scale] : llvm::zip_equal(axes, scales)) {
    std::optional<Factor> factor = scale > 0 ? findFactor(scale) : std::nullopt;
    if (!factor)
      return ctx.error() << "has the scale " << print(scale) << " for axis " << axis
                         << "; it must be a positive fraction of numbers below 2^20";
    int64_t product = shape[axis] * factor->numerator, output = product / factor->denominator;
    // ONNX's specification and its reference implementation disagree here.
    if (alignsCorners && product % factor->denominator != 0)
      return ctx.error() << "scales axis " << axis << " of " << shape[axis] << " elements by " << print(scale)
                         << ", which is no whole number of them; with 'align_corners' give sizes";
    if (failed(add(resized, {axis, shape[axis], output, *factor, {}})))
      return failure();
  }
  return resized;
}

static LogicalResult importResize(OpContext &ctx) {
  FailureOr<Tensor> tensor = ctx.movable(0);
  if (failed(tensor))
    return failure();
  bool simple = ctx.getOpType() == "Upsample" || ctx.getOpset() < 11;
  Shape shape(tensor->getShape());
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(shape.size()));
  if (std::optional<SmallVector<int64_t>> given = ctx.getInts("axes")) {
    FailureOr<SmallVector<int64_t>> normalized = ctx.normalizeAxes(*given, shape.size());
    if (failed(normalized))
      return failure();
    axes = *normalized;
  }
  if (llvm::is_contained(shape, 0))
    return ctx.error() << "the input of shape " << toString(shape) << " has no elements";
  if (StringRef policy = ctx.getString("keep_aspect_ratio_policy", "stretch"); policy != "stretch")
    return ctx.unsupported("keep_aspect_ratio_policy", "'" + policy + "'");
  FailureOr<SmallVector<Resized>> resized = getResized(ctx, shape, axes);
  if (failed(resized))
    return failure();
  llvm::sort(*resized, [](const Resized &a, const Resized &b) { return a.axis < b.axis; });

  StringRef mode = ctx.getString("mode", "nearest");
  bool nearest = mode == "nearest";
  if (!nearest && mode != "linear" && mode != "bilinear")
    return ctx.unsupported("mode", "'" + mode + "'", "use 'nearest' or 'linear'");
  bool shrinks = llvm::any_of(*resized, [](const Resized &axis) { return axis.output < axis.input; });
  if (!nearest && shrinks && ctx.getInt("antialias", 0) != 0)
    return ctx.unsupported("antialias", "1", "export without it where a tensor becomes smaller");
  StringRef transformation =
      simple ? "asymmetric" : ctx.getString("coordinate_transformation_mode", "half_pixel");
  StringRef nearestMode = simple ? "floor" : ctx.getString("nearest_mode", "round_prefer_floor");
  std::optional<Rounding> rounding = findRounding(nearestMode);
  if (nearest && !rounding)
    return ctx.unsupported("nearest_mode", "'" + nearestMode + "'");
  SmallVector<int64_t> result(shape);
  for (Resized &axis : *resized) {
    std::optional<Positions> at = findPositions(transformation, axis);
    if (!at)
      return ctx.unsupported("coordinate_transformation_mode", "'" + transformation + "'");
    axis.at = nearest ? shift(*at, *rounding) : *at;
    axis.at.reduce();
    if (std::max({axis.at.unit, axis.at.step, std::abs(axis.at.offset)}) >= limit)
      return ctx.error() << "resizes axis " << axis.axis << " from " << axis.input << " to " << axis.output
                         << " elements, by a fraction of numbers that are too large";
    result[axis.axis] = axis.output;
  }
  if (!countElements(result))
    return ctx.error() << "a result of shape " << toString(result) << " is too large";

  if (nearest)
    if (std::optional<SmallVector<int64_t>> repeats = findRepeats(shape, *resized)) {
      ctx.setResult(0, buildRepeat(ctx, *tensor, *repeats));
      return success();
    }
  if (!nearest || tensor->isFoldable()) {
    FailureOr<Value> value = ctx.value(0);
    if (failed(value))
      return failure();
    tensor = Tensor(*value);
  }
  for (ArrayRef<Resized> rest = *resized; !rest.empty();
       rest = rest.drop_front(std::min<size_t>(2, rest.size())))
    tensor = buildResize(ctx, *tensor, rest.take_front(2),
                         nearest ? tosa::ResizeMode::NEAREST_NEIGHBOR : tosa::ResizeMode::BILINEAR);
  ctx.setResult(0, *tensor);
  return success();
}

void narrow::onnx_import::registerResizes(Registry &registry) {
  registry["Resize"] = {1,       4,  importResize,
                        nullptr, 10, "nearest and linear, without antialiasing of smaller results"};
  registry["Upsample"] = {1, 2, importResize, nullptr, 7, "nearest and linear"};
}
