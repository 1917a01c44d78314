// Tokens of 8 features after a scale, of which one is 100 times the others.
func.func @main(%x: tensor<1x16x1x8xf32> {narrow.name = "x"}) -> (tensor<1x16x1x4xf32> {narrow.name = "y"}) {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %gamma = "tosa.const"() <{values = dense<[[[[1.0, 0.8, 1.2, 100.0, 0.9, 1.1, 1.0, 0.7]]]]> : tensor<1x1x1x8xf32>}> : () -> tensor<1x1x1x8xf32>
  %w = "tosa.const"() <{values = dense<[
    [[[ 0.9, -0.4,  0.3,  0.01,  0.5, -0.7,  0.2,  0.6]]],
    [[[-0.3,  0.8, -0.6, -0.02,  0.1,  0.4, -0.9,  0.2]]],
    [[[ 0.5,  0.2,  0.7,  0.01, -0.8,  0.3,  0.1, -0.6]]],
    [[[-0.6, -0.1,  0.4,  0.02,  0.9, -0.2,  0.8,  0.3]]]]> : tensor<4x1x1x8xf32>}> : () -> tensor<4x1x1x8xf32>
  %b = "tosa.const"() <{values = dense<[0.1, -0.2, 0.3, 0.0]> : tensor<4xf32>}> : () -> tensor<4xf32>
  %t = tosa.tanh %x : (tensor<1x16x1x8xf32>) -> tensor<1x16x1x8xf32> loc("tanh")
  %n = tosa.mul %t, %gamma, %shift : (tensor<1x16x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1xi8>) -> tensor<1x16x1x8xf32> loc("scale")
  %y = tosa.conv2d %n, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x16x1x8xf32>, tensor<4x1x1x8xf32>, tensor<4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x16x1x4xf32> loc("y")
  return %y : tensor<1x16x1x4xf32>
}
