//===- Slicing.cpp - Slice, Split, Gather, Pad ----------------------------===//
#include "Registry.h"

using namespace mlir;
using namespace narrow::onnx_import;

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

/// Every `step`-th index along `axis`, starting with the first: the axis is
/// split into [count, step] and the first column is kept.
static FailureOr<Tensor> takeEvery(OpContext &ctx, Tensor tensor, int64_t axis, int64_t step) {
  SmallVector<int64_t> shape(tensor.getShape()), zeros(shape.size(), 0);
  int64_t size = shape[axis], count = (size + step - 1) / step;
  if (tensor.isFoldable()) {
    Shape strides = getStrides(shape);
    strides[axis] *= step;
    shape[axis] = count;
    std::vector<int64_t> sources;
    forEachOffset(shape, strides, 0, [&](int64_t offset) { sources.push_back(offset); });
    return Tensor(tensor.constant->gathered(Shape(shape), sources));
  }
  if (count * step != size) {
    SmallVector<int64_t> after(zeros);
    after[axis] = count * step - size;
    FailureOr<Tensor> padded = ctx.pad(tensor, zeros, after, 0.0f);
    if (failed(padded))
      return failure();
    tensor = *padded;
  }
  SmallVector<int64_t> split(shape), column;
  split[axis] = step;
  split.insert(split.begin() + axis, count);
  column = split;
  column[axis + 1] = 1;
  shape[axis] = count;
  tensor = ctx.slice(ctx.reshape(tensor, split), SmallVector<int64_t>(split.size(), 0), column);
  return ctx.reshape(tensor, shape);
}

static LogicalResult importSlice(OpContext &ctx) {
  FailureOr<Tensor> tensor = ctx.movable(0);
  if (failed(tensor))
    return failure();
  bool asInputs = ctx.getOpset() >= 10;
  if (asInputs && (!ctx.has(1) || !ctx.has(2)))
    return ctx.error() << "starts or ends are missing";
  auto starts = ctx.integersByOpset("starts", 1, 10), ends = ctx.integersByOpset("ends", 2, 10);
  auto axes = ctx.integersByOpset("axes", 3, 10), steps = ctx.integersByOpset("steps", 4, 10);
  if (failed(starts) || failed(ends) || failed(axes) || failed(steps))
    return failure();
  if (!*starts || !*ends || (*starts)->size() != (*ends)->size())
    return ctx.error() << "starts and ends must be given, as many as each other";
  size_t count = (*starts)->size();
  SmallVector<int64_t> given = *axes ? **axes : llvm::to_vector(llvm::seq<int64_t>(0, count));
  SmallVector<int64_t> step = *steps ? **steps : SmallVector<int64_t>(count, 1);
  FailureOr<SmallVector<int64_t>> normalized = ctx.normalizeAxes(given, tensor->getRank());
  if (failed(normalized))
    return failure();
  if (normalized->size() != count || step.size() != count)
    return ctx.error() << "has " << count << " starts, but " << normalized->size() << " axes and "
                       << step.size() << " steps";

  for (size_t i = 0; i < count; ++i) {
    int64_t axis = (*normalized)[i], dim = tensor->getDim(axis), stride = step[i];
    int64_t start = (**starts)[i], end = (**ends)[i];
    if (stride == 0 || stride == std::numeric_limits<int64_t>::min())
      return ctx.error() << "a step of " << stride << " is not possible";
    start = start < 0 ? start + dim : start; // No overflow: the signs differ.
    end = end < 0 ? end + dim : end;
    SmallVector<int64_t> first(tensor->getRank(), 0), sizes(tensor->getShape());
    if (stride > 0) {
      start = std::clamp<int64_t>(start, 0, dim);
      end = std::clamp<int64_t>(end, start, dim);
      first[axis] = start;
      sizes[axis] = end - start;
    } else { // Slice (end, start], then reverse it.
      start = std::clamp<int64_t>(start, -1, dim - 1);
      end = std::clamp<int64_t>(end, -1, start);
      first[axis] = end + 1;
      sizes[axis] = start - end;
    }
    if (sizes[axis] == 0 && !tensor->isFoldable())
      return ctx.error() << "the slice of axis " << axis << " is empty";
    *tensor = ctx.slice(*tensor, first, sizes);
    if (stride < 0)
      *tensor = ctx.reverse(*tensor, axis);
    if (std::abs(stride) != 1) {
      tensor = takeEvery(ctx, *tensor, axis, std::min(std::abs(stride), std::max<int64_t>(sizes[axis], 1)));
      if (failed(tensor))
        return failure();
    }
  }
  ctx.setResult(0, *tensor);
  return success();
}

