// The three ops of the plugin between two convolutions.
func.func @main(%x: tensor<1x8x8x4xf32> {narrow.name = "x"}) -> (tensor<1x8x8x4xf32> {narrow.name = "y"}) {
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0, 0.25, 0.125]]], [[[0.25, 0.75, -0.5, 1.0]]], [[[1.0, 0.5, 0.5, -0.25]]], [[[-0.75, 0.25, 1.0, 0.5]]]]> : tensor<4x1x1x4xf32>}> : () -> tensor<4x1x1x4xf32>
  %b = "tosa.const"() <{values = dense<[0.1, -0.2, 0.0, 0.3]> : tensor<4xf32>}> : () -> tensor<4xf32>
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %zero, %zero {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x4xf32>, tensor<4x1x1x4xf32>, tensor<4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x8x8x4xf32> loc("conv")
  %1 = own.softsign %0 : tensor<1x8x8x4xf32> loc("softsign")
  %2 = own.blend 0.75 of %1, %x : tensor<1x8x8x4xf32> loc("blend")
  %ring = "tosa.const"() <{values = dense<[[[-0.52, 0.09, -0.26, 0.21], [0.25, -0.87, -0.97, 0.67], [-0.48, -0.53, 0.99, -0.06]], [[0.67, -0.05, 0.28, -0.70], [0.27, 0.74, 0.05, 0.48], [0.34, -0.87, 0.52, 0.18]], [[-0.40, -0.94, 0.73, -0.05], [0.44, 0.76, 0.43, 0.84], [-0.21, 0.60, -0.11, 0.87]], [[0.76, -0.81, -0.73, -0.57], [0.93, -0.13, 0.25, -0.40], [0.01, -0.23, -0.30, 0.17]]]> : tensor<4x3x4xf32>}> : () -> tensor<4x3x4xf32>
  %places = tosa.const_shape {values = dense<[1, 64, 4]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %plane = tosa.const_shape {values = dense<[1, 8, 8, 4]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %3 = tosa.reshape %2, %places : (tensor<1x8x8x4xf32>, !tosa.shape<3>) -> tensor<1x64x4xf32>
  %4 = own.ring_conv %3, %ring, %b : (tensor<1x64x4xf32>, tensor<4x3x4xf32>, tensor<4xf32>) -> tensor<1x64x4xf32> loc("ring")
  %5 = tosa.reshape %4, %plane : (tensor<1x64x4xf32>, !tosa.shape<4>) -> tensor<1x8x8x4xf32>
  %6 = tosa.conv2d %5, %w, %b, %zero, %zero {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x4xf32>, tensor<4x1x1x4xf32>, tensor<4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x8x8x4xf32> loc("y")
  return %6 : tensor<1x8x8x4xf32>
}
