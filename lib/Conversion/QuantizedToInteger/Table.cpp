//===- Table.cpp - Functions of one tensor of codes -----------------------===//
//
// Any expression of element-wise ops and constants whose only input is one
// tensor of codes is a function of 256 possible arguments: one tosa.table.
//
//===----------------------------------------------------------------------===//
#include "Families.h"
#include "narrow/Dialect/Narrow/IR/Constants.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "llvm/ADT/SmallVectorExtras.h"

using namespace mlir;
using namespace narrow;

using Samples = std::vector<double>;

namespace {

/// An expression over one tensor of codes.
class Expression {
public:
  explicit Expression(Lowering &lowering) : lowering(lowering) {}

  /// Finds the tensor; false if there is none or more than one, or if an op is
  /// not element-wise.
  bool collect(Value real, RankedTensorType type) {
    if (!visited.insert(real).second)
      return true;
    if (getSplat(real))
      return true;
    Operation *op = real.getDefiningOp();
    // A scalar operand may broadcast; any other broadcast means two tensors.
    if (!op || real.getType() != type)
      return false;
    if (auto function = dyn_cast<ScalarFunctionOpInterface>(op);
        function && !op->hasAttr(attrs::floatReason)) {
      unsigned arity = function.getNumScalarOperands();
      bool collected = llvm::all_of(op->getOperands().take_front(arity),
                                    [&](Value operand) { return collect(operand, type); });
      // For a clamp, the codes before it are preferable.
      if (collected || arity > 1)
        return collected;
    }
    std::optional<Codes> codes = lowering.getCodes(real);
    if (!codes || (leaf && leaf != real))
      return false;
    leaf = real;
    leafCodes = *codes;
    return true;
  }

  /// The values of `real` where the leaf has the values `arguments`.
  const Samples &evaluate(Value real, const Samples &arguments) {
    auto it = known.find(real);
    if (it != known.end())
      return *it->second;
    Samples result;
    if (real == leaf) {
      result = arguments;
    } else if (std::optional<double> splat = getSplat(real)) {
      result.assign(arguments.size(), *splat);
    } else {
      Operation *op = real.getDefiningOp();
      auto function = cast<ScalarFunctionOpInterface>(op);
      SmallVector<const Samples *> operands;
      for (Value operand : op->getOperands().take_front(function.getNumScalarOperands()))
        operands.push_back(&evaluate(operand, arguments));
      for (size_t i = 0; i < arguments.size(); ++i)
        result.push_back(function.evaluateScalar(
            llvm::map_to_vector(operands, [&](const Samples *samples) { return (*samples)[i]; })));
    }
    return *(known[real] = std::make_unique<Samples>(std::move(result)));
  }

  Value leaf;
  Codes leafCodes;

private:
  Lowering &lowering;
  llvm::DenseSet<Value> visited;
  DenseMap<Value, std::unique_ptr<Samples>> known;
};

} // namespace

std::optional<Value> narrow::lowerTable(Lowering &lowering, Value real, const QuantizationGoal &goal) {
  auto type = cast<RankedTensorType>(real.getType());
  Expression expression(lowering);
  if (!expression.collect(real, type) || !expression.leaf || expression.leaf == real)
    return std::nullopt;
  Codes input = expression.leafCodes;
  if (!getStorage(input.type).isInteger(8) || !goal.getStorage().isInteger(8))
    return std::nullopt;
  Samples arguments;
  for (int64_t code = -128; code != 128; ++code)
    arguments.push_back(numerics::dequantizeDouble(code, getParams(input.type)));
  numerics::CodeRange bounds = goal.getBounds();
  SmallVector<int64_t> table;
  for (double y : expression.evaluate(real, arguments))
    table.push_back(numerics::quantizeDouble(y, getParams(goal.type), bounds));

  Operation *op = real.getDefiningOp();
  OpBuilder &builder = lowering.getBuilder();
  builder.setInsertionPoint(op);
  auto i8 = cast<IntegerType>(builder.getI8Type());
  Operation *name = goal.name ? goal.name : op;
  Value entries = createConstant(builder, name->getLoc(), {256}, table, i8);
  Value codes = tosa::TableOp::create(builder, name->getLoc(), type.clone(i8), input.value, entries);
  if (Attribute id = name->getAttr(attrs::id))
    codes.getDefiningOp()->setAttr(attrs::id, id);
  return codes;
}

std::optional<Value> narrow::lowerScalarFunction(Lowering &lowering, Operation *op,
                                                 const QuantizationGoal &goal) {
  if (Value input = op->getOperand(0); readsSigns(op) && isUnrounded(input)) {
    QuantizationGoal signs = goal;
    signs.signs = true;
    signs.name = op;
    if (std::optional<Value> codes = lowering.quantize(input, signs); codes || lowering.hasFailed())
      return codes;
    return lowering.refuse(op, "its operand is not quantized");
  }
  if (std::optional<Value> codes = lowerTable(lowering, op->getResult(0), goal))
    return codes;
  return lowering.refuse(op, "it is no function of one tensor of 8-bit codes with 8-bit results");
}

std::optional<Value> narrow::lowerArithmetic(
    Lowering &lowering, Operation *op, const QuantizationGoal &goal,
    function_ref<std::optional<Value>(Lowering &, Operation *, const QuantizationGoal &)> function) {
  if (!isWide(goal.type) && !goal.signs)
    if (std::optional<Value> codes = lowerTable(lowering, op->getResult(0), goal);
        codes || lowering.hasFailed())
      return codes;
  return function(lowering, op, goal);
}
