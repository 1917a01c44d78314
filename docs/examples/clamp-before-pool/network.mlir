// What the importer makes of a convolution, a max pooling and a ReLU.
func.func @main(%x: tensor<1x8x8x2xf32> {narrow.name = "x"}) -> (tensor<1x4x4x3xf32> {narrow.name = "y"}) {
  %w = "tosa.const"() <{values = dense<[[[[1.0, -2.0]]], [[[0.5, 0.25]]], [[[-1.0, 1.5]]]]> : tensor<3x1x1x2xf32>}> : () -> tensor<3x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[0.0, -0.5, 1.0]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x8x8x2xf32>, tensor<3x1x1x2xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x8x8x3xf32> loc("conv")
  %1 = tosa.max_pool2d %0 {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>}
    : (tensor<1x8x8x3xf32>) -> tensor<1x4x4x3xf32> loc("pool")
  %2 = tosa.clamp %1 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x4x4x3xf32>) -> tensor<1x4x4x3xf32> loc("relu")
  return %2 : tensor<1x4x4x3xf32>
}
