// A row more than four samples have.
func.func @main(%x: tensor<4x1x28x28xf32> {narrow.name = "input"}) -> (tensor<449x7xf32> {narrow.name = "rows"}) {
  %shape = tosa.const_shape {values = dense<[448, 7]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %rows = tosa.reshape %x, %shape : (tensor<4x1x28x28xf32>, !tosa.shape<2>) -> tensor<448x7xf32>
  %one = "tosa.const"() <{values = dense<1.0> : tensor<1x7xf32>}> : () -> tensor<1x7xf32>
  %more = tosa.concat %one, %rows {axis = 0 : i32} : (tensor<1x7xf32>, tensor<448x7xf32>) -> tensor<449x7xf32>
  %y = tosa.tanh %more : (tensor<449x7xf32>) -> tensor<449x7xf32>
  return %y : tensor<449x7xf32>
}
