// RUN: narrow-opt %s --narrow-insert-observers | FileCheck %s

// A model that came quantized is left as it is.
// CHECK-LABEL: func.func @already_quantized
// CHECK-NOT:     narrow.observe
func.func @already_quantized(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  %0 = narrow.quantize %x : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 0.5>>
  %1 = narrow.dequantize %0 : tensor<4x!quant.uniform<i8:f32, 0.5>> to tensor<4xf32>
  %2 = tosa.sigmoid %1 {narrow.id = "sigmoid"} : (tensor<4xf32>) -> tensor<4xf32>
  %3 = narrow.quantize %2 : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 0.25>>
  %4 = narrow.dequantize %3 : tensor<4x!quant.uniform<i8:f32, 0.25>> to tensor<4xf32>
  return %4 : tensor<4xf32>
}
