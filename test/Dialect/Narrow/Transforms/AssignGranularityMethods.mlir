// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w4a8 --narrow-assign-granularity="scheme=w4a8 weight-method=octav" | FileCheck %s --check-prefix=OCTAV
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w4pta8 --narrow-assign-granularity="scheme=w4pta8 weight-method=mse" | FileCheck %s --check-prefix=MSE
// RUN: narrow-opt %s --narrow-assign-bit-width --narrow-assign-granularity=weight-method=absmax | FileCheck %s --check-prefix=ABSMAX
// RUN: narrow-opt %s --narrow-assign-bit-width --narrow-assign-granularity=weight-method=absmax-full | FileCheck %s --check-prefix=FULL
// RUN: narrow-opt %s --narrow-assign-bit-width --narrow-assign-granularity=weight-method=absmax-pow2 | FileCheck %s --check-prefix=POW2
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w4a8 --narrow-assign-granularity="scheme=w4a8 weight-method=auto" | FileCheck %s --check-prefix=AUTO
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w4a8 --narrow-assign-granularity="scheme=w4a8 weight-method=kl range=.*/weight=octav,relu/weight=percentile:80" | FileCheck %s --check-prefix=RULE
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w4a8 --narrow-assign-granularity="scheme=w4a8 weight-method=octav" --mlir-disable-threading | FileCheck %s --check-prefix=OCTAV

// Channel 0 has an outlier, 1 is all zero, 2 is constant. [-a, a] is cut to what
// occurs, which gives the same scale; no method touches the constants.

// OCTAV: "conv/weight" weight range <min = [-0.8{{[0-9]*}}, 0.000000e+00, 5.000000e-01], max = [2.96{{[0-9]*}}, 0.000000e+00, 5.000000e-01], from = method "octav"> scheme <4 bits, symmetric, restricted, per_channel, axis = 0> 
// MSE: "conv/weight" weight range <min = [-0.8{{[0-9]*}}], max = [3.000000e+00], from = method "mse"> scheme <4 bits, symmetric, restricted, per_tensor> 
// ABSMAX: "conv/weight" weight range <min = [-0.8{{[0-9]*}}, 0.000000e+00, 5.000000e-01], max = [3.000000e+00, 0.000000e+00, 5.000000e-01], from = method "absmax"> scheme <8 bits, symmetric, restricted, per_channel, axis = 0> 

// All codes: A is 127.5 or 128 steps, so that 127 of them are less.
// FULL: "conv/weight" weight range <min = [-0.8{{[0-9]*}}, 0.000000e+00, 0.49803921{{[0-9]*}}], max = [2.98823{{[0-9]*}}, 0.000000e+00, 0.49803921{{[0-9]*}}], from = method "absmax-full"> scheme <8 bits, symmetric, per_channel, axis = 0> 
// POW2: "conv/weight" weight range <min = [-0.8{{[0-9]*}}, 0.000000e+00, 0.49609375], max = [2.97656{{[0-9]*}}, 0.000000e+00, 0.49609375], from = method "absmax-pow2"> scheme <8 bits, symmetric, per_channel, axis = 0> 

// Channels differ in what auto takes: octav and minmax.
// AUTO: "conv/weight" weight range <min = [-0.8{{[0-9]*}}, 0.000000e+00, 5.000000e-01], max = [2.96{{[0-9]*}}, 0.000000e+00, 5.000000e-01], from = method "auto"> scheme <4 bits, symmetric, restricted, per_channel, axis = 0> 

// The clamp that merges into the convolution names its weight too; the last rule wins.
// RULE: "conv/weight" weight range <min = [-0.7{{[0-9]*}}, 0.000000e+00, 5.000000e-01], max = [0.7{{[0-9]*}}, 0.000000e+00, 5.000000e-01], from = method "percentile"> scheme <4 bits, symmetric, restricted, per_channel, axis = 0> 
func.func @conv(%x: tensor<1x2x5x1xf32> {narrow.name = "x"}) -> tensor<1x1x1x3xf32> {
  %w = "tosa.const"() <{values = dense<[
    [[[0.0], [0.1], [-0.2], [0.3], [-0.4]], [[0.5], [-0.6], [0.7], [-0.8], [3.0]]],
    [[[0.0], [0.0], [0.0], [0.0], [0.0]], [[0.0], [0.0], [0.0], [0.0], [0.0]]],
    [[[0.5], [0.5], [0.5], [0.5], [0.5]], [[0.5], [0.5], [0.5], [0.5], [0.5]]]]> : tensor<3x2x5x1xf32>}> : () -> tensor<3x2x5x1xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<3xf32>}> : () -> tensor<3xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" : tensor<1x2x5x1xf32>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x2x5x1xf32>, tensor<3x2x5x1xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x3xf32>
  %2 = tosa.clamp %1 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu"} : (tensor<1x1x1x3xf32>) -> tensor<1x1x1x3xf32>
  %3 = narrow.observe %2 "relu" : tensor<1x1x1x3xf32>
  return %3 : tensor<1x1x1x3xf32>
}
