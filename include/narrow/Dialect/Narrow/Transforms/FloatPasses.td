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
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::narrow::NarrowDialect"];
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
      `1 / (1 + exp(-x))` is `tosa.sigmoid`; `1 / rsqrt(x)` is `sqrt`, and 1 over
      that `tosa.rsqrt`;
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
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::narrow::NarrowDialect"];
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

    Training left each channel of a batch norm's result with mean beta and standard
    deviation |gamma|. The convolution keeps them as `narrow.channel_mean` and
    `narrow.channel_deviation`, for `narrow-absorb-bias` and `narrow-correct-bias`.

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
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::narrow::NarrowDialect"];
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
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::narrow::NarrowDialect"];
}

def NarrowSinkReshapes : Pass<"narrow-sink-reshapes", "::mlir::func::FuncOp"> {
  let summary = "move reshapes behind functions of one element";
  let description = [{
    A fully connected layer is a convolution and a reshape to the matrix that the
    source has. A ReLU, or another function of one element, behind the reshape does
    not meet the convolution: what the layer computes would be rounded once before
    and once after it. This pass computes the function first. A reshape with other
    readers stays where it is.

    ```mlir
    %1 = tosa.reshape %0, %shape : (tensor<1x16x1x24xf32>, !tosa.shape<3>) -> tensor<1x16x24xf32>
    %2 = tosa.clamp %1 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x16x24xf32>) -> tensor<1x16x24xf32>
    // becomes
    %1 = tosa.clamp %0 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x16x1x24xf32>) -> tensor<1x16x1x24xf32>
    %2 = tosa.reshape %1, %shape : (tensor<1x16x1x24xf32>, !tosa.shape<3>) -> tensor<1x16x24xf32>
    ```
  }];
  let statistics = [Statistic<"numSunk", "sunk", "reshapes moved behind an op">];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::narrow::NarrowDialect"];
}

def NarrowEqualize : Pass<"narrow-equalize", "::mlir::func::FuncOp"> {
  let summary = "make the weights of each channel equally large before and after it";
  let description = [{
    Cross-layer equalization (rules N40, N41). A channel is divided by a factor
    where a layer computes it and multiplied where layers read it, so that the
    largest weight of both becomes the same. The network computes what it did:
    only channels are touched that reach layers through ops that keep a factor
    (ReLU, LeakyReLU, PReLU, pooling, ops that move elements, sums and concats of
    such channels). All sources and readers of a channel share its factor, so
    residual streams are equalized as a whole. Pairs are visited in turn until no
    factor changes by more than a thousandth.

    Channels without weights on one side keep their scale. A factor stops where
    the bias would exceed 256 times the largest weight of the layer.

    ReLU6 and its like do not keep a factor. `replace-clamp` makes those between
    equalized layers ReLU, which changes the results where the bound was
    exceeded: a remark names each of them.

    ```mlir
    // Channel 0 of %w1 is [4, -2], it is read by [0.5, -0.25].
    %a = tosa.conv2d %x, %w1, %b1, %z, %z {…} : …
    %r = tosa.clamp %a {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : …
    %y = tosa.conv2d %r, %w2, %b2, %z, %z {…} : …
    // becomes: divided by sqrt(4 / 0.5), [1.414, -0.707] is read by [1.414, -0.707].
    ```
  }];
  let options = [
    Option<"replaceClamp", "replace-clamp", "bool", "false",
           "make ReLU6 and its like between equalized layers ReLU">,
    Option<"maxSweeps", "max-sweeps", "unsigned", "1000", "end after this many rounds over all pairs">
  ];
  let statistics = [
    Statistic<"numGroups", "pairs", "pairs (or groups) of layers equalized">,
    Statistic<"numChannels", "channels", "channels equalized">,
    Statistic<"numClamps", "clamps", "clamps replaced by ReLU">
  ];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::narrow::NarrowDialect"];
}

def NarrowCollectStatistics : Pass<"narrow-collect-statistics", "::mlir::ModuleOp"> {
  let summary = "collect the statistics of every tensor that will be quantized";
  let description = [{
    Compiles the network with observers for this machine, runs it on the samples of `--data` and keeps the table of
    statistics in the context, where `narrow-import-table` finds it. The module is not changed. It
    is what `narrow-calibrate` writes to a file.

    ```mlir
    // narrow-opt m.mlir --data x.npz --pass-pipeline='builtin.module(narrow-float-pipeline,
    //   narrow-collect-statistics,narrow-observed-pipeline,narrow-annotated-pipeline)'
    %1 = narrow.observe %0 "conv1" range <min = [-1.0], max = [3.0]> scheme … : tensor<1x8x8x16xf32>
    ```
  }];
  let options = [Option<"movingAverage", "moving-average", "::narrow::ExactDouble", "0.0",
                        "momentum of averages of the extrema of batches, for the method ema; 0: none">];
}

