//===- RequantizeEmitter.cpp - From lanes to stored codes -----------------===//
//
// The last rescale of a kernel need not give whole codes in 32-bit lanes: where
// several vectors are packed into one, rounding, zero point and saturation are
// done in the 16-bit lanes between, for twice as many codes at once.
//
//===----------------------------------------------------------------------===//
#include "narrow/Target/CPU/KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"

using namespace mlir;
using namespace narrow;

namespace {

/// The constants of a tosa.rescale of signed numbers with single rounding.
struct Constants {
  std::vector<int64_t> multipliers, shifts;
  int64_t outputZp;
};

std::optional<Constants> getConstants(tosa::RescaleOp op, unsigned inputBits, unsigned outputBits) {
  auto multipliers = getIntegers(op.getMultiplier()), shifts = getIntegers(op.getShift()),
       inputZp = getIntegers(op.getInputZp()), outputZp = getIntegers(op.getOutputZp());
  if (!multipliers || !shifts || !inputZp || !outputZp || multipliers->size() != shifts->size() ||
      inputZp->front() != 0 || op.getRoundingMode() != tosa::RoundingMode::SINGLE_ROUND ||
      op.getInputUnsigned() || op.getOutputUnsigned() ||
      !getElementTypeOrSelf(op.getInput().getType()).isInteger(inputBits) ||
      !getElementTypeOrSelf(op.getOutput().getType()).isInteger(outputBits))
    return std::nullopt;
  return Constants{std::move(*multipliers), std::move(*shifts), outputZp->front()};
}

} // namespace

/// Exact: ((x * m + 2^(s-1)) >> s) + z, saturated to codes, is the upper half of x * m
/// taken to 16 bits with saturation, plus c, shifted by t = s - 32, where one shift up
/// to 39 serves all channels: c = 2^(t-1) + (z << t).
std::optional<KernelEmitter::Fraction> KernelEmitter::getExactFraction(tosa::RescaleOp op) {
  std::optional<Constants> constants = getConstants(op, 32, 8);
  if (!constants || !llvm::all_equal(constants->shifts))
    return std::nullopt;
  int64_t bits = constants->shifts.front() - 32;
  bool fits = bits >= 1 && bits <= 7 &&
              llvm::all_of(constants->multipliers, [](int64_t m) { return m >= 0 && m < int64_t{1} << 31; });
  if (!fits)
    return std::nullopt;
  Fraction fraction{op, bits, (int64_t{1} << (bits - 1)) + constants->outputZp * (int64_t{1} << bits)};
  fraction.multipliers = std::move(constants->multipliers);
  return fraction;
}

/// Fast (N26): three rescales, i32 to i16 by powers of two, i16 to i16 by
/// multipliers * 2^-15, and i16 to i8 by a power of two for all.
std::optional<KernelEmitter::Fraction> KernelEmitter::getFastFraction(tosa::RescaleOp op) {
  auto middle = op.getInput().getDefiningOp<tosa::RescaleOp>();
  auto first = middle ? middle.getInput().getDefiningOp<tosa::RescaleOp>() : tosa::RescaleOp();
  if (!first || target.lanes < 8) // Baseline x86-64 has no such product of words.
    return std::nullopt;
  std::optional<Constants> wide = getConstants(first, 32, 16), product = getConstants(middle, 16, 16),
                           last = getConstants(op, 16, 8);
  if (!wide || !product || !last || wide->outputZp || product->outputZp || last->multipliers.size() != 1)
    return std::nullopt;
  int64_t m = last->multipliers.front(), bits = last->shifts.front() - (m > 0 ? llvm::Log2_64(m) : 0);
  bool fits = llvm::isPowerOf2_64(m) && bits >= 1 && bits <= 7 &&
              llvm::all_of(product->shifts, [](int64_t s) { return s == 15; }) &&
              llvm::all_of(product->multipliers, [](int64_t m) { return m >= 0 && m < 1 << 15; });
  Fraction fraction{first, bits, (int64_t{1} << (bits - 1)) + last->outputZp * (int64_t{1} << bits)};
  for (auto [m, s] : llvm::zip(wide->multipliers, wide->shifts)) {
    int64_t place = s - (m > 0 ? llvm::Log2_64(m) : 0);
    fits &= llvm::isPowerOf2_64(m) && place >= -8 && place <= 30;
    fraction.shifts.push_back(place);
  }
  // The rounding must not overflow.
  int64_t mostHalf = *llvm::max_element(getHalves(fraction));
  if (!fits || magnitude(first.getInput()) + mostHalf >= int64_t{1} << 31)
    return std::nullopt;
  fraction.multipliers = std::move(product->multipliers);
  return fraction;
}

