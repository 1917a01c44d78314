// Four samples share the first axis of what a reshape makes of them.
func.func @main(%x: tensor<4x1x28x28xf32> {narrow.name = "input"}) -> (tensor<112x28xf32> {narrow.name = "rows"}) {
  %shape = tosa.const_shape {values = dense<[112, 28]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %rows = tosa.reshape %x, %shape : (tensor<4x1x28x28xf32>, !tosa.shape<2>) -> tensor<112x28xf32>
  %y = tosa.tanh %rows : (tensor<112x28xf32>) -> tensor<112x28xf32>
  return %y : tensor<112x28xf32>
}
