// The input has its channels first.
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> (tensor<1x4x2x1xf32> {narrow.name = "y"}) {
  %weight = "tosa.const"() <{values = dense<[[[[0.5, -0.25, 1.0, 0.75]]]]> : tensor<1x1x1x4xf32>}> : () -> tensor<1x1x1x4xf32>
  %bias = "tosa.const"() <{values = dense<1.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %nhwc = tosa.transpose %x {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x4x4x2xf32>) -> tensor<1x4x2x4xf32>
  %conv = tosa.conv2d %nhwc, %weight, %bias, %zero, %zero {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x2x4xf32>, tensor<1x1x1x4xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x2x1xf32>
  return %conv : tensor<1x4x2x1xf32>
}