def NarrowAbsorbBias : Pass<"narrow-absorb-bias", "::mlir::func::FuncOp"> {
  let summary = "move what is always there of an activation into the next bias";
  let description = [{
    High-bias absorption (rule N42). A channel whose pre-activation has mean m and
    deviation d is above c = max(0, m - 3 d) for all but 0.13 % of the values of a
    normal distribution. There relu(x) = relu(x - c) + c: c is taken from the bias
    that computes the channel, and what it contributes is added to the bias of the
    layer that reads it. Equalization makes such large biases. Without a ReLU
    between, c = m, and the results are the same for every x.

    m and d are the attributes `narrow.channel_mean` and `narrow.channel_deviation`
    of the layer, which `narrow-fold-batch-norm` takes from beta and gamma, and
    `narrow-measure-channels` measures. A layer that pads its input with 0 does not read c at
    the border: such pairs are left alone. So are those with anything but ReLU,
    pooling and moves of elements between, or with other readers.

    ```mlir
    %a = tosa.conv2d %x, %w1, %b1, … {narrow.channel_mean = array<f32: 2.0>, narrow.channel_deviation = array<f32: 0.3>} …
    %r = tosa.clamp %a {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : …
    %y = tosa.conv2d %r, %w2, %b2, … // b1 becomes b1 - 1.1, b2 becomes b2 + w2 * 1.1
    ```
  }];
  let statistics = [
    Statistic<"numPairs", "pairs", "pairs of layers between which a bias moved">,
    Statistic<"numChannels", "channels", "channels whose bias moved">
  ];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::narrow::NarrowDialect"];
}

def NarrowSmooth : Pass<"narrow-smooth", "::mlir::func::FuncOp"> {
  let summary = "move outliers of activations into the weights that read them";
  let description = [{
    SmoothQuant (rule N45). Activation channel j with the largest magnitude x_j is
    divided by s_j = x_j^alpha / w_j^(1 - alpha), its weights, at most w_j, are
    multiplied by it. The division goes into what computes the channel: scale and
    offset of a norm, or the layer before. So it is done for the channels that
    `narrow-equalize` could rescale; an activation that no layer can take the
    division of would have to be quantized before it is divided, which gains
    nothing, and stays as it is.

    x_j is the attribute `narrow.channel_maximum` of the op that computes the
    tensor, which `narrow-measure-channels` measures; the pass removes it. Inputs of products
    with a matrix (fully connected layers, [1, M, 1, K]) are smoothed, those of
    other convolutions with the option `convolutions`.

    ```mlir
    %n = tosa.mul %x, %gamma, %shift : …
    %o = tosa.add %n, %beta {narrow.channel_maximum = array<f32: 2.0, 24.0>} : …
    %y = tosa.conv2d %o, %w, %b, … // gamma and beta are divided, the columns of w multiplied
    ```
  }];
  let options = [
    Option<"alpha", "alpha", "::narrow::ExactDouble", "0.5", "how much of the range moves into the weights, 0 to 1">,
    Option<"convolutions", "convolutions", "bool", "false", "smooth the inputs of convolutions too">
  ];
  let statistics = [
    Statistic<"numInputs", "inputs", "inputs of layers smoothed">,
    Statistic<"numChannels", "channels", "channels smoothed">
  ];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::narrow::NarrowDialect"];
}

def NarrowSplitChannels : Pass<"narrow-split-channels", "::mlir::func::FuncOp"> {
  let summary = "compute channels with outlier weights several times";
  let description = [{
    Outlier channel splitting (rule N46). The input channels of a convolution that
    have the largest weights are computed twice, or more often, by the layer before,
    and each copy is read with an equal part of the weights: their range becomes
    smaller, the results stay. Between the two layers may stand clamps, LeakyReLU,
    pooling and depthwise convolutions, each read once.

    `fraction` is how many channels are added, as a part of those that there are;
    at least one. More channels cost time: this is for low bit widths.

    ```mlir
    %r = tosa.conv2d %x, %w1, … -> tensor<1x8x8x16xf32>
    %y = tosa.conv2d %r, %w2, …
    // becomes
    %r = tosa.conv2d %x, %w3, … -> tensor<1x8x8x17xf32>
    %y = tosa.conv2d %r, %w4, …
    ```
  }];
  let options = [
    Option<"fraction", "fraction", "::narrow::ExactDouble", "0.02", "channels added, above 0 to 1">
  ];
  let statistics = [
    Statistic<"numLayers", "layers", "layers whose input channels were split">,
    Statistic<"numChannels", "channels", "channels added">
  ];
  let dependentDialects = ["::mlir::tosa::TosaDialect", "::narrow::NarrowDialect"];
}

def NarrowAssignIds : Pass<"narrow-assign-ids", "::mlir::ModuleOp"> {
  let summary = "give every op that computes a tensor a unique name";
  let description = [{
    Sets `narrow.id` on every op that yields a tensor and is no constant. The name
    is that of its location, `<op>_<n>` without one. Of several ops with the same
    name (an importer writes one node as several), the one that yields the tensor
    gets it: the last that does more than reshape or transpose. Others
    append their op: `conv1/transpose`, `conv1/transpose_1`. Ids that exist are
    kept, so the pass can run again. Constant weights get `narrow.name`, the name of their
    location, which is that of the initializer, by which tables of other tools know them.

    ```mlir
    %0 = tosa.abs %x : (tensor<4xf32>) -> tensor<4xf32> loc("y")
    // becomes
    %0 = tosa.abs %x {narrow.id = "y"} : (tensor<4xf32>) -> tensor<4xf32> loc("y")
    ```
  }];
  let statistics = [Statistic<"numAssigned", "assigned", "ids assigned">];
  let dependentDialects = ["::narrow::NarrowDialect"];
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
