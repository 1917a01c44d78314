// A convolution, two ops of the plugin, a convolution.
func.func @main(%x: tensor<1x8x8x4xf32> {narrow.name = "x"}) -> (tensor<1x8x8x4xf32> {narrow.name = "y"}) {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0, 0.25, 0.125]]], [[[0.25, 0.75, -0.5, 1.0]]], [[[1.0, 0.5, 0.5, -0.25]]], [[[-0.75, 0.25, 1.0, 0.5]]]]> : tensor<4x1x1x4xf32>}> : () -> tensor<4x1x1x4xf32>
  %b = "tosa.const"() <{values = dense<[0.1, -0.2, 0.0, 0.3]> : tensor<4xf32>}> : () -> tensor<4xf32>
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x4xf32>, tensor<4x1x1x4xf32>, tensor<4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x8x8x4xf32> loc("conv")
  %1 = own.softsign %0 : tensor<1x8x8x4xf32> loc("softsign")
  %2 = own.blend 0.75 of %1, %x : tensor<1x8x8x4xf32> loc("blend")
  %3 = tosa.conv2d %2, %w, %b, %zero, %zero {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x4xf32>, tensor<4x1x1x4xf32>, tensor<4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x8x8x4xf32> loc("y")
  return %3 : tensor<1x8x8x4xf32>
}
