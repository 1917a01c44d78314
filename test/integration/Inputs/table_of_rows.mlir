// A table of what the kernel loads, row by row since the result has a border: the last vector of the last row of nine
// channels is the last vector of the tensor.
func.func @main(%x: tensor<1x3x3x9xf32> {narrow.name = "x"}) -> (tensor<1x3x3x9xf32> {narrow.name = "y"}, tensor<1x3x3x9xf32> {narrow.name = "z"}) {
  %w = "tosa.const"() <{values = dense<0.1> : tensor<9x3x3x9xf32>}> : () -> tensor<9x3x3x9xf32>
  %b = "tosa.const"() <{values = dense<[0.1, -0.2, 0.3, -0.4, 0.5, -0.6, 0.7, -0.8, 0.9]> : tensor<9xf32>}> : () -> tensor<9xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x3x3x9xf32>, tensor<9x3x3x9xf32>, tensor<9xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x9xf32>
  %1 = tosa.tanh %0 : (tensor<1x3x3x9xf32>) -> tensor<1x3x3x9xf32>
  %s = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %2 = tosa.mul %1, %0, %s : (tensor<1x3x3x9xf32>, tensor<1x3x3x9xf32>, tensor<1xi8>) -> tensor<1x3x3x9xf32>
  %3 = tosa.conv2d %2, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x3x3x9xf32>, tensor<9x3x3x9xf32>, tensor<9xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x9xf32>
  return %3, %0 : tensor<1x3x3x9xf32>, tensor<1x3x3x9xf32>
}
