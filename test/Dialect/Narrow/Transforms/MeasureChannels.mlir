// RUN: rm -rf %t && mkdir -p %t && %npz columns %t/x.npz x=8x2x2x2
// RUN: narrow-opt %s --data %t/x.npz --narrow-float-pipeline --narrow-measure-channels | FileCheck %s --check-prefix=MEANS
// RUN: narrow-opt %s --data %t/x.npz --narrow-float-pipeline --narrow-measure-channels=statistics=maxima | FileCheck %s --check-prefix=MAXIMA
// RUN: narrow-opt %s --data %t/x.npz --narrow-float-pipeline --narrow-collect-statistics --narrow-observed-pipeline --narrow-annotated-pipeline="scheme=w2a8" --narrow-measure-channels=statistics=errors | FileCheck %s --check-prefix=ERRORS
// RUN: %exits 1 narrow-opt %s --data %t/x.npz --narrow-float-pipeline --narrow-measure-channels=statistics=errors 2>&1 | FileCheck %s --check-prefix=STAGE

// Samples are (0, 1) at every place: the first layer gives (1, 0.25) and the second, which reads its positive part, 1.25.
// MEANS: tosa.conv2d {{.*}}narrow.channel_deviation = array<f32: 0.000000e+00, 0.000000e+00>, narrow.channel_mean = array<f32: 1.000000e+00, -2.500000e-01>
// MEANS: tosa.conv2d {{.*}}narrow.channel_mean = array<f32: 7.500000e-01>
// MAXIMA: tosa.clamp {{.*}}narrow.channel_maximum = array<f32: 1.000000e+00, 0.000000e+00>
// Two bits have the codes -1, 0 and 1: weights become multiples of the largest of their output channel. What that adds to the
// first layer is 1 - 1 and -0.3 + 0.25; to the second, for the inputs (1, 0) of the float network, 1 - 0.75.
// ERRORS: tosa.conv2d {{.*}}narrow.channel_error = array<f32: 0.000000e+00, -0.0500000119>
// ERRORS: tosa.conv2d {{.*}}narrow.channel_error = array<f32: 2.500000e-01>
// STAGE: error: this looks like the float stage, not the annotated stage
func.func @main(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> (tensor<1x2x2x1xf32> {narrow.name = "y"}) {
  %w1 = "tosa.const"() <{values = dense<[[[[0.1, 1.0]]], [[[-0.3, -0.25]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b1 = "tosa.const"() <{values = dense<0.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %w2 = "tosa.const"() <{values = dense<[[[[0.75, 1.0]]]]> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
  %b2 = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w1, %b1, %zero, %zero {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32> loc("first")
  %1 = tosa.clamp %0 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> loc("relu")
  %2 = tosa.conv2d %1, %w2, %b2, %zero, %zero {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x2x2x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32> loc("y")
  return %2 : tensor<1x2x2x1xf32>
}
