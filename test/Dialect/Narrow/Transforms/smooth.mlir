// RUN: narrow-opt %s --split-input-file --narrow-smooth --verify-diagnostics | FileCheck %s
// RUN: not narrow-opt %s --split-input-file --narrow-smooth=alpha=1.5 2>&1 | FileCheck %s --check-prefix=ALPHA
// ALPHA: error: narrow-smooth: alpha is between 0 and 1

// The figure of the SmoothQuant paper. The factors are 1, 4.899, 1, 3; scale and offset of the norm take the
// division.
// CHECK-LABEL: @norm
// CHECK-DAG: dense<{{\[\[\[\[}}1.000000e+00, 0.204124153, 1.000000e+00, 0.333333343{{\]\]\]\]}}> : tensor<1x1x1x4xf32>
// CHECK-DAG: dense<{{\[\[\[\[}}2.000000e+00, 0.408248305, 2.000000e+00, 0.666666686{{\]\]\]\]}}> : tensor<1x1x1x4xf32>
// CHECK-DAG: dense<{{\[\[\[\[}}2.000000e+00, 4.89897966, 2.000000e+00, -3.000000e+00{{\]\]\], \[\[\[}}1.000000e+00, -4.89897966, -1.000000e+00, -3.000000e+00{{\]\]\], \[\[\[}}-2.000000e+00, -4.89897966, -2.000000e+00, 3.000000e+00{{\]\]\]\]}}>
// CHECK-NOT: narrow.channel_maximum
// expected-remark@+1 {{narrow-smooth: 2 channels of 1 inputs}}
func.func @norm(%x: tensor<1x2x1x4xf32>) -> tensor<1x2x1x3xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %gamma = "tosa.const"() <{values = dense<1.0> : tensor<1x1x1x4xf32>}> : () -> tensor<1x1x1x4xf32>
  %beta = "tosa.const"() <{values = dense<2.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %w = "tosa.const"() <{values = dense<[[[[2.0, 1.0, 2.0, -1.0]]], [[[1.0, -1.0, -1.0, -1.0]]], [[[-2.0, -1.0, -2.0, 1.0]]]]> : tensor<3x1x1x4xf32>}> : () -> tensor<3x1x1x4xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<3xf32>}> : () -> tensor<3xf32>
  %t = tosa.tanh %x : (tensor<1x2x1x4xf32>) -> tensor<1x2x1x4xf32>
  %m = tosa.mul %t, %gamma, %shift : (tensor<1x2x1x4xf32>, tensor<1x1x1x4xf32>, tensor<1xi8>) -> tensor<1x2x1x4xf32>
  %n = tosa.add %m, %beta {narrow.channel_maximum = array<f32: 2.0, 24.0, 2.0, 9.0>} : (tensor<1x2x1x4xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x1x4xf32>
  %y = tosa.conv2d %n, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x1x4xf32>, tensor<3x1x1x4xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x3xf32>
  return %y : tensor<1x2x1x3xf32>
}

// -----

// The result of tanh cannot be divided; a channel of which nothing is known, or that is 0, is not.
// CHECK-LABEL: @left
// CHECK: dense<5.000000e-01> : tensor<1x1x1x1xf32>
// expected-remark@+1 {{narrow-smooth: 0 channels of 0 inputs}}
func.func @left(%x: tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w = "tosa.const"() <{values = dense<0.5> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %t = tosa.tanh %x {narrow.channel_maximum = array<f32: 2.0>} : (tensor<1x2x1x1xf32>) -> tensor<1x2x1x1xf32>
  %a = tosa.conv2d %t, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x1xf32>
  %b = tosa.conv2d %a, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.channel_maximum = array<f32: 0.0>}
    : (tensor<1x2x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x1xf32>
  %y = tosa.conv2d %b, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x1x1xf32>
  return %y : tensor<1x2x1x1xf32>
}
