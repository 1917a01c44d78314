// A 3x3 convolution of 32 to 64 channels in the integer stage.
func.func private @quantize_inputs(%x: tensor<1x14x14x32xf32>) -> tensor<1x14x14x32xi8> {
  %0 = narrow.quantize %x : tensor<1x14x14x32xf32> to tensor<1x14x14x32x!quant.uniform<i8:f32, 0.05:-5>>
  %1 = quant.scast %0 : tensor<1x14x14x32x!quant.uniform<i8:f32, 0.05:-5>> to tensor<1x14x14x32xi8>
  return %1 : tensor<1x14x14x32xi8>
}
func.func private @network(%x: tensor<1x14x14x32xi8> {narrow.type = !quant.uniform<i8:f32, 0.05:-5>})
    -> (tensor<1x14x14x64xi8> {narrow.type = !quant.uniform<i8:f32, 0.1>}) {
  %w = "tosa.const"() <{values = dense<3> : tensor<64x3x3x32xi8>}> : () -> tensor<64x3x3x32xi8>
  %b = "tosa.const"() <{values = dense<7> : tensor<64xi32>}> : () -> tensor<64xi32>
  %xz = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<40> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.conv2d %x, %w, %b, %xz, %z8 {acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x14x14x32xi8>, tensor<64x3x3x32xi8>, tensor<64xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x14x14x64xi32>
  %1 = tosa.rescale %0, %m, %s, %z32, %z8 {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "conv"}
    : (tensor<1x14x14x64xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x14x14x64xi8>
  return %1 : tensor<1x14x14x64xi8>
}
func.func private @dequantize_outputs(%y: tensor<1x14x14x64xi8>) -> tensor<1x14x14x64xf32> {
  %0 = quant.scast %y : tensor<1x14x14x64xi8> to tensor<1x14x14x64x!quant.uniform<i8:f32, 0.1>>
  %1 = narrow.dequantize %0 : tensor<1x14x14x64x!quant.uniform<i8:f32, 0.1>> to tensor<1x14x14x64xf32>
  return %1 : tensor<1x14x14x64xf32>
}
func.func @main(%x: tensor<1x14x14x32xf32> {narrow.name = "x"}) -> (tensor<1x14x14x64xf32> {narrow.name = "y"}) {
  %0 = call @quantize_inputs(%x) : (tensor<1x14x14x32xf32>) -> tensor<1x14x14x32xi8>
  %1 = call @network(%0) : (tensor<1x14x14x32xi8>) -> tensor<1x14x14x64xi8>
  %2 = call @dequantize_outputs(%1) : (tensor<1x14x14x64xi8>) -> tensor<1x14x14x64xf32>
  return %2 : tensor<1x14x14x64xf32>
}
