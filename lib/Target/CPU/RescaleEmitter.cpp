//===- RescaleEmitter.cpp - Rescales in lanes (rules N10 to N12) --------===//
#include "narrow/Target/CPU/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/ResizeAxes.h"
#include "narrow/Numerics/Tokens.h"

using namespace mlir;
using namespace narrow;

int64_t KernelEmitter::magnitude(Value value) {
  constexpr int64_t all = int64_t{1} << 31;
  if (auto it = bounds.find(value); it != bounds.end())
    return it->second;
  if (isCode(value))
    return 128;
  Operation *op = value.getDefiningOp();
  if (!op || findInput(value))
    return getElementTypeOrSelf(value.getType()).isInteger(16) ? 32768 : all;
  int64_t bound = all;
  if (auto rescale = dyn_cast<tosa::RescaleOp>(op)) {
    auto multipliers = getIntegers(rescale.getMultiplier()), shifts = getIntegers(rescale.getShift()),
         zp = getIntegers(rescale.getInputZp());
    if (multipliers && shifts && zp) {
      double factor = 0;
      for (auto [m, s] : llvm::zip(*multipliers, *shifts))
        factor = std::max(factor, std::ldexp(static_cast<double>(m), -s));
      double most = (magnitude(rescale.getInput()) + std::abs(zp->front())) * factor + 2;
      bound = most < static_cast<double>(all) ? static_cast<int64_t>(most) : all;
    }
  } else if (isa<tosa::AddOp, tosa::SubOp>(op)) {
    bound = magnitude(op->getOperand(0)) + magnitude(op->getOperand(1));
  } else if (isa<tosa::MaximumOp, tosa::MinimumOp>(op)) {
    bound = std::max(magnitude(op->getOperand(0)), magnitude(op->getOperand(1)));
  } else if (isa<tosa::MulOp>(op)) {
    int64_t x = magnitude(op->getOperand(0)), y = magnitude(op->getOperand(1));
    bound = x < 65536 && y < 32768 ? x * y : all;
  } else if (auto tokens = dyn_cast<RescaleTokensOp>(op)) {
    bound = (magnitude(tokens.getSums()) * numerics::tokenMaximumLimit >> tokens.getShift()) + 1;
  } else if (auto sum = dyn_cast<tosa::ReduceSumOp>(op)) {
    bound = magnitude(sum.getInput()) * shapeOf(sum.getInput())[sum.getAxis()];
  } else if (auto resize = dyn_cast<tosa::ResizeOp>(op)) {
    if (std::optional<ResizeAxes> axes = getResizeAxes(resize))
      bound = magnitude(resize.getInput()) * axes->weight();
  }
  return std::min(bound, all);
}

