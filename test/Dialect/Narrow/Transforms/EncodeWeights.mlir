// RUN: narrow-opt %s --narrow-encode-weights=search --split-input-file --verify-diagnostics | FileCheck %s
// RUN: narrow-opt %s --narrow-encode-weights --split-input-file | FileCheck %s --check-prefix=LARGEST
// RUN: narrow-opt %s --narrow-encode-weights --split-input-file 2>/dev/null | narrow-opt --narrow-verify-annotated --split-input-file -o /dev/null

// Weights of a scheme without a format are left alone.
// CHECK-LABEL: func.func @uniform
// CHECK: dense<{{\[\[\[\[}}5.000000e-01, -1.000000e+00, 2.500000e-01, 0.000000e+00]]]]>
// CHECK: "w" {{.*}} type !quant.uniform<i8<-7:7>:f32:0, {0.1
func.func @uniform(%x: tensor<1x2x2x4xf32> {narrow.name = "x"}) -> tensor<1x2x2x1xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0, 0.25, 0.0]]]]> : tensor<1x1x1x4xf32>}> : () -> tensor<1x1x1x4xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078431377187371254:-1> : tensor<1x2x2x4xf32>
  %1 = narrow.observe %w "w" weight range <min = [-1.0], max = [0.5]> scheme <4 bits, symmetric, restricted, per_channel, axis = 0> type !quant.uniform<i8<-7:7>:f32:0, {0.1428571492433548}> : tensor<1x1x1x4xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x4xf32>, tensor<1x1x1x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.023529412224888802:-128> : tensor<1x2x2x1xf32>
  return %3 : tensor<1x2x2x1xf32>
}

// -----

// The two large weights are +-alpha, their mean; the small ones 0. A channel of zeros
// keeps its scale, which the bias has chosen.
// CHECK-LABEL: func.func @ternary
// CHECK: dense<{{\[\[\[\[}}1.000000e+00, -1.000000e+00, 0.000000e+00, 0.000000e+00]]], {{\[\[\[}}0.000000e+00, 0.000000e+00, 0.000000e+00, 0.000000e+00]]]]>
// CHECK: "w" {{.*}} format = ternary> type !quant.uniform<i8<-1:1>:f32:0, {1.000000e+00,5.000000e-01}>
func.func @ternary(%x: tensor<1x2x2x4xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.75, -1.25, 0.25, 0.0]]], [[[0.0, 0.0, 0.0, 0.0]]]]> : tensor<2x1x1x4xf32>}> : () -> tensor<2x1x1x4xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078431377187371254:-1> : tensor<1x2x2x4xf32>
  %1 = narrow.observe %w "w" weight range <min = [-1.0, 0.0], max = [0.5, 0.0]> scheme <2 bits, symmetric, restricted, per_channel, axis = 0, format = ternary> type !quant.uniform<i8<-127:127>:f32:0, {0.01, 0.5}> : tensor<2x1x1x4xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x4xf32>, tensor<2x1x1x4xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.023529412224888802:-128> : tensor<1x2x2x2xf32>
  return %3 : tensor<1x2x2x2xf32>
}

// -----

// VS-Quant's example: groups of 4 with the scales 5, 1, 15.
// LARGEST-LABEL: func.func @vectors
// LARGEST: dense<{{\[\[\[\[}}3.000000e+01, -1.000000e+01, 5.000000e+00, 0.000000e+00, 4.000000e+00, 1.000000e+00, -3.000000e+00, 1.000000e+00, 1.050000e+02, -7.500000e+01, 1.500000e+01, 1.500000e+01]]]]>
// LARGEST: "w" {{.*}} type !quant.uniform<i8<-105:105>:f32:0, {1.000000e+00}>
// CHECK-LABEL: func.func @vectors
func.func @vectors(%x: tensor<1x2x2x12xf32> {narrow.name = "x"}) -> tensor<1x2x2x1xf32> {
  %w = "tosa.const"() <{values = dense<[[[[31.5, -10.5, 7.0, 1.75, 3.5, 1.4, -2.8, 0.7, 105.0, -70.0, 17.5, 8.75]]]]> : tensor<1x1x1x12xf32>}> : () -> tensor<1x1x1x12xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078431377187371254:-1> : tensor<1x2x2x12xf32>
  %1 = narrow.observe %w "w" weight range <min = [-70.0], max = [105.0]> scheme <4 bits, symmetric, restricted, per_vector, axis = 0, group = 4> type !quant.uniform<i8<-127:127>:f32:0, {0.01}> : tensor<1x1x1x12xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x12xf32>, tensor<1x1x1x12xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.023529412224888802:-128> : tensor<1x2x2x1xf32>
  return %3 : tensor<1x2x2x1xf32>
}

// -----

