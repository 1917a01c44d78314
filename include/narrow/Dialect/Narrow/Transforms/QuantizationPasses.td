//===- QuantizationPasses.td - From observed to quantized -*- tablegen -*-===//
#ifndef NARROW_QUANTIZATION_PASSES_TD
#define NARROW_QUANTIZATION_PASSES_TD

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Observed stage
//===----------------------------------------------------------------------===//

def NarrowInsertObservers : Pass<"narrow-insert-observers", "::mlir::ModuleOp"> {
  let summary = "insert an observer wherever a tensor will be quantized";
  let description = [{
    Puts a `narrow.observe` on every f32 tensor that gets quantization
    parameters of its own:

    - the result of every op of kind Contraction, Arithmetic, Elementwise and
      Clamp (`QuantizableOpInterface`). A clamp that is the only user of such an
      op merges into it, and the clamp's result is observed instead;
    - the result of an op that joins several activations (concat) next to a
      quantized op, so that its operands can be given its parameters;
    - every function argument and every result of another op (softmax) that a
      quantized op reads, maybe through ops that move codes.

    An op that moves codes (reshape, transpose, max_pool) has no observer, and
    neither has a contraction whose only user adds accumulators (`tosa.add`):
    it is added before it is rounded. Of two such operands of one op the
    one computed first is observed. Values that are quantized already (results
    of `narrow.dequantize`, operands of nothing but `narrow.quantize`) are left
    alone.

    Sums with a mask, constants of -1000 or below (or a factor as large) that a
    softmax, an exponential or a maximum behind them hides, get
    `narrow.float_reason` up to that op, and have no observer: in a range with
    such a number no codes are left for what it masks.

    An observer's id is that of the tensor: `narrow.id` of the op, `narrow.name`
    of the argument. Two equal ids are an error.

    ```mlir
    %1 = tosa.conv2d %0, %w, %b, %z, %z {…, narrow.id = "conv"} : …
    %2 = tosa.clamp %1 {…, narrow.id = "relu"} : …
    // becomes
    %1 = tosa.conv2d %0, %w, %b, %z, %z {…, narrow.id = "conv"} : …
    %2 = tosa.clamp %1 {…, narrow.id = "relu"} : …
    %3 = narrow.observe %2 "relu" : tensor<1x8x8x16xf32>
    ```
  }];
  let dependentDialects = ["::narrow::NarrowDialect"];
  let statistics = [Statistic<"numObservers", "observers", "Observers inserted">];
}

def NarrowSinkObservers : Pass<"narrow-sink-observers", "::mlir::ModuleOp"> {
  let summary = "take statistics of what a max pool keeps";
  let description = [{
    Moves each observer whose tensor only a max pool reads behind that pool, for calibration:
    what the pool discards needs no codes, and there is less to count. The tensor keeps its id. Ranges
    are found in what is observed here; the observers that get them, and with them the codes, stay
    before the pool.

    ```mlir
    %1 = narrow.observe %0 "relu" : tensor<1x8x8x16xf32>
    %2 = tosa.max_pool2d %1 {…} : (tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32>
    // becomes
    %1 = tosa.max_pool2d %0 {…} : (tensor<1x8x8x16xf32>) -> tensor<1x4x4x16xf32>
    %2 = narrow.observe %1 "relu" : tensor<1x4x4x16xf32>
    ```
  }];
  let statistics = [Statistic<"numMoved", "moved", "Observers moved">];
}

