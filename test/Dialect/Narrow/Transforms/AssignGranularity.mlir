// RUN: narrow-opt %s --narrow-assign-bit-width --narrow-assign-granularity --split-input-file | FileCheck %s --check-prefixes=CHECK,PC
// RUN: narrow-opt %s --narrow-assign-bit-width --narrow-assign-granularity=scheme=w8pta8 --split-input-file | FileCheck %s --check-prefixes=CHECK,PT
// RUN: narrow-opt %s --narrow-assign-bit-width --narrow-assign-granularity="override=conv|dw|dwm=w8pta8" --split-input-file | FileCheck %s --check-prefixes=CHECK,PT

// Ranges come from the constant, splats included; constant activations have one.
// CHECK-LABEL: func.func @conv
// PC: narrow.observe %{{.*}} "conv/weight" weight range <min = [-2.000000e+00, 2.500000e-01], max = [5.000000e-01, 7.500000e-01]> scheme <8 bits, symmetric, restricted, per_channel, axis = 0> :
// PT: narrow.observe %{{.*}} "conv/weight" weight range <min = [-2.000000e+00], max = [7.500000e-01]> scheme <8 bits, symmetric, restricted, per_tensor> :
// CHECK: narrow.observe %{{.*}} "add/operand1" weight range <min = [2.500000e-01], max = [2.500000e-01]> scheme <8 bits, asymmetric, per_tensor> :
func.func @conv(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -2.0]]], [[[0.25, 0.75]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %k = "tosa.const"() <{values = dense<0.25> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
  %0 = narrow.observe %x "x" : tensor<1x2x2x2xf32>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %2 = tosa.add %1, %k {narrow.id = "add"} : (tensor<1x2x2x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x2x2x2xf32>
  %3 = narrow.observe %2 "add" : tensor<1x2x2x2xf32>
  return %3 : tensor<1x2x2x2xf32>
}

// -----

// Depthwise [KH, KW, C, M]: the channels lie on axis 2.
// CHECK-LABEL: func.func @depthwise
// PC: "dw/weight" weight range <min = [-1.000000e+00, -5.000000e+00], max = [3.000000e+00, 2.000000e+00]> scheme <8 bits, symmetric, restricted, per_channel, axis = 2> :
// PT: "dw/weight" weight range <min = [-5.000000e+00], max = [3.000000e+00]> scheme <8 bits, symmetric, restricted, per_tensor> :
func.func @depthwise(%x: tensor<1x2x1x2xf32> {narrow.name = "x"}) -> tensor<1x1x1x2xf32> {
  %w = "tosa.const"() <{values = dense<[[[[-1.0], [2.0]]], [[[3.0], [-5.0]]]]> : tensor<2x1x2x1xf32>}> : () -> tensor<2x1x2x1xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" : tensor<1x2x1x2xf32>
  %1 = tosa.depthwise_conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "dw"}
    : (tensor<1x2x1x2xf32>, tensor<2x1x2x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %2 = narrow.observe %1 "dw.out" : tensor<1x1x1x2xf32>
  return %2 : tensor<1x1x1x2xf32>
}

// -----

// A channel multiplier: scales along the longer of the axes 2 and 3.
// CHECK-LABEL: func.func @multiplier
// PC: "dwm/weight" weight range <min = [1.000000e+00, 2.000000e+00, 3.000000e+00], max = [4.000000e+00, 5.000000e+00, 6.000000e+00]> scheme <8 bits, symmetric, restricted, per_channel, axis = 3> :
// PT: "dwm/weight" weight range <min = [1.000000e+00], max = [6.000000e+00]> scheme <8 bits, symmetric, restricted, per_tensor> :
func.func @multiplier(%x: tensor<1x1x1x2xf32> {narrow.name = "x"}) -> tensor<1x1x1x6xf32> {
  %w = "tosa.const"() <{values = dense<[[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]> : tensor<1x1x2x3xf32>}> : () -> tensor<1x1x2x3xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<6xf32>}> : () -> tensor<6xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" : tensor<1x1x1x2xf32>
  %1 = tosa.depthwise_conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "dwm"}
    : (tensor<1x1x1x2xf32>, tensor<1x1x2x3xf32>, tensor<6xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x6xf32>
  %2 = narrow.observe %1 "dwm.out" : tensor<1x1x1x6xf32>
  return %2 : tensor<1x1x1x6xf32>
}
