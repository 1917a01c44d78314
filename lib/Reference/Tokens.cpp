//===- Tokens.cpp - Per-token scales --------------------------------------===//
#include "Ops.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Numerics/Tokens.h"

using namespace mlir;
using namespace narrow;
using namespace narrow::reference;

/// Calls f(index of the token, its first element) for each row along the last axis.
template <typename F>
static void forEachToken(const Tensor &tensor, F &&f) {
  int64_t size = tensor.shape.back(), count = size ? tensor.getNumElements() / size : 0;
  for (int64_t token = 0; token < count; ++token)
    f(token, token * size);
}

/// N73 and N74 require these maxima.
static LogicalResult checkMaxima(const Call &call) {
  for (int32_t maximum : call.operand(1).values<int32_t>())
    if (maximum < 1 || maximum > numerics::tokenMaximumLimit)
      return call.error() << "has the maximum " << maximum << " of a token, expected 1 to "
                          << numerics::tokenMaximumLimit;
  return success();
}

static LogicalResult evalRoundTokens(RoundTokensOp op, Call &call) {
  size_t size = call.result().shape.back();
  forEachToken(call.result(), [&](int64_t, int64_t first) {
    numerics::roundToken({call.operand(0).values<float>().data() + first, size},
                         static_cast<int32_t>(op.getLargest()),
                         {call.result().values<float>().data() + first, size});
  });
  return success();
}

static LogicalResult evalTokenMaxima(TokenMaximaOp, Call &call) {
  const Tensor &input = call.operand(0);
  size_t size = input.shape.back();
  auto maxima = call.result().values<int32_t>();
  llvm::fill(maxima, 1);
  forEachToken(input, [&](int64_t token, int64_t first) {
    maxima[token] = numerics::tokenMaximum({input.values<int16_t>().data() + first, size});
  });
  return success();
}

static LogicalResult evalQuantizeTokens(QuantizeTokensOp op, Call &call) {
  if (failed(checkMaxima(call)))
    return failure();
  auto x = call.operand(0).values<int16_t>();
  auto maxima = call.operand(1).values<int32_t>();
  auto codes = call.result().values<int8_t>();
  int64_t size = call.result().shape.back();
  for (size_t i = 0; i < codes.size(); ++i) {
    if (std::abs(int32_t{x[i]}) > maxima[i / size])
      return call.error() << "has the element " << x[i] << " in a token of the maximum " << maxima[i / size];
    codes[i] = static_cast<int8_t>(
        numerics::quantizeToken(x[i], maxima[i / size], static_cast<int32_t>(op.getLargest())));
  }
  return success();
}

static LogicalResult evalRescaleTokens(RescaleTokensOp op, Call &call) {
  if (failed(checkMaxima(call)))
    return failure();
  auto sums = call.operand(0).values<int32_t>(), maxima = call.operand(1).values<int32_t>();
  auto results = call.result().values<int32_t>();
  int64_t size = call.result().shape.back();
  for (size_t i = 0; i < results.size(); ++i)
    results[i] = numerics::rescaleToken(sums[i], maxima[i / size], static_cast<int>(op.getShift()));
  return success();
}

void narrow::reference::registerTokens(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, NarrowDialect *) {
    attach<RoundTokensOp, evalRoundTokens>(context);
    attach<TokenMaximaOp, evalTokenMaxima>(context);
    attach<QuantizeTokensOp, evalQuantizeTokens>(context);
    attach<RescaleTokensOp, evalRescaleTokens>(context);
  });
}
