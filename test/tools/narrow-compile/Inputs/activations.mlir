// Channel 0 of the convolution is always -1, channel 2 always 2.
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> (tensor<1x4x4x3xf32> {narrow.name = "y"}) {
  %weight = "tosa.const"() <{values = dense<[[[[0.0, 0.0]]], [[[0.5, -0.25]]], [[[0.0, 0.0]]]]> : tensor<3x1x1x2xf32>}> : () -> tensor<3x1x1x2xf32>
  %bias = "tosa.const"() <{values = dense<[-1.0, 0.0, 2.0]> : tensor<3xf32>}> : () -> tensor<3xf32>
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %conv = tosa.conv2d %x, %weight, %bias, %zero, %zero {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x4x2xf32>, tensor<3x1x1x2xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x3xf32>
  %relu6 = tosa.clamp %conv {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x4x4x3xf32>) -> tensor<1x4x4x3xf32> loc("relu6")
  %sigmoid = tosa.sigmoid %relu6 : (tensor<1x4x4x3xf32>) -> tensor<1x4x4x3xf32> loc("sigmoid")
  return %sigmoid : tensor<1x4x4x3xf32>
}
