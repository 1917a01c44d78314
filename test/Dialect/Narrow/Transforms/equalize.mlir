// RUN: narrow-opt %s --split-input-file --narrow-equalize --verify-diagnostics | FileCheck %s
// RUN: narrow-opt %s --split-input-file --narrow-equalize=replace-clamp 2>%t.remarks | FileCheck %s --check-prefix=REPLACE
// RUN: FileCheck %s --check-prefix=REMARK --input-file=%t.remarks

// Nagel et al. 2019 on two channels: the ranges 4 and 0.5 become sqrt(2), 0.2 and 8 become sqrt(1.6).
// CHECK-LABEL: @pair
// CHECK-DAG: dense<{{\[\[\[\[}}1.41421354, -0.707106769{{\]\]\], \[\[\[}}0.632455527, 1.26491106{{\]\]\]\]}}> : tensor<2x1x1x2xf32>
// CHECK-DAG: dense<[0.176776692, 0.632455527]> : tensor<2xf32>
// CHECK-DAG: dense<{{\[\[\[\[}}1.41421354, 1.26491106{{\]\]\], \[\[\[}}-0.707106769, 0.316227764{{\]\]\]\]}}> : tensor<2x1x1x2xf32>
// CHECK-DAG: dense<0.000000e+00> : tensor<2xf32>
// expected-remark@+1 {{narrow-equalize: 2 channels between 1 pair of layers, 2 sweeps}}
func.func @pair(%x: tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<[[[[4.0, -2.0]]], [[[0.1, 0.2]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b1 = "tosa.const"() <{values = dense<[0.5, 0.1]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %w2 = "tosa.const"() <{values = dense<[[[[0.5, 8.0]]], [[[-0.25, 2.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b2 = "tosa.const"() <{values = dense<0.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %c1 = tosa.conv2d %x, %w1, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %r = tosa.clamp %c1 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  %c2 = tosa.conv2d %r, %w2, %b2, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  return %c2 : tensor<1x1x1x2xf32>
}

// -----

// Between a row of 4 and a column of 0.25 through a depthwise weight of 8: all become the cube root of 8.
// The pairs are visited until they agree.
// CHECK-LABEL: @triple
// CHECK-DAG: dense<1.999{{[0-9]*}}> : tensor<1x1x1x1xf32>
// CHECK-DAG: dense<2.00{{[0-9]*}}> : tensor<1x1x1x1xf32>
// expected-remark@+1 {{narrow-equalize: 2 channels between 2 pairs of layers}}
func.func @triple(%x: tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<4.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %w2 = "tosa.const"() <{values = dense<8.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %w3 = "tosa.const"() <{values = dense<0.25> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %c1 = tosa.conv2d %x, %w1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %c2 = tosa.depthwise_conv2d %c1, %w2, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %c3 = tosa.conv2d %c2, %w3, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  return %c3 : tensor<1x1x1x1xf32>
}

// -----

// A channel without weights on one side keeps its scale: 0 where it is computed, 0 where it is read.
// CHECK-LABEL: @zero
// CHECK-DAG: dense<{{\[\[\[\[}}0.000000e+00{{\]\]\], \[\[\[}}3.000000e+00{{\]\]\]\]}}>
// CHECK-DAG: dense<{{\[\[\[\[}}2.000000e+00, 0.000000e+00{{\]\]\]\]}}>
// expected-remark@+1 {{narrow-equalize: 2 channels between 1 pair of layers, 1 sweep}}
func.func @zero(%x: tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<[[[[0.0]]], [[[3.0]]]]> : tensor<2x1x1x1xf32>}> : () -> tensor<2x1x1x1xf32>
  %b1 = "tosa.const"() <{values = dense<[1.0, 2.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %w2 = "tosa.const"() <{values = dense<[[[[2.0, 0.0]]]]> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
  %c1 = tosa.conv2d %x, %w1, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x1xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %c2 = tosa.conv2d %c1, %w2, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  return %c2 : tensor<1x1x1x1xf32>
}

// -----

// The bias may grow to 256 times the largest weight: with 1e-4 and 1 equal, 0.01 each, the bias of 50 would be
// 5000. It is 256 * 0.01 already and stays.
// CHECK-LABEL: @bias
// CHECK-DAG: dense<5.000000e+01> : tensor<1xf32>
// CHECK-DAG: dense<9.99999974E-5> : tensor<1x1x1x1xf32>
// expected-remark@+1 {{narrow-equalize: 1 channels between 1 pair of layers, 1 sweep}}
func.func @bias(%x: tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<1.0e-4> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %b1 = "tosa.const"() <{values = dense<50.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w2 = "tosa.const"() <{values = dense<1.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %c1 = tosa.conv2d %x, %w1, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %c2 = tosa.conv2d %c1, %w2, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  return %c2 : tensor<1x1x1x1xf32>
}

// -----

// ReLU6 does not keep a factor.
// CHECK-LABEL: @relu6
// CHECK-DAG: dense<4.000000e+00> : tensor<1x1x1x1xf32>
// CHECK: tosa.clamp {{.*}}max_val = 6.000000e+00
// REPLACE-LABEL: @relu6
// REPLACE-NOT: dense<4.000000e+00>
// REPLACE: dense<2.000000e+00> : tensor<1x1x1x1xf32>
// REPLACE: tosa.clamp {{.*}}max_val = 3.40282347E+38
// REMARK: remark: 'relu6': the bound 6{{.*}} is dropped so that its channels can be equalized: results change where it was exceeded
// expected-remark@+2 {{no layers whose channels could be equalized}}
// expected-remark@+1 {{narrow-equalize: 1 clamps with an upper bound, such as 'relu6', keep the channels around them from being equalized; replace-clamp (--equalize=relu) makes them ReLU}}
func.func @relu6(%x: tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<4.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %w2 = "tosa.const"() <{values = dense<1.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %c1 = tosa.conv2d %x, %w1, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %r = tosa.clamp %c1 {min_val = 0.0 : f32, max_val = 6.0 : f32, narrow.id = "relu6"} : (tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %c2 = tosa.conv2d %r, %w2, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  return %c2 : tensor<1x1x1x1xf32>
}

// -----

// What is returned, and what goes through a sigmoid, keeps its scale.
// CHECK-LABEL: @pinned
// CHECK: dense<4.000000e+00> : tensor<1x1x1x1xf32>
// expected-remark@+1 {{no layers whose channels could be equalized}}
func.func @pinned(%x: tensor<1x1x1x1xf32>) -> (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>) {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<4.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %w2 = "tosa.const"() <{values = dense<1.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %c1 = tosa.conv2d %x, %w1, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %c2 = tosa.conv2d %c1, %w2, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %s = tosa.sigmoid %c2 : (tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  return %c1, %s : tensor<1x1x1x1xf32>, tensor<1x1x1x1xf32>
}