def NarrowVerifyObserved : Pass<"narrow-verify-observed", "::mlir::ModuleOp"> {
  let summary = "check the contract of the observed stage";
  let description = [{
    Reports every violation, changes nothing: ids of observers are unique,
    an observer is the only reader of what it observes, every operand of an op
    that will be quantized comes from an observer (maybe through ops that move
    codes), and the result of every such op goes into one.

    ```mlir
    %1 = narrow.observe %0 id "conv1" : tensor<1x8x8x16xf32>
    %2 = tosa.max_pool2d %0 {...} // error: "conv1" is observed and has another reader
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Annotated stage
//===----------------------------------------------------------------------===//

class SchemeOptions {
  list<Option> value = [
    Option<"scheme", "scheme", "std::string", "\"w8a8\"",
           "bits of weights and activations and what else docs/schemes.md lists: w8a8, w4a4, w4v16a8">,
    ListOption<"overrides", "override", "std::string",
           "<regex>=<scheme> for the ops whose id the regex matches as a whole; 'float' keeps an op float">
  ];
}

def NarrowImportTable : Pass<"narrow-import-table", "::mlir::ModuleOp"> {
  let summary = "derive the range of every observer from a calibration table";
  let description = [{
    Sets `range` on every activation observer by `method` (rules N21 to N24, N30 to
    N36); a rule `range` gives the tensors whose id matches another:

    - `minmax`: the extrema; `absmax`, `absmax-full`, `absmax-pow2`: the largest
      magnitude as 127, 127.5 or 128 steps, zero point 0; `ema`: moving averages
      of the extrema of batches, if the table has recorded them;
    - `percentile`: all but `100 - percentile` percent of the values at each end;
    - `mse`, `omse`: the interval of least mean error `|x - code(x)|^p`, p = 2.4 and
      2; `sqnr`: the same where clipped values weigh three times as much, each end
      by itself;
    - `aciq`, `aciq-laplace`, `aciq-gauss`, `octav`: optimal clipping values that
      are computed, from moments of the distribution or a fixed point;
    - `kl`: the threshold of least information loss;
    - `auto`: the one of these with least mean squared error.

    An interval always includes 0. Where the function that computes the tensor
    bounds its values (ReLU6, sigmoid, softmax) that interval is taken instead and
    marked `from = known`, unless `known-ranges` is false, a rule names the tensor, or a
    bound is 1000 or more, which exporters write to catch overflows. The
    method is noted in the range if it is not `minmax`. Tensors and
    channels that are constant in the table, zero or not, and a channel that exceeds
    all others by more than 2^20 get `narrow.notes`, which `narrow-assign-scales`
    reports.

    What is padded is included, unless it is beyond all of the tensor and nothing
    but maxima (or minima), each of an element of the tensor, reads it: it then has
    the code at the end. A sum in front of a softmax one of whose operands was seen
    at -1000 or below is masked and gets `narrow.float_reason`, as
    `narrow-insert-observers` does with masks that are constants.

    A reciprocal, root or logarithm of which codes leave less than 20 dB (rule N77)
    gets `narrow.float_reason`, a `tosa.clamp` to its range behind it, and the
    observers and ops around it that must not round what it reads or yields.

    Run after `narrow-assign-bit-width` where methods should know the bits; without
    a scheme they assume 8.

    The table must be finished, of this model, which is known by a hash of its
    content (ops, types, constants, ids), and hold exactly the observed ids. Otherwise
    the error says which tensors differ and how. Without the option `table`
    it is the one of the context, which `narrow-collect-statistics` or a driver has made.

    A table of ONNX Runtime, TensorRT, AIMET or tpu-mlir has ranges of the tensors of
    the source model, whose names ids are. They are taken as they are, cut where the
    function bounds them; any method but `minmax` is an error. The range
    names the tool. AIMET's ranges of weights, by the names of initializers (`narrow.name`
    of constants), go to `narrow-assign-granularity`.

    ```mlir
    %1 = narrow.observe %0 "relu" range <min = [0.0], max = [5.1]> : tensor<4xf32>
    ```
  }];
  let options = [
    Option<"table", "table", "std::string", "", "file of the calibration table">,
    Option<"method", "method", "std::string", "\"minmax\"", "how a range is chosen, see above">,
    ListOption<"ranges", "range", "std::string",
           "<regex>=<method> for the tensors whose id the regex matches as a whole">,
    Option<"percentile", "percentile", "::narrow::ExactDouble", "99.99", "percent of the values kept at each end, above 50 to 100">,
    Option<"useKnownRanges", "known-ranges", "bool", "true", "take ranges that follow from the function">
  ];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::tosa::TosaDialect"];
}

def NarrowAssignBitWidth : Pass<"narrow-assign-bit-width", "::mlir::ModuleOp"> {
  let summary = "decide the bits of every observed tensor, and observe the weights";
  let description = [{
    Gives each observer its `scheme`: activations asymmetric codes, one scale a
    tensor; those of 16 bits are symmetric, and what becomes a table has 8. Puts an observer with the `weight` flag on the constants that become
    codes: the weight of a contraction (id `<op id>/weight`, symmetric,
    restricted range) and constant activations such as the second operand of an
    addition (id `<op id>/operand<n>`, as activations).

    Where the scheme of a contraction has activations per token (`a8t`), what it reads
    becomes `per_token`: `narrow-assign-scales` gives it 16-bit codes, and
    `narrow-quantize` puts a `narrow.round_tokens` before the contraction. If who computes or
    who else reads that tensor cannot work with 16-bit codes, it is an error.

    Contractions with binary activations (`ab`) get `narrow.binary_input` for
    `narrow-binarize-inputs`.

    An op whose id or whose result's observer id is overridden with `float` gets
    `narrow.float_reason` and stays as it is. An override that matches no id is
    an error.

    ```mlir
    %w1 = narrow.observe %w "conv/weight" weight
            scheme <8 bits, symmetric, restricted, per_tensor> : tensor<16x3x3x8xf32>
    ```
  }];
  let options = SchemeOptions<>.value;
  let dependentDialects = ["::narrow::NarrowDialect"];
  let statistics = [Statistic<"numWeights", "weights", "Constants observed">,
                    Statistic<"numFloat", "float-ops", "Ops kept float by an override">,
                    Statistic<"numTokens", "token-inputs", "Contractions with a scale for each token">];
}

def NarrowBinarizeInputs : Pass<"narrow-binarize-inputs", "::mlir::ModuleOp"> {
  let summary = "contractions read signs";
  let description = [{
    Puts a `narrow.activation binarize` and an observer of codes -64 and 64 before each contraction
    with the attribute `narrow.binary_input`, which `narrow-assign-bit-width` gives those whose scheme
    ends in `ab`, and multiplies its weight by the mean magnitude of the input (N66), which
    `narrow-import-table` notes in `narrow.mean_magnitude` of the observer. A sign function of the
    network itself is replaced: its results have the magnitude one already.

    ```mlir
    %1 = narrow.observe %0 "x" range <…> scheme <…> {narrow.mean_magnitude = 5.000000e-01 : f64} : tensor<1x8x8x64xf32>
    %2 = tosa.conv2d %1, %w, %b, %z, %z {narrow.binary_input, narrow.id = "conv", …} : …
    // becomes
    %1 = narrow.observe %0 "x" range <…> scheme <…> : tensor<1x8x8x64xf32>
    %2 = narrow.activation binarize %1 : tensor<1x8x8x64xf32>
    %3 = narrow.observe %2 "conv/signs" range <min = [-1.0], max = [1.0], from = known>
           scheme <8 bits, symmetric, restricted, per_tensor, format = power_of_two> : tensor<1x8x8x64xf32>
    %4 = tosa.conv2d %3, %half_of_w, %b, %z, %z {narrow.id = "conv", …} : …
    ```
  }];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::tosa::TosaDialect"];
  let statistics = [Statistic<"numBinarized", "binarized", "Contractions that read signs">];
}

def NarrowAlignOperands : Pass<"narrow-align-operands", "::mlir::ModuleOp"> {
  let summary = "give what is added or joined the range of the result";
  let description = [{
    The operands and the result of an addition (a shortcut), of a concat, or of
    both (`which`) get one range, the smallest that has all of theirs (N47), and
    with it one scale and zero point. What several of them share is one group: a
    residual stream has one range from end to end. An operand that is added as an
    accumulator has no range and takes no part.

    `narrow-lower-to-integer` then adds codes without multiplying them, and a
    concat moves all codes: none is requantized.

    An op with an operand that is constant or stays float is left alone. A tensor
    whose scheme is not that of the result (other bits) keeps its range, with a
    remark. Ranges that were widened are no longer `known`, but
    `from = aligned`; a remark names those that lose 6 dB or more
    (a bit) by it.

    ```mlir
    %1 = narrow.observe %0 "x" scheme <…> range <min = [0.0], max = [4.0]> : tensor<1x8x8x4xf32>
    %2 = tosa.conv2d %1, %w, %b, %zp, %zp …
    %3 = tosa.add %1, %2 …
    %4 = narrow.observe %3 "sum" scheme <…> range <min = [-1.0], max = [3.0]> : tensor<1x8x8x4xf32>
    ```
    becomes
    ```mlir
    %1 = narrow.observe %0 "x" scheme <…> range <min = [-1.0], max = [4.0], from = aligned> …
    ...
    %4 = narrow.observe %3 "sum" scheme <…> range <min = [-1.0], max = [4.0], from = aligned> …
    ```
  }];
  let options = [
    Option<"which", "which", "std::string", "\"all\"", "ops whose operands are aligned: add, concat or all">
  ];
  let dependentDialects = ["::narrow::NarrowDialect"];
  let statistics = [Statistic<"numAligned", "aligned", "Observers in a group">,
                    Statistic<"numWidened", "widened", "Observers whose range was widened">];
}

def NarrowAssignGranularity : Pass<"narrow-assign-granularity", "::mlir::ModuleOp"> {
  let summary = "decide which elements share a scale";
  let description = [{
    Makes weights `per_channel` along the output channel axis unless the scheme
    says `pt`, and sets the `range` of every observed constant, of each channel or
    of the tensor, by `weight-method`: minimum and maximum, or any method of
    `narrow-import-table` but `ema`; a rule `range` gives the weights whose id
    matches (it ends in `/weight`) another. `absmax-full` and `absmax-pow2` drop
    `restricted`. Ranges that a table of another tool has for weights stay as they
    are where a scale is that of a channel or the tensor and no method is named. A
    depthwise weight with a channel multiplier has two channel axes; the longer gets
    the scales. Runs after
    `narrow-assign-bit-width`, with the same options.

    ```mlir
    %w1 = narrow.observe %w "conv/weight" weight range <min = [-1.0, -0.5], max = [0.5, 2.0]>
            scheme <8 bits, symmetric, restricted, per_channel, axis = 0> : tensor<2x3x3x8xf32>
    ```
  }];
  let options = SchemeOptions<>.value # [
    Option<"weightMethod", "weight-method", "std::string", "\"minmax\"", "how a range is chosen">,
    ListOption<"ranges", "range", "std::string",
           "<regex>=<method> for the weights whose id the regex matches as a whole">,
    Option<"percentile", "percentile", "::narrow::ExactDouble", "99.99", "percent of the values kept at each end, above 50 to 100">
  ];
  let dependentDialects = ["::narrow::NarrowDialect"];
}

def NarrowClusterChannels : Pass<"narrow-cluster-channels", "::mlir::ModuleOp"> {
  let summary = "let output channels of similar range share a scale";
  let description = [{
    Weights with a scheme `per_cluster` keep at most `group` different ranges: the
    logarithms of the channels' magnitudes are put into that many clusters of least
    squared distance, and each channel gets the largest range of its cluster (rule
    N72). Runs after `narrow-assign-granularity`. Channels of zeros are left alone.

    ```mlir
    %w1 = narrow.observe %w "w" weight range <min = [-1.0, -0.9, -0.1], max = [1.0, 0.9, 0.1]>
            scheme <8 bits, symmetric, restricted, per_cluster, axis = 0, group = 2> : tensor<3x1x1x4xf32>
    // becomes
    %w1 = narrow.observe %w "w" weight range <min = [-1.0, -1.0, -0.1], max = [1.0, 1.0, 0.1]> …
    ```
  }];
  let dependentDialects = ["::narrow::NarrowDialect"];
  let statistics = [Statistic<"numClustered", "clustered", "Weights whose channels share scales">];
}

def NarrowAssignScales : Pass<"narrow-assign-scales", "::mlir::ModuleOp"> {
  let summary = "compute the quantized type of every observer";
  let description = [{
    Computes each observer's `type` from its range and scheme (rules N6 to N8),
    with i8 storage, or i16 for activations of 16 bits. Then

    - an observer that feeds nothing but a concat takes the concat's type, so
      that the concat moves codes. (Another operand is requantized by
      `narrow-quantize`.)
    - a weight channel whose bias would exceed 2^30 at `scale_x * scale_w` gets
      the smallest larger scale at which it fits, and the range that its codes
      then cover; a channel of zeros, whose scale is free, one at which the bias
      has 20 bits.

    Runs again after ranges or schemes were edited by hand: types follow. Weights that
    `narrow-encode-weights` has made numbers of their scheme keep theirs.

    What happened to a tensor is listed in `narrow.notes` and reported as a
    remark.

    ```mlir
    %1 = narrow.observe %0 "relu" range <min = [0.0], max = [5.1]>
           scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.02:-128> : tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::quant::QuantDialect"];
  let statistics = [Statistic<"numAligned", "aligned", "Observers aligned with a concat">,
                    Statistic<"numWidened", "widened", "Weight channels whose scale was raised">];
}

def NarrowEncodeWeights : Pass<"narrow-encode-weights", "::mlir::ModuleOp"> {
  let summary = "replace weights by numbers of their format";
  let description = [{
    For weights whose scheme is not uniform: `per_vector` (VS-Quant), `per_group`,
    or a `format` (rules N61 to N71). Each channel's weights become integers times
    one scale; the constant is replaced by these products and the type by one with
    their scales and codes, so that `narrow-quantize` rounds to exactly these codes.
    Codes above 127 have i16 storage; `narrow-lower-to-integer` makes two
    convolutions of those. Formats whose smallest numbers are below what the 16 bits
    of the largest leave round these, and say so. A channel whose bias would not fit
    gets a larger scale, as in `narrow-assign-scales`.

    Scales (of groups, of channels with levels) are those of the largest weight, or of
    the least squared error with `search`, or where the weight's range was chosen by
    a method other than `minmax` and `absmax`; a remark names methods that look for something else.
    Codebooks, balanced, ternary and binary codes and shared exponents leave no choice,
    which a remark says of such methods too. The range says what was done.

    `narrow.encoded` names the scheme whose numbers the weights are, and their range
    becomes that of these numbers. Weights that have been encoded for their scheme are left alone. After
    an edit of the scheme or the weights they are encoded again, with a warning, since they are rounded twice.

    With `code-grid`, the observer keeps in `narrow.code_grid` what `narrow-round-weights` needs to
    choose other codes: the weight as it was, lists of the codes that the format allows, and
    for each group of weights, channel by channel, which list it has. The type's codes are then all
    those of the lists. `narrow-quantize` does not look at it: without
    the other pass, codes are the nearest.

    ```mlir
    %w1 = narrow.observe %w "w" weight range … type !quant.uniform<i8<-127:127>:f32:0, {0.02}>
            scheme <2 bits, symmetric, restricted, per_channel, axis = 0, format = ternary> …
    // becomes, with %c of -0.31, 0.0 and 0.31
    %w1 = narrow.observe %c "w" weight range … type !quant.uniform<i8<-1:1>:f32:0, {0.31}> …
    ```
  }];
  let options = [Option<"search", "search", "bool", "false", "scales of least squared error">,
                 Option<"codeGrid", "code-grid", "bool", "false",
                        "leave what narrow-round-weights needs to choose other codes of the format">];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::quant::QuantDialect",
                           "::mlir::tosa::TosaDialect"];
  let statistics = [Statistic<"numEncoded", "encoded", "Weights in a format of their own">,
                    Statistic<"numWide", "wide", "Of these, weights with codes above 8 bits">];
}

def NarrowRoundWeights : Pass<"narrow-round-weights", "::mlir::ModuleOp"> {
  let summary = "choose the code of every weight";
  let description = [{
    Replaces the weight of each contraction by numbers that its type can hold, `scale * code`,
    so that `narrow-quantize` finds the codes that were chosen here (rules N50 to N57):

    - `nearest`: ties as `ties` says;
    - `stochastic`: up or down by chance, so that the mean is exact. `seed` and the id of the op
      decide, not the order;
    - `gptq`: column by column, the columns that follow make up for the error;
    - `adaround`: up or down, learned by gradient descent on the error of the layer's output;
    - `adaquant`: as adaround, but weights move freely, and with them bias and scales;
    - `flexround`: as adaround, but weights are divided by learned factors; scales are learned too.

    The last four look at what each layer reads. Layers are rounded in the order of the network: a
    layer is given the input that the quantized network feeds it, after layers that are rounded
    already, and should give what the float network does there (`float-inputs`: the input
    of the float network, all layers at once). An activation that follows (ReLU, ReLU6) is part
    of the error, except with gptq. No output channel is worse on the data than with nearest.

    Weights with formats or groups of scales take part with gptq, adaround and stochastic if
    `narrow-encode-weights=code-grid` has left `narrow.code_grid` (rule N58): each weight gets a code
    that its format allows. Without it, and with the other methods, they keep their codes, which
    is an error where all weights are such.

    Memory is bounded: at most 8192 rows of a layer's input are kept, or the Gram matrix of at most 32768. Which rows
    is decided by `seed`; the result does not depend on the number of threads.

    A scale that was learned gives its channel the range that the codes cover.

    The network runs on the samples of `--data`. Instead of them, `inputs` is an .npz file with an array for each op, named by its id: what
    it reads, f32, samples along an axis before all others.

    ```mlir
    %w = "tosa.const"() <{values = dense<[[[[0.26, 0.46]]]]> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
    %1 = narrow.observe %w "conv/weight" weight … type !quant.uniform<i8<-7:7>:f32, 0.5> : tensor<1x1x1x2xf32>
    // becomes
    %w = "tosa.const"() <{values = dense<[[[[0.5, 0.5]]]]> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
    %1 = narrow.observe %w "conv/weight" weight … type !quant.uniform<i8<-7:7>:f32, 0.5> : tensor<1x1x1x2xf32>
    ```
  }];
  let options = [
    Option<"method", "method", "::narrow::numerics::WeightRounding", "::narrow::numerics::WeightRounding::Nearest",
           "how codes are chosen", "::narrow::getWeightRoundingValues()">,
    Option<"ties", "ties", "::narrow::numerics::Rounding", "::narrow::numerics::Rounding::HalfEven",
           "what nearest does with a tie", "::narrow::getTiesValues()">,
    Option<"seed", "seed", "uint32_t", "0", "of what is chosen by chance">,
    Option<"iterations", "iterations", "int64_t", "1000", "steps of adaround, adaquant and flexround for each layer">,
    Option<"damping", "damping", "::narrow::ExactDouble", "0.01", "of gptq: part of the mean of the Gram matrix's diagonal">,
    Option<"actOrder", "act-order", "bool", "false", "of gptq: columns with large input first">,
    Option<"floatInputs", "float-inputs", "bool", "false", "layers read what the float network computes">,
    Option<"inputs", "inputs", "std::string", "", "file of what the layers read (.npz)">
  ];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::quant::QuantDialect",
                           "::mlir::tosa::TosaDialect"];
  let statistics = [Statistic<"numWeights", "weights", "Weights rounded">,
                    Statistic<"numMoved", "moved", "Elements that got another code than the nearest">];
}