FailureOr<Parts> KernelEmitter::emitRescale(tosa::RescaleOp op, const Point &point, const ChannelBlock &block,
                                            int64_t offset, bool saturate) {
  auto multipliers = getIntegers(op.getMultiplier()), shifts = getIntegers(op.getShift());
  auto inputZp = getIntegers(op.getInputZp()), outputZp = getIntegers(op.getOutputZp());
  if (!multipliers || !shifts || !inputZp || !outputZp || multipliers->size() != shifts->size())
    return emitUnsupported(op) << "its multiplier, shift and zero points must be constants", failure();
  if (op.getInputUnsigned() || op.getOutputUnsigned())
    return emitUnsupported(op) << "unsigned codes", failure();
  for (auto [m, s] : llvm::zip(*multipliers, *shifts))
    if (s < 2 || s > 62 || m < 0)
      return emitUnsupported(op) << "multiplier " << m << " with shift " << s << " is outside of the rules",
             failure();
  FailureOr<Parts> input = evaluate(op.getInput(), point, block, -inputZp->front());
  if (failed(input))
    return failure();

  bool doubleRound = op.getRoundingMode() == tosa::RoundingMode::DOUBLE_ROUND;
  if (op.getRoundingMode() == tosa::RoundingMode::INEXACT_ROUND)
    return emitUnsupported(op) << "inexact rounding", failure();
  int64_t zeroPoint = outputZp->front() + offset;
  int64_t reach = magnitude(op.getInput()) + std::abs(inputZp->front());
  auto type = lanes(block.width, b.getI32Type());
  Value channel = point.empty() ? Value() : point.back();
  Value self = op.getResult();

  // ((x * m + 2^(s-1)) >> s) + z  ==  ((x * m) >> 32 + c) >> t  with t = s - 32,
  // c = 2^(t-1) + (z << t), for s >= 33; smaller shifts move x up first.
  std::vector<int64_t> up, down, constants;
  bool narrow = !doubleRound, foldZeroPoint = true, identity = true;
  for (auto [m, s] : llvm::zip(*multipliers, *shifts)) {
    int64_t left = std::max<int64_t>(0, 33 - s), t = std::max<int64_t>(s, 33) - 32;
    narrow &= left < 31 && reach < (int64_t{1} << 31 >> left) && t <= 30;
    up.push_back(left);
    down.push_back(t);
    identity &= s < 62 && m == int64_t{1} << s;
  }
  // Few bits: everything fits 32.
  bool direct = !doubleRound;
  for (auto [m, s] : llvm::zip(*multipliers, *shifts))
    direct &= s <= 30 && reach < (int64_t{1} << 31) / std::max<int64_t>(m, 1) &&
              reach * m + (int64_t{1} << (s - 1)) < int64_t{1} << 31;
  // n * 2^s is a product without a rounding.
  bool whole = !doubleRound;
  std::vector<int64_t> products;
  for (auto [m, s] : llvm::zip(*multipliers, *shifts)) {
    products.push_back(m >> s);
    whole &= s < 31 && products.back() << s == m && reach * products.back() < int64_t{1} << 31;
  }
  // A power of two is a rounded shift, as long as the sum stays in 32 bits.
  std::vector<int64_t> places;
  bool power = !doubleRound;
  for (auto [m, s] : llvm::zip(*multipliers, *shifts)) {
    int64_t place = s - (m > 0 ? llvm::Log2_64(m) : 0);
    power &= m > 0 && llvm::isPowerOf2_64(m) && place >= 1 && place <= 30 &&
             reach + (int64_t{1} << (place - 1)) < int64_t{1} << 31;
    places.push_back(place);
  }
  // Codes have 9 bits once the zero point is gone: with m = 2^16 h + l,
  // (x * m + 2^(s-1)) >> s  ==  ((x * h) << (16 - s)) + ((x * l + 2^(s-1)) >> s)  for s <= 16,
  // two products of 16-bit numbers.
  std::vector<int64_t> halves, rounds;
  bool splits = !doubleRound && reach <= 511 && block.width > 1;
  for (auto [m, s] : llvm::zip(*multipliers, *shifts)) {
    int64_t low = static_cast<int16_t>(m), high = (m - low) >> 16;
    splits &= high <= 32767 && s <= 16 && (reach * high << (16 - s)) < int64_t{1} << 30;
    halves.push_back(low << 32 | high);
    rounds.push_back((int64_t{1} << (s - 1)));
  }
  if (identity) {
    if (zeroPoint)
      for (Value &x : *input)
        x = arith::AddIOp::create(b, loc, x, splat(type, zeroPoint));
  } else if (whole) {
    Parts factor = loadTable(keyOf(self, "w"), products, channel, block);
    for (auto [p, x] : llvm::enumerate(*input)) {
      x = arith::MulIOp::create(b, loc, x, factor[p]);
      if (zeroPoint)
        x = arith::AddIOp::create(b, loc, x, splat(type, zeroPoint));
    }
  } else if (power) {
    std::vector<int64_t> halfUp;
    for (int64_t place : places)
      halfUp.push_back(int64_t{1} << (place - 1));
    Parts h = loadTable(keyOf(self, "h"), halfUp, channel, block);
    Parts t = loadTable(keyOf(self, "p"), places, channel, block);
    for (auto [p, x] : llvm::enumerate(*input)) {
      x = arith::ShRSIOp::create(b, loc, arith::AddIOp::create(b, loc, x, h[p]), t[p]);
      if (zeroPoint)
        x = arith::AddIOp::create(b, loc, x, splat(type, zeroPoint));
    }
  } else if (direct) {
    std::vector<int64_t> halfUp;
    for (int64_t s : *shifts)
      halfUp.push_back(int64_t{1} << (s - 1));
    Parts m = loadTable(keyOf(self, "dm"), *multipliers, channel, block);
    Parts h = loadTable(keyOf(self, "dh"), halfUp, channel, block);
    Parts s = loadTable(keyOf(self, "ds"), *shifts, channel, block);
    for (auto [p, x] : llvm::enumerate(*input)) {
      x = arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, x, m[p]), h[p]);
      x = arith::ShRSIOp::create(b, loc, x, s[p]);
      if (zeroPoint)
        x = arith::AddIOp::create(b, loc, x, splat(type, zeroPoint));
    }
  } else if (splits) {
    auto column = [&](StringRef key, function_ref<int64_t(size_t)> of) {
      std::vector<int64_t> values;
      for (size_t i = 0; i < multipliers->size(); ++i)
        values.push_back(of(i));
      return loadTable(keyOf(self, key), values, channel, block);
    };
    Parts high = column("sh", [&](size_t i) { return halves[i] & 0xffff; });
    Parts low = column("sl", [&](size_t i) { return (halves[i] >> 32) & 0xffff; });
    Parts up = column("su", [&](size_t i) { return 16 - (*shifts)[i]; });
    Parts round = column("sr", [&](size_t i) { return rounds[i]; });
    Parts down = column("sd", [&](size_t i) { return (*shifts)[i]; });
    for (auto [p, x] : llvm::enumerate(*input)) {
      Value a = arith::ShLIOp::create(b, loc, product16(x, high[p]), up[p]);
      Value c = arith::ShRSIOp::create(b, loc, arith::AddIOp::create(b, loc, product16(x, low[p]), round[p]),
                                       down[p]);
      x = arith::AddIOp::create(b, loc, a, c);
      if (zeroPoint)
        x = arith::AddIOp::create(b, loc, x, splat(type, zeroPoint));
    }
  } else if (narrow) {
    for (auto [m, left, t] : llvm::zip(*multipliers, up, down)) {
      int64_t most = ((reach << left) * m >> 32) + 1 + (int64_t{1} << (t - 1)) + (std::abs(zeroPoint) << t);
      foldZeroPoint &= most < int64_t{1} << 31;
    }
    bool fits = true;
    for (auto [m, left, t] : llvm::zip(*multipliers, up, down)) {
      constants.push_back((int64_t{1} << (t - 1)) + (foldZeroPoint ? zeroPoint * (int64_t{1} << t) : 0));
      fits &= ((reach << left) * m >> 32) + 1 + std::abs(constants.back()) < int64_t{1} << 31;
    }
    narrow = fits;
  }
  if (identity || whole || power || direct || splits) {
    // Done.
  } else if (narrow) {
    Parts m = loadTable(keyOf(self, "m"), *multipliers, channel, block);
    Parts t = loadTable(keyOf(self, "t"), down, channel, block);
    Parts c = loadTable(keyOf(self, "c"), constants, channel, block);
    Parts l =
        llvm::all_equal(up) && up.front() == 0 ? Parts() : loadTable(keyOf(self, "l"), up, channel, block);
    for (auto [p, x] : llvm::enumerate(*input)) {
      if (!l.empty())
        x = arith::ShLIOp::create(b, loc, x, l[p]);
      x = arith::AddIOp::create(b, loc, highProduct(x, m[p]), c[p]);
      x = arith::ShRSIOp::create(b, loc, x, t[p]);
      if (!foldZeroPoint && zeroPoint)
        x = arith::AddIOp::create(b, loc, x, splat(type, zeroPoint));
    }
  } else {
    // The rule as it is written, in 64 bits.
    auto wide = lanes(block.width, b.getI64Type());
    Parts m = loadTable(keyOf(self, "m"), *multipliers, channel, block);
    Parts s = loadTable(keyOf(self, "s"), *shifts, channel, block);
    for (auto [p, x] : llvm::enumerate(*input)) {
      Value value = arith::ExtSIOp::create(b, loc, wide, x);
      Value shift = arith::ExtSIOp::create(b, loc, wide, s[p]);
      Value round =
          arith::ShLIOp::create(b, loc, splat(wide, 1), arith::SubIOp::create(b, loc, shift, splat(wide, 1)));
      if (doubleRound) {
        Value zero = splat(wide, 0);
        Value negative = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, value, zero);
        Value extra = arith::SelectOp::create(b, loc, negative, splat(wide, -(int64_t{1} << 30)),
                                              splat(wide, int64_t{1} << 30));
        Value far = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, shift, splat(wide, 31));
        round = arith::AddIOp::create(b, loc, round, arith::SelectOp::create(b, loc, far, extra, zero));
      }
      Value product = arith::MulIOp::create(b, loc, value, arith::ExtSIOp::create(b, loc, wide, m[p]));
      Value shifted = arith::ShRSIOp::create(b, loc, arith::AddIOp::create(b, loc, product, round), shift);
      x = arith::TruncIOp::create(b, loc, type, shifted);
      if (zeroPoint)
        x = arith::AddIOp::create(b, loc, x, splat(type, zeroPoint));
    }
  }
  unsigned bits = getElementTypeOrSelf(self.getType()).getIntOrFloatBitWidth();
  if (saturate && bits < 32)
    for (Value &x : *input) {
      x = arith::MaxSIOp::create(b, loc, x, splat(type, -(int64_t{1} << (bits - 1)) + offset));
      x = arith::MinSIOp::create(b, loc, x, splat(type, (int64_t{1} << (bits - 1)) - 1 + offset));
    }
  return *input;
}
