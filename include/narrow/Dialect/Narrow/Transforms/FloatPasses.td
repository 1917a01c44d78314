//===- FloatPasses.td - Passes of the float stage ---------*- tablegen -*-===//
#ifndef NARROW_FLOAT_PASSES_TD
#define NARROW_FLOAT_PASSES_TD

include "mlir/Pass/PassBase.td"

def NarrowFoldConstants : Pass<"narrow-fold-constants", "::mlir::func::FuncOp"> {
  let summary = "evaluate ops on constants and drop ops that do nothing";
  let description = [{
    Evaluates TOSA ops whose operands are all constants, of any size and also
    when they are no splats: element-wise arithmetic with broadcasting, casts,
    reductions, and ops that move data (transpose, reshape, concat, slice, pad,
    tile, reverse). An op yields what it would yield at run time: each op rounds
    to f32 once, a sum adds in the order of the elements. Ops that do nothing go
    away: addition of 0, multiplication by 1, identity transposes, reshapes,
    slices and pads, `tosa.identity`, a clamp inside of another one.

    ```mlir
    %c = "tosa.const"() <{values = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>}> : () -> tensor<2x2xf32>
    %t = tosa.transpose %c {perms = array<i32: 1, 0>} : (tensor<2x2xf32>) -> tensor<2x2xf32>
    %r = tosa.reciprocal %t : (tensor<2x2xf32>) -> tensor<2x2xf32>
    // becomes
    %r = "tosa.const"() <{values = dense<[[1.0, 0.333333343], [5.0e-01, 2.5e-01]]> : tensor<2x2xf32>}> : () -> tensor<2x2xf32>
    ```
  }];
  let options = [
    Option<"maxElements", "max-elements", "int64_t", "1 << 28",
           "leave an op alone if its result has more elements than this">
  ];
  let statistics = [
    Statistic<"numFolded", "folded", "ops evaluated on constants">,
    Statistic<"numDropped", "dropped", "ops dropped because they do nothing">
  ];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::mlir::narrow::NarrowDialect"];
}

def NarrowRaiseComposites : Pass<"narrow-raise-composites", "::mlir::func::FuncOp"> {
  let summary = "recognise functions that exporters write out as arithmetic";
  let description = [{
    A function that is one table when quantized must be one op before. Products
    are compared as sets of factors with one constant, so that the order in which
    an exporter multiplies does not matter:

    - `x * clamp(x + 3, 0, 6) / 6` is `hard_swish`, `x * sigmoid(x)` is `silu`,
      `x * (1 + erf(x / sqrt(2))) / 2` is `gelu`, its tanh form `gelu_tanh`,
      `x * tanh(softplus(x))` is `mish`, `log(1 + exp(x))` is `softplus`;
    - `clamp(a * x + b, 0, 1)` and `clamp(x + 3, 0, 6) / 6` are `hard_sigmoid`;
      `1 / (1 + exp(-x))` is `tosa.sigmoid`;
    - `max(x, a * x)` is `leaky_relu`; `tosa.maximum` and `tosa.minimum` with one
      constant are `tosa.clamp`;
    - a sum over the plane divided by its size is `tosa.avg_pool2d`;
    - a depthwise convolution with more than one output per channel is
      `narrow.conv2d` with groups; `narrow.conv2d` with one group, or with a
      channel a group, is the TOSA op.

    ```mlir
    %s = tosa.sigmoid %x : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
    %y = tosa.mul %x, %s, %shift : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>, tensor<1xi8>) -> tensor<1x8x8x4xf32>
    // becomes
    %y = narrow.activation silu %x : tensor<1x8x8x4xf32>
    ```
  }];
  let statistics = [Statistic<"numRaised", "raised", "composites recognised">];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::mlir::narrow::NarrowDialect"];
}