def NarrowMeasureChannels : Pass<"narrow-measure-channels", "::mlir::ModuleOp"> {
  let summary = "measure statistics of channels on samples";
  let description = [{
    Runs the network on the samples of `--data` and notes, for each channel (index of the last axis),

    - `distributions`, in the float stage: mean and deviation of what contractions compute,
      `narrow.channel_mean` and `narrow.channel_deviation`, where batch norm has not left them;
      `narrow-absorb-bias` reads them;
    - `maxima`, in the float stage: the largest magnitude of what contractions read, `narrow.channel_maximum` of the op
      that computes it; `narrow-smooth` reads it;
    - `errors`, in the annotated stage: the mean of what rounded weights add to each output of a contraction, for the
      inputs of the float network, `narrow.channel_error`; `narrow-correct-bias` reads it.

    Results do not depend on the number of threads.

    ```mlir
    %y = tosa.conv2d %x, %w, %b, … : …
    // becomes
    %y = tosa.conv2d %x, %w, %b, … {narrow.channel_mean = array<f32: 2.0>, narrow.channel_deviation = array<f32: 0.3>} : …
    ```
  }];
  let options = [Option<"statistics", "statistics", "std::string", "\"distributions\"",
                        "distributions, maxima or errors">];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::tosa::TosaDialect"];
}

