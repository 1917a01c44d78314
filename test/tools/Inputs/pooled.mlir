// A max pool alone reads the convolution's result, of either sign: small values do not count.
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> (tensor<1x2x2x2xf32> {narrow.name = "y"}) {
  %weight = "tosa.const"() <{values = dense<[[[[0.5, -1.0]]], [[[0.25, 0.75]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %bias = "tosa.const"() <{values = dense<[0.1, -0.2]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %conv = tosa.conv2d %x, %weight, %bias, %zero, %zero {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"} : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32>
  %pool = tosa.max_pool2d %conv {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, narrow.id = "pool"} : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
  return %pool : tensor<1x2x2x2xf32>
}