std::optional<KernelEmitter::Fraction> KernelEmitter::getFraction(Value value, const ChannelBlock &block) {
  auto rescale = value.getDefiningOp<tosa::RescaleOp>();
  bool packs = block.pack && target.packsWithSaturation();
  if (!rescale || !packs || !isCode(value) || ready.contains(value) || findInput(value))
    return std::nullopt;
  if (auto exact = getExactFraction(rescale))
    return exact;
  return getFastFraction(rescale);
}

std::vector<int64_t> KernelEmitter::getHalves(const Fraction &fraction) {
  std::vector<int64_t> halves;
  for (int64_t shift : fraction.shifts)
    halves.push_back(shift > 0 ? int64_t{1} << (shift - 1) : 0);
  return halves;
}

/// The rounding of the shift that follows an accumulator at once is a part of its bias.
void KernelEmitter::foldRounding(Value accumulator, std::vector<int64_t> &bias, const ChannelBlock &block) {
  int64_t lo = -128, hi = 127;
  std::optional<Fraction> fraction = getFraction(stripSaturation(yielded(), lo, hi), block);
  if (!fraction || fraction->shifts.empty() || fraction->source.getInput() != accumulator)
    return;
  std::vector<int64_t> halves = getHalves(*fraction);
  for (auto [i, sum] : llvm::enumerate(bias))
    sum += halves[halves.size() == 1 ? 0 : i];
  roundingIsFolded = true;
}

FailureOr<Parts> KernelEmitter::emitFraction(const Fraction &fraction, const Point &point,
                                             const ChannelBlock &block) {
  tosa::RescaleOp op = fraction.source;
  FailureOr<Parts> parts = evaluate(op.getInput(), point, block);
  if (failed(parts))
    return failure();
  auto type = cast<VectorType>(parts->front().getType());
  Value channel = point.empty() ? Value() : point.back();
  if (!fraction.shifts.empty()) {
    auto column = [&](StringRef key, int64_t sign) {
      std::vector<int64_t> values;
      for (int64_t shift : fraction.shifts)
        values.push_back(std::max<int64_t>(sign * shift, 0));
      return loadTable(keyOf(op.getResult(), key), values, channel, block);
    };
    Parts down = column("a", 1), up;
    if (llvm::any_of(fraction.shifts, [](int64_t shift) { return shift < 0; }))
      up = column("u", -1);
    Parts halves = roundingIsFolded
                       ? Parts()
                       : loadTable(keyOf(op.getResult(), "h"), getHalves(fraction), channel, block);
    for (auto [p, x] : llvm::enumerate(*parts)) {
      if (!roundingIsFolded)
        x = arith::AddIOp::create(b, loc, x, halves[p]);
      if (!up.empty()) // TOSA's precondition of the rescale: nothing is lost above.
        x = arith::ShLIOp::create(b, loc, x, up[p]);
      x = arith::ShRSIOp::create(b, loc, x, down[p]);
    }
    return parts;
  }
  if (llvm::all_of(fraction.multipliers, [](int64_t m) { return llvm::isPowerOf2_64(m); })) {
    // The upper half of x * 2^n is x >> (32 - n). A shift by 32 is one by 31.
    std::vector<int64_t> shifts;
    for (int64_t m : fraction.multipliers)
      shifts.push_back(std::min<int64_t>(32 - llvm::Log2_64(m), 31));
    Parts down = llvm::all_equal(shifts) ? Parts(parts->size(), splat(type, shifts.front()))
                                         : loadTable(keyOf(op.getResult(), "d"), shifts, channel, block);
    for (auto [x, shift] : llvm::zip(*parts, down))
      x = arith::ShRSIOp::create(b, loc, x, shift);
    return parts;
  }
  Parts m = loadTable(keyOf(op.getResult(), "m"), fraction.multipliers, channel, block);
  for (auto [x, factor] : llvm::zip(*parts, m))
    x = highProduct(x, factor);
  return parts;
}

