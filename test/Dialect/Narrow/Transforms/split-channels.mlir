// RUN: narrow-opt %s --split-input-file --narrow-split-channels=fraction=0.3 --verify-diagnostics | FileCheck %s
// RUN: not narrow-opt %s --split-input-file --narrow-split-channels=fraction=0 2>&1 | FileCheck %s --check-prefix=FRACTION
// FRACTION: error: narrow-split-channels: fraction is above 0 and at most 1

// Channel 1 is read with the largest weight, 8: it is computed twice, and each copy is read with 4.
// CHECK-LABEL: @split
// CHECK-DAG: dense<{{\[\[\[\[}}1.000000e+00{{\]\]\], \[\[\[}}2.000000e+00{{\]\]\], \[\[\[}}3.000000e+00{{\]\]\], \[\[\[}}2.000000e+00{{\]\]\]\]}}> : tensor<4x1x1x1xf32>
// CHECK-DAG: dense<[1.000000e-01, 2.000000e-01, 3.000000e-01, 2.000000e-01]> : tensor<4xf32>
// CHECK-DAG: dense<{{\[\[\[\[}}5.000000e+00], [6.000000e+00], [7.000000e+00], [6.000000e+00{{\]\]\]\]}}> : tensor<1x1x4x1xf32>
// CHECK-DAG: dense<{{\[\[\[\[}}1.000000e+00, 4.000000e+00, 3.000000e+00, 4.000000e+00{{\]\]\]\]}}> : tensor<1x1x1x4xf32>
// CHECK-DAG: tosa.conv2d {{.*}} -> tensor<1x2x2x4xf32>
// CHECK-DAG: narrow.activation leaky_relu {{.*}} : tensor<1x2x2x4xf32>
// CHECK-DAG: tosa.depthwise_conv2d {{.*}} -> tensor<1x2x2x4xf32>
// CHECK: tosa.conv2d {{.*}} -> tensor<1x2x2x1xf32>
// expected-remark@+1 {{narrow-split-channels: 1 channels added at the input of 1 layers}}
func.func @split(%x: tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<[[[[1.0]]], [[[2.0]]], [[[3.0]]]]> : tensor<3x1x1x1xf32>}> : () -> tensor<3x1x1x1xf32>
  %b1 = "tosa.const"() <{values = dense<[0.1, 0.2, 0.3]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %wd = "tosa.const"() <{values = dense<[[[[5.0], [6.0], [7.0]]]]> : tensor<1x1x3x1xf32>}> : () -> tensor<1x1x3x1xf32>
  %w2 = "tosa.const"() <{values = dense<[[[[1.0, 8.0, 3.0]]]]> : tensor<1x1x1x3xf32>}> : () -> tensor<1x1x1x3xf32>
  %c1 = tosa.conv2d %x, %w1, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x1xf32>, tensor<3x1x1x1xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x3xf32>
  %r = narrow.activation leaky_relu %c1 alpha 0.1 : tensor<1x2x2x3xf32>
  %d = tosa.depthwise_conv2d %r, %wd, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x3xf32>, tensor<1x1x3x1xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x3xf32>
  %c2 = tosa.conv2d %d, %w2, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x3xf32>, tensor<1x1x1x3xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  return %c2 : tensor<1x2x2x1xf32>
}

// -----

// Channels that have other readers, and those of an input, stay.
// CHECK-LABEL: @left
// expected-remark@+1 {{narrow-split-channels: 0 channels added at the input of 0 layers}}
func.func @left(%x: tensor<1x2x2x1xf32>) -> (tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>) {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w = "tosa.const"() <{values = dense<1.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %c1 = tosa.conv2d %x, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %c2 = tosa.conv2d %c1, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  return %c1, %c2 : tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>
}
