// Names that would end a script, open an element or run a program if a page took them as markup. A sigmoid
// is computed as a table, a softmax stays float.
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> (tensor<1x4x4x2xf32> {narrow.name = "y</script><b>"}) {
  %weight = "tosa.const"() <{values = dense<[[[[0.5, -1.0]]], [[[0.25, 0.75]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %bias = "tosa.const"() <{values = dense<[0.1, -0.2]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %conv = tosa.conv2d %x, %weight, %bias, %zero, %zero {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x2xf32> loc("</script><b>Größe 大小</b>")
  %sigmoid = tosa.sigmoid %conv : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> loc("<img src=x onerror=document.title='run'>")
  %sum = tosa.add %sigmoid, %x : (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> loc("a \22quoted\22 & very long name, as exporters make them: /model/encoder/layers.0/blocks.11/attention/projection/Add_output_0")
  %y = narrow.softmax %sum axis 3 : tensor<1x4x4x2xf32> loc("<!--softmax-->")
  return %y : tensor<1x4x4x2xf32>
}