/// 16-bit factors in the order that packing 32-bit lanes leaves: for each unit of P parts
/// the vectors of its pairs; with P = 1 both halves of a pair are the same part of two points.
SmallVector<Value> KernelEmitter::loadPairs(StringRef key, ArrayRef<int64_t> perChannel, Value channel,
                                            const ChannelBlock &block) {
  int64_t words = 2 * int64_t(block.width), unit = int64_t(block.width) * block.pack;
  int64_t pairs = std::max(block.pack / 2, 1u), units = block.parts / block.pack;
  auto type = lanes(words, b.getI16Type());
  if (llvm::all_equal(perChannel))
    return SmallVector<Value>(units * pairs, splat(type, perChannel.front()));
  auto [it, isNew] = loaded.try_emplace(key.str());
  if (!isNew)
    return it->second;
  int64_t count = perChannel.size(), allUnits = llvm::divideCeil(count, unit) + units;
  std::vector<int16_t> table;
  for (int64_t u = 0; u < allUnits; ++u)
    for (int64_t pair = 0; pair < pairs; ++pair)
      for (int64_t w = 0; w < words; ++w) {
        int64_t part = (2 * pair + w % 8 / 4) % block.pack, lane = w / 8 * 4 + w % 4;
        int64_t c = u * unit + block.channelOf(part * block.width + lane);
        table.push_back(perChannel[std::min(c, count - 1)]);
      }
  Value memref =
      globalBytes("table", {reinterpret_cast<const char *>(table.data()), table.size() * 2}, b.getI16Type());
  Value start = mul(channel, pairs * words / unit);
  for (int64_t i = 0; i < units * pairs; ++i)
    it->second.push_back(vector::LoadOp::create(b, loc, type, memref, add(start, i * words)));
  return it->second;
}

Value KernelEmitter::stripSaturation(Value value, int64_t &lo, int64_t &hi) {
  while (!findInput(value) && !ready.contains(value)) {
    Operation *op = value.getDefiningOp();
    if (auto clamp = dyn_cast<tosa::ClampOp>(op)) {
      auto min = dyn_cast<IntegerAttr>(clamp.getMinValAttr()),
           max = dyn_cast<IntegerAttr>(clamp.getMaxValAttr());
      if (!min || !max)
        break;
      lo = std::min(std::max(lo, min.getInt()), hi);
      hi = std::max(std::min(hi, max.getInt()), lo);
      value = clamp.getInput();
    } else if (auto cast = dyn_cast<quant::StorageCastOp>(op)) {
      value = cast.getInput();
    } else {
      break;
    }
  }
  return value;
}

std::optional<KernelEmitter::Rounding> KernelEmitter::getRounding(const std::optional<Fraction> &fraction,
                                                                  Value value, int64_t move,
                                                                  const Point &point,
                                                                  const ChannelBlock &block) {
  if (!fraction)
    return std::nullopt;
  Rounding rounding{fraction->bits, fraction->addend + move * (int64_t{1} << fraction->bits), {}};
  if (!fraction->shifts.empty())
    rounding.factors =
        loadPairs(keyOf(value, "k"), fraction->multipliers, point.empty() ? Value() : point.back(), block);
  return rounding;
}

LogicalResult KernelEmitter::storeResult(Value value, const Buffer &buffer, ArrayRef<Point> points,
                                         const ChannelBlock &block, function_ref<void(size_t)> prepare) {
  int64_t lo = std::numeric_limits<int32_t>::min(), hi = std::numeric_limits<int32_t>::max();
  if (isCode(value)) {
    lo = -128, hi = 127;
    value = stripSaturation(value, lo, hi);
  }
  int64_t move = buffer.layout.codeOffset;
  auto rescale = value.getDefiningOp<tosa::RescaleOp>();
  SmallVector<Value> offsets;
  Parts all;
  std::optional<Fraction> fraction;
  for (auto [i, point] : llvm::enumerate(points)) {
    if (prepare)
      prepare(i);
    if (i == 0)
      fraction = getFraction(value, block);
    bool isLast = rescale && isCode(value) && !ready.contains(value) && !findInput(value);
    FailureOr<Parts> parts = fraction ? emitFraction(*fraction, point, block)
                             : isLast ? emitRescale(rescale, point, block, move, /*saturate=*/false)
                                      : evaluate(value, point, block, move);
    if (failed(parts))
      return failure();
    offsets.push_back(offsetOf(buffer.layout, point));
    if (block.pack)
      all.append(*parts);
    else
      store(buffer, offsets.back(), *parts, block, lo + move, hi + move);
  }
  if (!block.pack)
    return success();
  std::optional<Rounding> rounding = getRounding(fraction, value, move, points[0], block);
  storePacked(buffer, offsets, all, block, lo + move, hi + move, rounding);
  return success();
}
