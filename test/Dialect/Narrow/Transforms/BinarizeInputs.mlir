// RUN: narrow-opt %s --narrow-assign-bit-width="scheme=w8a8 override=(conv|other)=wbab,after_sign=wbab,kept=float" | FileCheck %s --check-prefix=BITS
// RUN: narrow-opt %s --narrow-assign-bit-width="scheme=w8a8 override=(conv|other)=wbab,after_sign=wbab,kept=float" --narrow-binarize-inputs 2>&1 | FileCheck %s

// Contractions read signs of what others, the addition here, read in 8 bits. The mean magnitude goes
// into the weights; two readers share the signs.
// BITS: tosa.conv2d {{.*}}narrow.binary_input, narrow.id = "conv"
// BITS: tosa.conv2d {{.*}}narrow.binary_input, narrow.id = "other"
// BITS-NOT: narrow.binary_input{{.*}}"kept"

// CHECK: remark: 'after_sign' reads signs of 'sign', which has no negative values: they are all 1
// CHECK-LABEL: func.func @main
// CHECK: %[[X:.*]] = narrow.observe %{{.*}} "x" range <min = [-1.000000e+00], max = [2.000000e+00]> scheme <8 bits, asymmetric, per_tensor> : tensor<1x4x4x2xf32>
// CHECK: %[[B:.*]] = narrow.activation binarize %[[X]] {narrow.id = "conv/signs"}
// CHECK: %[[S:.*]] = narrow.observe %[[B]] "conv/signs" range <min = [-1.000000e+00], max = [1.000000e+00], from = known> scheme <8 bits, symmetric, restricted, per_tensor, format = power_of_two>
// CHECK: %[[HALF:.*]] = "tosa.const"() <{values = dense<2.500000e-01> : tensor<2x1x1x2xf32>}>
// CHECK: %[[W:.*]] = narrow.observe %[[HALF]] "conv/weight" weight scheme <1 bits
// CHECK: tosa.conv2d %[[S]], %[[W]]
// CHECK-NOT: narrow.binary_input
// CHECK: %[[W2:.*]] = narrow.observe %{{.*}} "other/weight" weight
// CHECK: tosa.conv2d %[[S]], %[[W2]]
// CHECK: tosa.add %{{.*}}, %[[X]]
// The function of the network is replaced by the one of signs, with no factor.
// CHECK: %[[SUM:.*]] = narrow.observe %{{.*}} "add"
// CHECK-NOT: narrow.activation sign
// CHECK: narrow.activation binarize %[[SUM]] {narrow.id = "after_sign/signs"}
// CHECK: narrow.observe %{{.*}} "after_sign/signs"
// CHECK: tosa.conv2d {{.*}} "after_sign"
// CHECK-NOT: narrow.activation
// CHECK: tosa.conv2d {{.*}} "kept"
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [2.0]> {narrow.mean_magnitude = 0.5 : f64} : tensor<1x4x4x2xf32>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.observe %1 "conv" range <min = [-1.0], max = [2.0]> : tensor<1x4x4x2xf32>
  %3 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "other"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %4 = narrow.observe %3 "other" range <min = [-1.0], max = [2.0]> : tensor<1x4x4x2xf32>
  %5 = tosa.add %4, %0 {narrow.id = "add"} : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %6 = narrow.observe %5 "add" range <min = [-1.0], max = [2.0]> : tensor<1x4x4x2xf32>
  %7 = narrow.activation sign %6 {narrow.id = "sign"} : tensor<1x4x4x2xf32>
  %8 = narrow.observe %7 "sign" range <min = [0.0], max = [1.0], from = known> : tensor<1x4x4x2xf32>
  %9 = tosa.conv2d %8, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "after_sign"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %10 = narrow.observe %9 "after_sign" range <min = [-1.0], max = [2.0]> : tensor<1x4x4x2xf32>
  %11 = tosa.conv2d %10, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "kept"}
    : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %12 = narrow.observe %11 "kept" range <min = [-1.0], max = [2.0]> : tensor<1x4x4x2xf32>
  %13 = tosa.add %2, %12 {narrow.id = "last"} : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %14 = narrow.observe %13 "last" range <min = [-1.0], max = [2.0]> : tensor<1x4x4x2xf32>
  return %14 : tensor<1x4x4x2xf32>
}
