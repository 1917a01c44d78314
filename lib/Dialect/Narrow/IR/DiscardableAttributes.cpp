//===- DiscardableAttributes.cpp - What verifies them ---------------------===//
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace narrow;

namespace {

enum Place : unsigned { OnOp = 1, OnModule = 2, OnFunction = 4, OnArgument = 8, OnResult = 16 };

struct DiscardableAttribute {
  StringLiteral name;
  unsigned places;
  bool (*isValid)(Attribute);
  StringLiteral expected;
};

} // namespace

template <typename T>
static bool isA(Attribute attr) {
  return isa<T>(attr);
}

template <typename Element>
static bool isArrayOf(Attribute attr) {
  auto array = dyn_cast<ArrayAttr>(attr);
  return array && llvm::all_of(array, [](Attribute element) { return isa<Element>(element); });
}

template <unsigned width, int64_t least = INT64_MIN, int64_t most = INT64_MAX>
static bool isInteger(Attribute attr) {
  auto integer = dyn_cast<IntegerAttr>(attr);
  return integer && integer.getType().isSignlessInteger(width) && integer.getInt() >= least &&
         integer.getInt() <= most;
}

static bool isPowerOfTwo(Attribute attr) {
  return isInteger<64, 1>(attr) && llvm::isPowerOf2_64(cast<IntegerAttr>(attr).getInt());
}

static bool isMagnitude(Attribute attr) {
  auto number = dyn_cast<FloatAttr>(attr);
  return number && number.getType().isF64() && number.getValueAsDouble() >= 0 && number.getValue().isFinite();
}

static bool isProfile(Attribute attr) {
  return isArrayOf<DictionaryAttr>(attr) &&
         llvm::all_of(cast<ArrayAttr>(attr).getAsRange<DictionaryAttr>(), [](DictionaryAttr kernel) {
           auto has = [&](StringRef key, bool (*isValid)(Attribute)) {
             Attribute value = kernel.get(key);
             return value && isValid(value);
           };
           return kernel.size() == 5 && has("name", isA<StringAttr>) && has("kind", isA<StringAttr>) &&
                  has("macs", isInteger<64, 0>) && has("bytes", isInteger<64, 0>) &&
                  has("cycles", isInteger<64, 0>);
         });
}

/// The table of NarrowDialect.td.
static constexpr DiscardableAttribute attributes[] = {
    {attrs::id, OnOp | OnFunction, isA<StringAttr>, "a string"},
    {attrs::name, OnOp | OnArgument | OnResult, isA<StringAttr>, "a string"},
    {attrs::unsignedBytes, OnArgument, isA<UnitAttr>, "a unit attribute"},
    {attrs::layout, OnArgument | OnResult, isA<StringAttr>, "a string"},
    {attrs::floatReason, OnOp, isA<StringAttr>, "a string"},
    {attrs::notes, OnOp, isArrayOf<StringAttr>, "an array of strings"},
    {attrs::binaryInput, OnOp, isA<UnitAttr>, "a unit attribute"},
    {attrs::meanMagnitude, OnOp, isMagnitude, "an f64 of at least 0"},
    {attrs::encoded, OnOp, isA<SchemeAttr>, "a scheme"},
    {attrs::codeGrid, OnOp, isA<DictionaryAttr>, "a dictionary"},
    {attrs::channelMean, OnOp, isA<DenseF32ArrayAttr>, "an array of f32"},
    {attrs::channelDeviation, OnOp, isA<DenseF32ArrayAttr>, "an array of f32"},
    {attrs::channelMaximum, OnOp, isA<DenseF32ArrayAttr>, "an array of f32"},
    {attrs::channelError, OnOp, isA<DenseF32ArrayAttr>, "an array of f32"},
    {attrs::accumulatorBits, OnOp, isInteger<32, 0, 64>, "an i32 from 0 to 64"},
    {attrs::accumulatorShift, OnOp, isInteger<32, 0, 64>, "an i32 from 0 to 64"},
    {attrs::type, OnArgument | OnResult, isA<TypeAttr>, "a type"},
    {attrs::shape, OnArgument, isA<DenseI64ArrayAttr>, "an array of i64"},
    {attrs::output, OnArgument, isA<UnitAttr>, "a unit attribute"},
    {attrs::kernel, OnFunction, isA<StringAttr>, "a string"},
    {attrs::work, OnFunction, isInteger<64, 0>, "an i64 of at least 0"},
    {attrs::sequential, OnOp, isA<UnitAttr>, "a unit attribute"},
    {attrs::target, OnModule, isA<TargetAttr>, "a target"},
    {attrs::emulatedIsa, OnModule, isA<StringAttr>, "a string"},
    {attrs::arenaSize, OnModule, isInteger<64, 0>, "an i64 of at least 0"},
    {attrs::arenaLowerBound, OnModule, isInteger<64, 0>, "an i64 of at least 0"},
    {attrs::arenaAlignment, OnModule, isPowerOfTwo, "an i64 that is a power of two"},
    {attrs::buffers, OnOp, isArrayOf<BufferAttr>, "an array of buffers"},
    {attrs::planSize, OnFunction, isInteger<64, 0>, "an i64 of at least 0"},
    {attrs::planLowerBound, OnFunction, isInteger<64, 0>, "an i64 of at least 0"},
    {attrs::threads, OnModule, isInteger<64, 2>, "an i64 of at least 2"},
    {attrs::observed, OnModule, isArrayOf<StringAttr>, "an array of strings"},
    {attrs::profileOffset, OnModule, isInteger<64, 0>, "an i64 of at least 0"},
    {attrs::profile, OnModule, isProfile,
     "an array of dictionaries with name and kind (strings), macs, bytes and cycles (i64 of at least 0)"},
};

static LogicalResult verify(Operation *op, NamedAttribute attribute, unsigned place, StringRef where) {
  const auto *known =
      llvm::find_if(attributes, [&](const auto &known) { return known.name == attribute.getName(); });
  if (known == std::end(attributes))
    return op->emitError()
           << "'" << attribute.getName().getValue()
           << "' is not an attribute of the narrow dialect; other dialects' have their own prefix";
  if (!(known->places & place))
    return op->emitError() << "the attribute '" << known->name << "' is not for " << where;
  if (!known->isValid(attribute.getValue()))
    return op->emitError() << "the attribute '" << known->name << "' of " << where << " must be "
                           << known->expected << ", got " << attribute.getValue();
  return success();
}

LogicalResult NarrowDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (isa<ModuleOp>(op))
    return verify(op, attribute, OnModule, "a module");
  if (isa<FunctionOpInterface>(op))
    return verify(op, attribute, OnFunction, "a function");
  return verify(op, attribute, OnOp, "an op");
}

LogicalResult NarrowDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned index,
                                                      NamedAttribute attribute) {
  return verify(op, attribute, OnArgument, ("argument #" + Twine(index)).str());
}

LogicalResult NarrowDialect::verifyRegionResultAttribute(Operation *op, unsigned, unsigned index,
                                                         NamedAttribute attribute) {
  return verify(op, attribute, OnResult, ("result #" + Twine(index)).str());
}
