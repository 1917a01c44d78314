// RUN: narrow-opt %s --narrow-verify-float | FileCheck %s

// Nothing changes.
// CHECK-LABEL: func.func @main
// CHECK: tosa.conv2d
// CHECK: narrow.activation hard_swish
func.func @main(%x: tensor<1x2x4x4xf32> {narrow.name = "x"}) -> (tensor<1x4x4x3xf32> {narrow.name = "y"}) {
  %w = "tosa.const"() <{values = dense<1.0> : tensor<3x1x1x2xf32>}> : () -> tensor<3x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<1.0> : tensor<3xf32>}> : () -> tensor<3xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %t = tosa.transpose %x {narrow.id = "t", perms = array<i32: 0, 2, 3, 1>} : (tensor<1x2x4x4xf32>) -> tensor<1x4x4x2xf32>
  %c = tosa.conv2d %t, %w, %b, %z, %z {narrow.id = "c", acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<3x1x1x2xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x3xf32>
  %y = narrow.activation hard_swish %c {narrow.id = "y"} : tensor<1x4x4x3xf32>
  return %y : tensor<1x4x4x3xf32>
}
