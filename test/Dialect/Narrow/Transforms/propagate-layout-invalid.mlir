// RUN: narrow-opt %s --narrow-propagate-layout --verify-diagnostics

// expected-error @+1 {{narrow-propagate-layout needs static shapes; give the shape of the inputs when you import the model}}
func.func @main(%x: tensor<1x8x8x?xf32>) -> tensor<1x?x8x8xf32> {
  %t = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x8x8x?xf32>) -> tensor<1x?x8x8xf32>
  return %t : tensor<1x?x8x8xf32>
}