def NarrowCorrectBias : Pass<"narrow-correct-bias", "::mlir::ModuleOp"> {
  let summary = "correct the mean error of rounded weights";
  let description = [{
    Bias correction (rule N44): rounding weights by e adds E[e * x] to the mean of
    each output channel. It is subtracted from the bias.

    - `analytic`: E[x] from what batch norm left of the distribution
      (`narrow.channel_mean`, `narrow.channel_deviation`, rule N43), through clamps,
      sums, concats and pooling. Taps that fall on padding count as if they did not,
      and the mean of a maximum is taken for that of its input: approximations.
    - `empirical`: the mean error of each output, attribute `narrow.channel_error`
      (array of f32) of the layer, as `narrow-measure-channels` measures it; padding, strides and
      groups are exact. The attribute is removed.

    Runs at the end of the annotated stage, after everything that chooses codes.

    ```mlir
    %w1 = narrow.observe %w "conv/weight" weight … type !quant.uniform<i8<-127:127>:f32, 1.0> : …
    %y = tosa.conv2d %x, %w1, %b, … {narrow.channel_error = array<f32: 0.25>} : … // %b becomes %b - 0.25
    ```
  }];
  let options = [Option<"method", "method", "std::string", "\"analytic\"", "analytic or empirical">];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::tosa::TosaDialect"];
  let statistics = [Statistic<"numCorrected", "corrected", "layers corrected">];
}