def NarrowFoldBatchNorm : Pass<"narrow-fold-batch-norm", "::mlir::func::FuncOp"> {
  let summary = "fold batch normalization into the convolution before it";
  let description = [{
    Scales the weights and moves the bias of a convolution by what follows it: a
    `narrow.batch_norm`, or a multiplication, addition or subtraction of one
    constant per channel. Looks through the transposes and reshapes that stand
    between, as long as each value has one user. The new weights are computed in
    double and rounded once. A batch norm that no convolution can take becomes
    `tosa.mul` and `tosa.add`.

    ```mlir
    %c = tosa.conv2d %x, %w, %b, %z, %z {…} : … -> tensor<1x8x8x4xf32>
    %y = narrow.batch_norm %c, %scale, %bias, %mean, %var axis 3 epsilon 1.0e-05 : tensor<1x8x8x4xf32>, tensor<4xf32>
    // becomes
    %y = tosa.conv2d %x, %w2, %b2, %z, %z {…} : … -> tensor<1x8x8x4xf32>
    ```
  }];
  let statistics = [
    Statistic<"numFolded", "folded", "batch norms and per-channel constants folded into a convolution">,
    Statistic<"numExpanded", "expanded", "batch norms written out as mul and add">
  ];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::mlir::narrow::NarrowDialect"];
}

def NarrowPropagateLayout : Pass<"narrow-propagate-layout", "::mlir::func::FuncOp"> {
  let summary = "remove the transposes inside of the network";
  let description = [{
    An imported network computes in the layout of its source (NCHW) with
    transposes around each convolution. This pass gives whole regions another
    layout: from a transpose it collects all ops that are connected through
    values and can be computed on permuted dims (element-wise ops, concat, pad,
    slice, reductions, softmax, quantize, reshapes that keep groups of dims
    together …), and weighs the transposes at the border of the region before
    and after. The region gets the new layout only if that moves fewer elements,
    so the pass ends. Constants are transposed at once; a flattened plane that a
    fully connected layer reads has its weights permuted instead; a transpose
    that moves dims of size 1 becomes a reshape.

    ```mlir
    %1 = tosa.transpose %0 {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x8xf32>
    %2 = tosa.clamp %1 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
    %3 = tosa.transpose %2 {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
    // becomes
    %3 = tosa.clamp %0 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
    ```
  }];
  let statistics = [
    Statistic<"numRegions", "regions", "regions that got another layout">,
    Statistic<"numRemoved", "removed", "transposes removed">,
    Statistic<"numLeft", "left", "transposes left">
  ];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::mlir::narrow::NarrowDialect"];
}

def NarrowAssignIds : Pass<"narrow-assign-ids", "::mlir::ModuleOp"> {
  let summary = "give every op that computes a tensor a unique name";
  let description = [{
    Sets `narrow.id` on every op that yields a tensor and is no constant. The name
    is that of its location, `<op>_<n>` without one. Of several ops with the same
    name (an importer writes one node as several), the one that yields the tensor
    gets it: the last that does more than reshape or transpose. Others
    append their op: `conv1/transpose`, `conv1/transpose_1`. Ids that exist are
    kept, so the pass can run again.

    ```mlir
    %0 = tosa.abs %x : (tensor<4xf32>) -> tensor<4xf32> loc("y")
    // becomes
    %0 = tosa.abs %x {narrow.id = "y"} : (tensor<4xf32>) -> tensor<4xf32> loc("y")
    ```
  }];
  let statistics = [Statistic<"numAssigned", "assigned", "ids assigned">];
  let dependentDialects = ["::mlir::narrow::NarrowDialect"];
}

def NarrowVerifyFloat : Pass<"narrow-verify-float", "::mlir::ModuleOp"> {
  let summary = "check that the module is in the float stage";
  let description = [{
    One public function `@main` with named, static tensors; TOSA ops and the
    composites of narrow on static f32 tensors; constant weights and bias of the
    right shape, also where TOSA's own verifier accepts others (channels of the
    weight and of the input); unique ids. Changes nothing.

    ```mlir
    func.func @main(%x: tensor<4xf32> {narrow.name = "x"}) -> (tensor<4xf32> {narrow.name = "y"}) {
      %0 = tosa.abs %x {narrow.id = "y"} : (tensor<4xf32>) -> tensor<4xf32>
      return %0 : tensor<4xf32>
    }
    ```
  }];
}

#endif
