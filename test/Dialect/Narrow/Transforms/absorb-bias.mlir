// RUN: narrow-opt %s --split-input-file --narrow-absorb-bias --verify-diagnostics | FileCheck %s

// Nagel et al. 2019 on three channels: means 2, -0.5, 0.4 and deviations 0.3, 1, 0.2 leave 1.1, 0, 0. The weights
// 1, 2, -3 of the next layer read them.
// CHECK-LABEL: @relu
// CHECK-DAG: dense<[0.900000035, 1.000000e+00, 1.000000e+00]> : tensor<3xf32>
// CHECK-DAG: dense<1.500000e+00> : tensor<3x1x1x1xf32>
// CHECK-DAG: dense<1.5999999> : tensor<1xf32>
// CHECK-DAG: tosa.conv2d {{.*}}narrow.channel_deviation = array<f32: 3.000000e-01, 1.000000e+00, 2.000000e-01>, narrow.channel_mean = array<f32: 0.900000035, -5.000000e-01, 4.000000e-01>
// expected-remark@+1 {{narrow-absorb-bias: biases of 1 channels moved}}
func.func @relu(%x: tensor<1x2x2x1xf32>) -> tensor<1x1x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<1.5> : tensor<3x1x1x1xf32>}> : () -> tensor<3x1x1x1xf32>
  %b1 = "tosa.const"() <{values = dense<[2.0, 1.0, 1.0]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %w2 = "tosa.const"() <{values = dense<[[[[1.0, 2.0, -3.0]]]]> : tensor<1x1x1x3xf32>}> : () -> tensor<1x1x1x3xf32>
  %b2 = "tosa.const"() <{values = dense<0.5> : tensor<1xf32>}> : () -> tensor<1xf32>
  %c1 = tosa.conv2d %x, %w1, %b1, %z, %z {acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>,
      narrow.channel_mean = array<f32: 2.0, -0.5, 0.4>, narrow.channel_deviation = array<f32: 0.3, 1.0, 0.2>}
    : (tensor<1x2x2x1xf32>, tensor<3x1x1x1xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x3xf32>
  %r = tosa.clamp %c1 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x4x4x3xf32>) -> tensor<1x4x4x3xf32>
  %p = tosa.avg_pool2d %r, %z, %z {kernel = array<i64: 4, 4>, stride = array<i64: 4, 4>, pad = array<i64: 0, 0, 0, 0>, acc_type = f32}
    : (tensor<1x4x4x3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x3xf32>
  %c2 = tosa.conv2d %p, %w2, %b2, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x3xf32>, tensor<1x1x1x3xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  return %c2 : tensor<1x1x1x1xf32>
}

// -----

// Nothing between: the whole mean moves. The depthwise weights 1, 2, 3, 4 see it four times.
// CHECK-LABEL: @identity
// CHECK-DAG: dense<2.500000e+00> : tensor<1xf32>
// CHECK-DAG: dense<-5.000000e+00> : tensor<1xf32>
// expected-remark@+1 {{narrow-absorb-bias: biases of 1 channels moved}}
func.func @identity(%x: tensor<1x2x2x1xf32>) -> tensor<1x1x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %b1 = "tosa.const"() <{values = dense<2.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<1.5> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %w2 = "tosa.const"() <{values = dense<[[[[1.0]], [[2.0]]], [[[3.0]], [[4.0]]]]> : tensor<2x2x1x1xf32>}> : () -> tensor<2x2x1x1xf32>
  %c1 = tosa.conv2d %x, %w1, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>,
      narrow.channel_mean = array<f32: -0.5>, narrow.channel_deviation = array<f32: 7.0>}
    : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %c2 = tosa.depthwise_conv2d %c1, %w2, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x1xf32>, tensor<2x2x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  return %c2 : tensor<1x1x1x1xf32>
}

// -----

// Padding with 0 would not see what was absorbed.
// CHECK-LABEL: @padded
// CHECK: dense<2.000000e+00> : tensor<1xf32>
// expected-remark@+1 {{narrow-absorb-bias: biases of 0 channels moved; 1 pairs of layers left alone because the second pads with 0; 1 because nothing is known of the first's results}}
func.func @padded(%x: tensor<1x2x2x1xf32>) -> tensor<1x3x3x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %b1 = "tosa.const"() <{values = dense<2.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<1.5> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %w2 = "tosa.const"() <{values = dense<[[[[1.0], [2.0]], [[3.0], [4.0]]]]> : tensor<1x2x2x1xf32>}> : () -> tensor<1x2x2x1xf32>
  %c1 = tosa.conv2d %x, %w1, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>,
      narrow.channel_mean = array<f32: 2.0>, narrow.channel_deviation = array<f32: 0.1>}
    : (tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %r = tosa.clamp %c1 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  %c2 = tosa.conv2d %r, %w2, %b1, %z, %z {acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x1xf32>
  %r2 = tosa.clamp %c2 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x3x3x1xf32>) -> tensor<1x3x3x1xf32>
  %c3 = tosa.conv2d %r2, %w1, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x3x3x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x1xf32>
  return %c3 : tensor<1x3x3x1xf32>
}