def NarrowVerifyAnnotated : Pass<"narrow-verify-annotated", "::mlir::ModuleOp"> {
  let summary = "check the contract of the annotated stage";
  let description = [{
    Reports every violation, changes nothing: ids are unique; every observer has
    range, scheme and type; the type is the one that follows from range and scheme,
    or, of a tensor that only a concat reads, the concat's; weights with a format
    are numbers of it; other weights lie within a range that was taken of them;
    the weight of every contraction that is not kept float is observed. So what
    was edited by hand is refused until the passes that it concerns have run again;
    `narrow-quantize` refuses it too.

    ```mlir
    // error: the type is not that of range and scheme; run --narrow-assign-scales
    %1 = narrow.observe %0 id "conv1" range [[-1.0, 3.0]] scheme "a8" type !quant.uniform<i8:f32, 1.0> : tensor<1x8x8x16xf32>
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Quantized stage
//===----------------------------------------------------------------------===//

def NarrowQuantize : Pass<"narrow-quantize", "::mlir::ModuleOp"> {
  let summary = "replace observers by quantize and dequantize";
  let description = [{
    The result simulates the integer network in float. Observers become
    `narrow.quantize` + `narrow.dequantize`; observed constants become codes,
    `quant.scast` and `narrow.dequantize`; each bias becomes i32 codes at
    `scale_x * scale_w` in the same form. An operand of a concat whose type
    differs from the concat's is requantized, and an operand of 16 bits for a
    function that becomes a table, to 8 bits from the same range. An average, an
    interpolation or a pad that has the parameters of its operand is rounded to
    them, unless all its numbers have codes.

    An op that cannot be quantized gets `narrow.float_reason`; an observer
    between two such ops disappears.

    ```mlir
    %1 = narrow.observe %0 "relu" … type !quant.uniform<i8:f32, 0.02:-128> : tensor<4xf32>
    // becomes
    %q = narrow.quantize %0 {narrow.id = "relu"} : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 0.02:-128>>
    %1 = narrow.dequantize %q : tensor<4x!quant.uniform<i8:f32, 0.02:-128>> to tensor<4xf32>
    ```
  }];
  let dependentDialects = ["::narrow::NarrowDialect", "::mlir::quant::QuantDialect",
                           "::mlir::tosa::TosaDialect"];
  let statistics = [Statistic<"numQuantized", "quantized-ops", "Ops that will compute on codes">,
                    Statistic<"numTokens", "token-inputs", "Contractions with a scale for each token">,
                    Statistic<"numFloat", "float-ops", "Ops that stay float">];
}

def NarrowVerifyQuantized : Pass<"narrow-verify-quantized", "::mlir::ModuleOp"> {
  let summary = "check the contract of the quantized stage";
  let description = [{
    Reports every violation, changes nothing: there are no observers; every op
    with a float tensor operand either has `narrow.float_reason` or reads
    dequantized values and is quantized afterwards; the scale of each bias is
    `scale_x * scale_w`; operands and result of a concat have one type.

    ```mlir
    %1 = tosa.add %x, %y : ... // error: its result is not quantized and it has no narrow.float_reason
    ```
  }];
}

#endif
