// Large samples and little work.
func.func @main(%x: tensor<1x1024x1024xf32> {narrow.name = "x"}) -> (tensor<1x16x16xf32> {narrow.name = "y"}) {
  %start = tosa.const_shape {values = dense<0> : tensor<3xindex>} : () -> !tosa.shape<3>
  %size = tosa.const_shape {values = dense<[1, 16, 16]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %part = tosa.slice %x, %start, %size : (tensor<1x1024x1024xf32>, !tosa.shape<3>, !tosa.shape<3>) -> tensor<1x16x16xf32>
  %sum = tosa.add %part, %part : (tensor<1x16x16xf32>, tensor<1x16x16xf32>) -> tensor<1x16x16xf32>
  return %sum : tensor<1x16x16xf32>
}