// The same groups with fine scales have 16 bits. Blocks that share exponents do if these
// differ by much; below 15 bits they are rounded.
// CHECK-LABEL: func.func @wide
// CHECK: "w" {{.*}} type !quant.uniform<i16<-{{[0-9]+}}:{{[0-9]+}}>:f32:0, {{{[-.E0-9]+}}}>
// CHECK: "v" {{.*}} type !quant.uniform<i8<-12:12>:f32:0, {2.500000e-01}>
// CHECK: "u" {{.*}} type !quant.uniform<i16<-16384:16384>:f32:0, {6.103515625E-5}> unrounded {{.*}} {narrow.encoded = #narrow.scheme<8 bits, symmetric, restricted, per_group, axis = 0, group = 2, format = mxint8>, narrow.notes = ["1 weights are so much smaller than the largest of their channel that their last bits are rounded"]
func.func @wide(%x: tensor<1x2x2x8xf32> {narrow.name = "x"}) -> tensor<1x2x2x1xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.3, -0.1, 0.7, 0.15, 0.03, 0.01, -0.02, 0.07]]]]> : tensor<1x1x1x8xf32>}> : () -> tensor<1x1x1x8xf32>
  %v4 = "tosa.const"() <{values = dense<[[[[3.0, -1.5, 0.5, 0.25]]]]> : tensor<1x1x1x4xf32>}> : () -> tensor<1x1x1x4xf32>
  %u = "tosa.const"() <{values = dense<[[[[1.0, 0.0, 0.00001, 0.0]]]]> : tensor<1x1x1x4xf32>}> : () -> tensor<1x1x1x4xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %start = tosa.const_shape {values = dense<0> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 2, 2, 4]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078431377187371254:-1> : tensor<1x2x2x8xf32>
  %1 = narrow.observe %w "w" weight range <min = [-0.1], max = [0.7]> scheme <4 bits, symmetric, restricted, per_group, axis = 0, group = 4> type !quant.uniform<i8<-127:127>:f32:0, {0.01}> : tensor<1x1x1x8xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x8xf32>, tensor<1x1x1x8xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.023529412224888802:-128> : tensor<1x2x2x1xf32>
  %4 = tosa.slice %0, %start, %size : (tensor<1x2x2x8xf32>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x2x2x4xf32>
  %5 = narrow.observe %v4 "v" weight range <min = [-1.5], max = [3.0]> scheme <4 bits, symmetric, restricted, per_group, axis = 0, group = 32, format = mxfp4> type !quant.uniform<i8<-127:127>:f32:0, {0.01}> : tensor<1x1x1x4xf32>
  %6 = tosa.conv2d %4, %5, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x4xf32>, tensor<1x1x1x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %7 = narrow.observe %6 "conv2" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.023529412224888802:-128> : tensor<1x2x2x1xf32>
  // expected-remark@+1 {{'u': 1 weights are so much smaller than the largest of their channel that their last bits are rounded}}
  %8 = narrow.observe %u "u" weight range <min = [0.0], max = [1.0]> scheme <8 bits, symmetric, restricted, per_group, axis = 0, group = 2, format = mxint8> type !quant.uniform<i8<-127:127>:f32:0, {0.01}> : tensor<1x1x1x4xf32>
  %9 = tosa.conv2d %4, %8, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x4xf32>, tensor<1x1x1x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %10 = narrow.observe %9 "conv3" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.023529412224888802:-128> : tensor<1x2x2x1xf32>
  %11 = tosa.add %3, %7 : (tensor<1x2x2x1xf32>, tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  %12 = narrow.observe %11 "sum" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.023529412224888802:-128> : tensor<1x2x2x1xf32>
  return %12 : tensor<1x2x2x1xf32>
}

// -----

// The codebook of both channels: 2 bits are four numbers, at each channel's scale.
// CHECK-LABEL: func.func @codebook
// CHECK: dense<{{\[\[\[\[}}1.000000e+00, -1.000000e+00, 5.039370e-01, 0.000000e+00, 5.039370e-01]]], {{\[\[\[}}2.000000e+00, -2.000000e+00, 1.007874{{.*}}, 0.000000e+00, 1.007874
// CHECK: "w" {{.*}} type !quant.uniform<i8<-127:127>:f32:0, {0.0078740157186985015,0.015748031437397003}>
func.func @codebook(%x: tensor<1x2x2x5xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %w = "tosa.const"() <{values = dense<[[[[1.0, -1.0, 0.5, 0.0, 0.5]]], [[[2.0, -2.0, 1.0, 0.0, 1.0]]]]> : tensor<2x1x1x5xf32>}> : () -> tensor<2x1x1x5xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078431377187371254:-1> : tensor<1x2x2x5xf32>
  %1 = narrow.observe %w "w" weight range <min = [-1.0, -2.0], max = [1.0, 2.0]> scheme <2 bits, symmetric, restricted, per_channel, axis = 0, format = codebook> type !quant.uniform<i8<-127:127>:f32:0, {0.01, 0.01}> : tensor<2x1x1x5xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x5xf32>, tensor<2x1x1x5xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.023529412224888802:-128> : tensor<1x2x2x2xf32>
  return %3 : tensor<1x2x2x2xf32>
}

// -----

// Vectors of tiny weights beside a bias of 100: the scale grows, codes shrink with it.
// CHECK-LABEL: func.func @bias
// CHECK: "w" {{.*}} type !quant.uniform<i8<-1:1>:f32:0, {1.18{{.*}}E-5}>
func.func @bias(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x1xf32> {
  %w = "tosa.const"() <{values = dense<[[[[1.0e-8, -1.0e-9]]]]> : tensor<1x1x1x2xf32>}> : () -> tensor<1x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<100.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078431377187371254:-1> : tensor<1x2x2x2xf32>
  %1 = narrow.observe %w "w" weight range <min = [-1.0e-9], max = [1.0e-8]> scheme <4 bits, symmetric, restricted, per_vector, axis = 0, group = 1> type !quant.uniform<i8<-127:127>:f32:0, {0.01}> : tensor<1x1x1x2xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x2xf32>, tensor<1x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.023529412224888802:-128> : tensor<1x2x2x1xf32>
  return %3 : tensor<1x2x2x1xf32>
}
