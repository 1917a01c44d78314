// RUN: not narrow-opt %s --narrow-lower-to-integer=rounding=up 2>&1 | FileCheck %s
// CHECK: error: rounding must be 'single' or 'double', got 'up'
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tosa.reverse %x {axis = 0 : i32, narrow.id = "y"} : (tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
