// RUN: not narrow-opt %s --narrow-lower-to-integer=rounding=up 2>&1 | FileCheck %s
// CHECK: error: rounding must be 'single' or 'double', got 'up'
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
