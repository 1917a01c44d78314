//===- SignContraction.cpp - Contractions of words of signs ---------------===//
//
// The dot instruction counts the bits that differ. What the border, which is plus one, adds to outputs at the
// edge is taken off their initial value.
//
//===----------------------------------------------------------------------===//
#include "ContractionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace narrow;

/// The bias becomes the sum of a whole window whose signs all agree.
void ContractionEmitter::makeEdges(XnorConv2DOp op) {
  ArrayRef<int64_t> factors = op.getFactors(), in = shapeOf(op.getInput());
  auto inputs = static_cast<int64_t>(op.getChannels());
  // The rows or columns of the kernel that are outside, for each output.
  auto classify = [&](unsigned axis, int64_t outputs, int64_t taps, std::vector<int64_t> &classes) {
    std::vector<std::vector<bool>> found;
    for (int64_t o = 0; o < outputs; ++o) {
      std::vector<bool> outside;
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t at = o * stride[axis] + tap * dilation[axis] - pad[2 * axis];
        outside.push_back(at < 0 || at >= in[1 + axis]);
      }
      auto it = llvm::find(found, outside);
      classes.push_back(it - found.begin());
      if (it == found.end())
        found.push_back(std::move(outside));
    }
    return found;
  };
  auto rows = classify(0, height, kernelH, rowClasses), cols = classify(1, width, kernelW, colClasses);
  numColClasses = cols.size();
  edges.assign(rows.size() * cols.size(), std::vector<int64_t>(channels));
  int64_t most = 0;
  for (int64_t o = 0; o < channels; ++o) {
    int64_t factor = factors[factors.size() == 1 ? 0 : o];
    for (int64_t kh = 0; kh < kernelH; ++kh)
      for (int64_t kw = 0; kw < kernelW; ++kw) {
        int64_t minus = 0;
        for (int64_t i = 0; i < inChannels; ++i)
          minus += llvm::popcount(
              static_cast<uint32_t>(weights[((o * kernelH + kh) * kernelW + kw) * inChannels + i]));
        for (size_t r = 0; r < rows.size(); ++r)
          for (size_t c = 0; c < cols.size(); ++c)
            if (rows[r][kh] || cols[c][kw])
              edges[r * cols.size() + c][o] -= factor * (inputs - 2 * minus);
      }
    int64_t whole = factor * inputs * kernelH * kernelW;
    most = std::max(most, std::abs(bias[o]) + whole);
    bias[o] = static_cast<int32_t>(bias[o] + whole);
  }
  if (edges.size() == 1)
    edges.clear();
  k.setBound(result, most);
}

/// One ordered table behind the other.
Value ContractionEmitter::makeEdgeBias(const ChannelBlock &form) {
  std::vector<int32_t> table;
  for (const std::vector<int64_t> &edge : edges) {
    std::vector<int32_t> one;
    for (auto [base, add] : llvm::zip_equal(bias, edge))
      one.push_back(static_cast<int32_t>(base + add));
    std::vector<int32_t> ordered = k.orderTable<int32_t>(one, form);
    table.insert(table.end(), ordered.begin(), ordered.end());
  }
  return k.globalTable("table", table);
}

/// What the accumulators of one point begin with.
Parts ContractionEmitter::loadInit(const Blocks &blocks, const Point &point) {
  const ChannelBlock &form = blocks.form;
  if (!blocks.edgeBias)
    return k.loadTable(k.keyOf(result, "bias"), bias, point.back(), form);
  int64_t size = cast<MemRefType>(blocks.edgeBias.getType()).getNumElements() / edges.size();
  auto look = [&](ArrayRef<int64_t> classes, int64_t step, Value at) -> Value {
    if (llvm::all_equal(classes))
      return k.index(classes.front() * step);
    std::vector<int32_t> starts;
    for (int64_t c : classes)
      starts.push_back(static_cast<int32_t>(c * step));
    Value start = memref::LoadOp::create(b, loc, k.globalTable("edges", starts), at);
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), start);
  };
  Value start = k.add(look(rowClasses, numColClasses * size, point[1]), look(colClasses, size, point[2]));
  Parts parts;
  for (unsigned p = 0; p < form.parts; ++p)
    parts.push_back(vector::LoadOp::create(b, loc, k.lanes(form.width, b.getI32Type()), blocks.edgeBias,
                                           k.add(k.add(start, point.back()), int64_t(p) * form.width)));
  return parts;
}

/// Sums of products from the numbers of signs that differ.
Parts ContractionEmitter::finishCounts(ArrayRef<Value> counts, const Blocks &blocks, const Point &point) {
  std::vector<int64_t> twice;
  for (int64_t factor : signs.getFactors())
    twice.push_back(2 * factor);
  Parts factors = k.loadTable(k.keyOf(result, "factor"), twice, point.back(), blocks.form),
        parts = loadInit(blocks, point);
  for (auto [part, count, factor] : llvm::zip_equal(parts, counts, factors))
    part = arith::SubIOp::create(b, loc, part, arith::MulIOp::create(b, loc, count, factor));
  return parts;
}