//===----------------------------------------------------------------------===//
// Split
//===----------------------------------------------------------------------===//

static LogicalResult importSplit(OpContext &ctx) {
  FailureOr<Tensor> tensor = ctx.movable(0);
  auto given = ctx.integersByOpset("split", 1, 13);
  if (failed(tensor) || failed(given))
    return failure();
  FailureOr<int64_t> axis = ctx.normalizeAxis(ctx.getInt("axis", 0), tensor->getRank());
  if (failed(axis))
    return failure();
  int64_t dim = tensor->getDim(*axis), count = ctx.getNumOutputs();
  SmallVector<int64_t> sizes;
  if (*given) {
    sizes = **given;
  } else {
    // Since opset 18 the last part may be smaller.
    int64_t parts = ctx.getInt("num_outputs", count), size = parts > 0 ? (dim + parts - 1) / parts : 0;
    if (parts != count || (ctx.getOpset() < 18 && dim % parts))
      return ctx.error() << "cannot split " << dim << " into " << count << " equal parts";
    for (int64_t i = 0; i < count; ++i)
      sizes.push_back(std::clamp<int64_t>(dim - i * size, 0, size));
  }
  if (static_cast<int64_t>(sizes.size()) != count)
    return ctx.error() << "has " << count << " outputs, but " << sizes.size() << " sizes";
  int64_t sum = 0;
  for (int64_t size : sizes) {
    if (size < 0 || size > dim)
      return ctx.error() << "a part of " << size << " along an axis of " << dim << " is not possible";
    sum += size;
  }
  if (sum != dim)
    return ctx.error() << "the parts " << toString(sizes) << " do not add up to " << dim;
  SmallVector<int64_t> starts(tensor->getRank(), 0), shape(tensor->getShape());
  for (auto [i, size] : llvm::enumerate(sizes)) {
    shape[*axis] = size;
    if (size > 0 || tensor->isFoldable())
      ctx.setResult(i, ctx.slice(*tensor, starts, shape));
    starts[*axis] += size;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

/// Constant indices: any for constants; for values, runs with step one (each
/// run is a slice).
static LogicalResult importGather(OpContext &ctx) {
  FailureOr<Tensor> tensor = ctx.movable(0);
  FailureOr<SmallVector<int64_t>> indices = ctx.integers(1);
  if (failed(tensor) || failed(indices))
    return failure();
  FailureOr<int64_t> axis = ctx.normalizeAxis(ctx.getInt("axis", 0), tensor->getRank());
  if (failed(axis))
    return failure();
  int64_t dim = tensor->getDim(*axis);
  for (int64_t &index : *indices) {
    if (index < -dim || index >= dim)
      return ctx.error() << "index " << index << " is outside of axis " << *axis << " of size " << dim;
    index += index < 0 ? dim : 0;
  }
  // [before..., indices..., after...]
  ArrayRef<int64_t> source = tensor->getShape();
  SmallVector<int64_t> shape(source.take_front(*axis));
  llvm::append_range(shape, ctx.input(1).getShape());
  llvm::append_range(shape, source.drop_front(*axis + 1));
  std::optional<int64_t> count = countElements(shape);
  if (!count || (tensor->isFoldable() && *count > std::max(foldLimit, tensor->constant->size())))
    return ctx.error() << "a result of shape " << toString(shape) << " is too large";

  if (tensor->isFoldable()) {
    int64_t outer = *countElements(source.take_front(*axis)),
            inner = *countElements(source.drop_front(*axis + 1));
    std::vector<int64_t> sources;
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t index : *indices)
        for (int64_t j = 0; j < inner; ++j)
          sources.push_back((i * dim + index) * inner + j);
    ctx.setResult(0, Tensor(tensor->constant->gathered(Shape(shape), sources)));
    return success();
  }
  SmallVector<Tensor> parts;
  for (size_t i = 0; i < indices->size();) {
    size_t end = i + 1;
    while (end < indices->size() && (*indices)[end] == (*indices)[end - 1] + 1)
      ++end;
    SmallVector<int64_t> starts(source.size(), 0), sizes(source);
    starts[*axis] = (*indices)[i];
    sizes[*axis] = end - i;
    parts.push_back(ctx.slice(*tensor, starts, sizes));
    i = end;
    if (parts.size() > 64)
      return ctx.error() << "indices in no order are supported on constants only";
  }
  if (parts.empty())
    return ctx.error() << "has no indices";
  FailureOr<Tensor> joined = parts.size() == 1 ? parts.front() : ctx.concat(parts, *axis);
  if (failed(joined))
    return failure();
  ctx.setResult(0, ctx.reshape(*joined, shape));
  return success();
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

/// `count` elements of `axis` starting at `start`; in reverse order if `reversed`.
static Tensor takeRun(OpContext &ctx, const Tensor &tensor, int64_t axis, int64_t start, int64_t count,
                      bool reversed) {
  SmallVector<int64_t> starts(tensor.getRank(), 0), sizes(tensor.getShape());
  starts[axis] = start;
  sizes[axis] = count;
  Tensor run = ctx.slice(tensor, starts, sizes);
  return reversed && count > 1 ? ctx.reverse(run, axis) : run;
}

/// The maximum number of runs through an axis at either end in mode reflect or wrap; each run becomes an op.
constexpr int64_t maxRuns = 64;

/// Pads axis after axis with elements of the tensor: its end elements (edge), the whole axis repeated (wrap)
/// or mirrored at its ends (reflect).
static FailureOr<Tensor> padWithElements(OpContext &ctx, Tensor tensor, StringRef mode,
                                         ArrayRef<int64_t> before, ArrayRef<int64_t> after) {
  for (int64_t axis = 0; axis < tensor.getRank(); ++axis) {
    int64_t size = tensor.getDim(axis), low = before[axis], high = after[axis];
    if (low == 0 && high == 0)
      continue;
    SmallVector<Tensor> parts;
    if (mode == "edge" || size == 1) {
      auto repeat = [&](int64_t at, int64_t count) {
        SmallVector<int64_t> multiples(tensor.getRank(), 1);
        multiples[axis] = count;
        return ctx.tile(takeRun(ctx, tensor, axis, at, 1, false), multiples);
      };
      if (low)
        parts.push_back(repeat(0, low));
      parts.push_back(tensor);
      if (high)
        parts.push_back(repeat(size - 1, high));
    } else {
      // Runs between two turning points, each of length `period` except the outermost; odd runs of a
      // reflection go backwards from the element that both runs share.
      bool mirrors = mode == "reflect";
      int64_t period = mirrors ? size - 1 : size;
      if (std::max(low, high) / period >= maxRuns)
        return ctx.error() << "pads axis " << axis << " of " << size << " elements by " << std::max(low, high)
                           << " in mode '" << mode << "'; at most " << maxRuns * period << " are supported";
      auto run = [&](int64_t number, int64_t first, int64_t end) { // elements [first, end) of the period
        bool reversed = mirrors && number % 2 != 0;
        int64_t count = end - first;
        parts.push_back(takeRun(ctx, tensor, axis, reversed ? size - end : first, count, reversed));
      };
      for (int64_t at = -low, end = size + high; at < end;) {
        int64_t number = llvm::divideFloorSigned(at, period), start = number * period;
        int64_t last = std::min(end, start + period);
        if (number == 0 && mirrors) // with both turning points
          last = std::min(end, size);
        run(number, at - start, last - start);
        at = last;
      }
    }
    FailureOr<Tensor> padded = ctx.concat(parts, axis);
    if (failed(padded))
      return failure();
    tensor = *padded;
  }
  return tensor;
}

static LogicalResult importPad(OpContext &ctx) {
  StringRef mode = ctx.getString("mode", "constant");
  if (!llvm::is_contained({"constant", "reflect", "edge", "wrap"}, mode))
    return ctx.unsupported("mode", "'" + mode + "'", "use 'constant', 'edge', 'reflect' or 'wrap'");
  auto pads = ctx.integersByOpset("pads", 1, 11);
  if (failed(pads))
    return failure();
  if (!*pads)
    return ctx.error() << "pads are missing";
  double number = ctx.getOpset() < 11 ? ctx.getFloat("value", 0.0f) : 0.0;
  if (ctx.getOpset() >= 11 && ctx.has(2)) {
    FailureOr<double> given = ctx.scalar(2);
    if (failed(given))
      return failure();
    number = *given;
  }
  Tensor tensor = ctx.input(0);
  int64_t rank = tensor.getRank();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (ctx.has(3)) {
    FailureOr<SmallVector<int64_t>> given = ctx.integers(3);
    if (failed(given))
      return failure();
    FailureOr<SmallVector<int64_t>> normalized = ctx.normalizeAxes(*given, rank);
    if (failed(normalized))
      return failure();
    axes = *normalized;
  }
  if ((*pads)->size() != 2 * axes.size())
    return ctx.error() << "has " << (*pads)->size() << " pads for " << axes.size() << " axes";
  // Negative pads crop: they become a slice before the padding.
  SmallVector<int64_t> before(rank, 0), after(rank, 0), starts(rank, 0), sizes(tensor.getShape());
  for (auto [i, axis] : llvm::enumerate(axes)) {
    int64_t low = (**pads)[i], high = (**pads)[axes.size() + i];
    if (std::max(low, high) > int64_t(1) << 30 || std::min(low, high) < -(int64_t(1) << 30))
      return ctx.error() << "pads " << toString(**pads) << " are too large";
    before[axis] = std::max<int64_t>(low, 0);
    after[axis] = std::max<int64_t>(high, 0);
    starts[axis] = std::max<int64_t>(-low, 0);
    sizes[axis] -= std::max<int64_t>(-low, 0) + std::max<int64_t>(-high, 0);
    if (sizes[axis] < 1)
      return ctx.error() << "pads " << toString(**pads) << " leave nothing of the input of shape "
                         << toString(tensor.getShape());
  }
  FailureOr<Tensor> movable = ctx.movable(0);
  if (failed(movable))
    return failure();
  Tensor kept = ctx.slice(*movable, starts, sizes);
  FailureOr<Tensor> result = mode == "constant" ? ctx.pad(kept, before, after, static_cast<float>(number))
                                                : padWithElements(ctx, kept, mode, before, after);
  if (failed(result))
    return failure();
  ctx.setResult(0, *result);
  return success();
}

void narrow::onnx_import::registerSlicing(Registry &registry) {
  registry["Slice"] = {1, 5, importSlice, importSlice};
  registry["Split"] = {1, 2, importSplit, importSplit};
  registry["Gather"] = {2, 2, importGather, importGather, 7, "constant indices"};
  registry["Pad"] = {1,       4, importPad,
                     nullptr, 7, "modes reflect and wrap up to 64 times the size of an axis"};
}
