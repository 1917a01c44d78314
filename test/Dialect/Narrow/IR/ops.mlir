// RUN: narrow-opt %s | narrow-opt | FileCheck %s
// RUN: narrow-opt %s --mlir-print-op-generic | narrow-opt | FileCheck %s
// RUN: narrow-opt %s --emit-bytecode | narrow-opt | FileCheck %s

// CHECK-LABEL: func.func @observe
func.func @observe(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // CHECK: narrow.observe %{{.*}} "x" : tensor<1x4xf32>
  %0 = narrow.observe %x "x" : tensor<1x4xf32>
  // CHECK: narrow.observe %{{.*}} "w" weight : tensor<1x4xf32>
  %1 = narrow.observe %0 "w" weight : tensor<1x4xf32>
  // CHECK: narrow.observe %{{.*}} "r" range <min = [-1.000000e+00], max = [2.500000e+00]> : tensor<1x4xf32>
  %2 = narrow.observe %1 "r" range <min = [-1.0], max = [2.5]> : tensor<1x4xf32>
  // CHECK: narrow.observe %{{.*}} "s" range <min = [0.000000e+00], max = [6.000000e+00], from = known> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 5.000000e-01:-128> {narrow.id = "s"} : tensor<1x4xf32>
  %3 = narrow.observe %2 "s" range <min = [0.0], max = [6.0], from = known> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.5:-128> {narrow.id = "s"} : tensor<1x4xf32>
  // CHECK: narrow.observe %{{.*}} "c" weight range <min = [-1.000000e+00, -2.000000e+00, -3.000000e+00, -4.000000e+00], max = [1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]> scheme <4 bits, symmetric, restricted, per_channel, axis = 1> : tensor<1x4xf32>
  %4 = narrow.observe %3 "c" weight range <min = [-1.0, -2.0, -3.0, -4.0], max = [1.0, 2.0, 3.0, 4.0]> scheme <4 bits, symmetric, restricted, per_channel, axis = 1> : tensor<1x4xf32>
  // CHECK: narrow.observe %{{.*}} "g" scheme <4 bits, symmetric, per_group, axis = 1, group = 2> : tensor<1x4xf32>
  %5 = narrow.observe %4 "g" scheme <4 bits, symmetric, per_group, axis = 1, group = 2> : tensor<1x4xf32>
  return %5 : tensor<1x4xf32>
}

// CHECK-LABEL: func.func @quantize
func.func @quantize(%x: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  // CHECK: %[[Q:.*]] = narrow.quantize %{{.*}} : tensor<2x4xf32> to tensor<2x4x!quant.uniform<i8:f32, 5.000000e-01:3>>
  // CHECK: narrow.dequantize %[[Q]] : tensor<2x4x!quant.uniform<i8:f32, 5.000000e-01:3>> to tensor<2x4xf32>
  %0 = narrow.quantize %x : tensor<2x4xf32> to tensor<2x4x!quant.uniform<i8:f32, 0.5:3>>
  %1 = narrow.dequantize %0 : tensor<2x4x!quant.uniform<i8:f32, 0.5:3>> to tensor<2x4xf32>
  // CHECK: narrow.quantize %{{.*}} : tensor<2x4xf32> to tensor<2x4x!quant.uniform<u8:f32:0, {5.000000e-01,2.500000e-01:255}>>
  %2 = narrow.quantize %x : tensor<2x4xf32> to tensor<2x4x!quant.uniform<u8:f32:0, {0.5, 0.25:255}>>
  %3 = narrow.dequantize %2 : tensor<2x4x!quant.uniform<u8:f32:0, {0.5, 0.25:255}>> to tensor<2x4xf32>
  return %1, %3 : tensor<2x4xf32>, tensor<2x4xf32>
}

// CHECK-LABEL: func.func @composites
func.func @composites(%x: tensor<1x4x8x8xf32>, %p: tensor<4xf32>) -> tensor<1x4x8x8xf32> {
  // CHECK: narrow.batch_norm %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} axis 1 epsilon 9.99999974E-6 : tensor<1x4x8x8xf32>, tensor<4xf32>
  %0 = narrow.batch_norm %x, %p, %p, %p, %p axis 1 epsilon 1.0e-05 : tensor<1x4x8x8xf32>, tensor<4xf32>
  // CHECK: narrow.softmax %{{.*}} axis 3 : tensor<1x4x8x8xf32>
  %1 = narrow.softmax %0 axis 3 : tensor<1x4x8x8xf32>
  return %1 : tensor<1x4x8x8xf32>
}

// CHECK-LABEL: func.func @activations
func.func @activations(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: narrow.activation leaky_relu %{{.*}} alpha 1.000000e-01 : tensor<4xf32>
  // CHECK: narrow.activation elu %{{.*}} alpha 1.000000e+00 : tensor<4xf32>
  // CHECK: narrow.activation hard_sigmoid %{{.*}} alpha 2.000000e-01 beta 5.000000e-01 : tensor<4xf32>
  // CHECK: narrow.activation hard_swish %{{.*}} : tensor<4xf32>
  // CHECK: narrow.activation silu
  // CHECK: narrow.activation gelu %
  // CHECK: narrow.activation gelu_tanh
  // CHECK: narrow.activation softplus
  // CHECK: narrow.activation mish %{{.*}} {narrow.id = "m"} : tensor<4xf32>
  // CHECK: narrow.activation sqrt
  %0 = narrow.activation leaky_relu %x alpha 0.1 : tensor<4xf32>
  %1 = narrow.activation elu %0 alpha 1.0 : tensor<4xf32>
  %2 = narrow.activation hard_sigmoid %1 alpha 0.2 beta 0.5 : tensor<4xf32>
  %3 = narrow.activation hard_swish %2 : tensor<4xf32>
  %4 = narrow.activation silu %3 : tensor<4xf32>
  %5 = narrow.activation gelu %4 : tensor<4xf32>
  %6 = narrow.activation gelu_tanh %5 : tensor<4xf32>
  %7 = narrow.activation softplus %6 : tensor<4xf32>
  %8 = narrow.activation mish %7 {narrow.id = "m"} : tensor<4xf32>
  %9 = narrow.activation sqrt %8 : tensor<4xf32>
  return %9 : tensor<4xf32>
}

// CHECK-LABEL: func.func @grouped
func.func @grouped(%x: tensor<1x8x8x4xi8>, %w: tensor<6x3x3x2xi8>, %b: tensor<6xi32>, %xf: tensor<1x8x8x4xf32>, %wf: tensor<6x3x3x2xf32>, %bf: tensor<6xf32>) -> (tensor<1x8x8x6xi32>, tensor<1x3x3x6xf32>) {
  // CHECK: narrow.conv2d %{{.*}}, %{{.*}}, %{{.*}} group 2 pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] input_zp 3 : (tensor<1x8x8x4xi8>, tensor<6x3x3x2xi8>, tensor<6xi32>) -> tensor<1x8x8x6xi32>
  %0 = narrow.conv2d %x, %w, %b group 2 pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] input_zp 3 : (tensor<1x8x8x4xi8>, tensor<6x3x3x2xi8>, tensor<6xi32>) -> tensor<1x8x8x6xi32>
  // Sizes need not divide: (8 - 3) / 2 + 1 = 3.
  // CHECK: narrow.conv2d %{{.*}} group 2 pad [0, 0, 0, 0] stride [2, 2] dilation [1, 1] : (tensor<1x8x8x4xf32>
  %1 = narrow.conv2d %xf, %wf, %bf group 2 pad [0, 0, 0, 0] stride [2, 2] dilation [1, 1] : (tensor<1x8x8x4xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>) -> tensor<1x3x3x6xf32>
  return %0, %1 : tensor<1x8x8x6xi32>, tensor<1x3x3x6xf32>
}

// CHECK-LABEL: func.func @tokens
func.func @tokens(%x: tensor<2x4xf32>, %c: tensor<2x4xi16>, %s: tensor<2x3xi32>) -> (tensor<2x4xf32>, tensor<2x4xi8>, tensor<2x3xi32>) {
  // CHECK: narrow.observe %{{.*}} "x" scheme <8 bits, symmetric, restricted, per_token> : tensor<2x4xf32>
  %0 = narrow.observe %x "x" scheme <8 bits, symmetric, restricted, per_token> : tensor<2x4xf32>
  // CHECK: narrow.round_tokens %{{.*}} to 127 : tensor<2x4xf32>
  %1 = narrow.round_tokens %0 to 127 : tensor<2x4xf32>
  // CHECK: %[[M:.*]] = narrow.token_maxima %{{.*}} : tensor<2x4xi16> -> tensor<2x1xi32>
  %m = narrow.token_maxima %c : tensor<2x4xi16> -> tensor<2x1xi32>
  // CHECK: narrow.quantize_tokens %{{.*}}, %[[M]] to 7 : (tensor<2x4xi16>, tensor<2x1xi32>) -> tensor<2x4xi8>
  %2 = narrow.quantize_tokens %c, %m to 7 : (tensor<2x4xi16>, tensor<2x1xi32>) -> tensor<2x4xi8>
  // CHECK: narrow.rescale_tokens %{{.*}}, %[[M]] shift 5 : (tensor<2x3xi32>, tensor<2x1xi32>) -> tensor<2x3xi32>
  %3 = narrow.rescale_tokens %s, %m shift 5 : (tensor<2x3xi32>, tensor<2x1xi32>) -> tensor<2x3xi32>
  return %1, %2, %3 : tensor<2x4xf32>, tensor<2x4xi8>, tensor<2x3xi32>
}

// CHECK-LABEL: func.func @kernel
func.func @kernel(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %{{.*}}:2 = narrow.kernel @sum (%[[A:.*]] = %{{.*}} : tensor<4xf32>, %[[B:.*]] = %{{.*}} : tensor<4xf32>) -> tensor<4xf32>, tensor<4xf32> attributes {narrow.id = "sum"} {
  // CHECK-NEXT: tosa.add %[[A]], %[[B]]
  // CHECK-NEXT: narrow.yield %{{.*}}, %[[A]] : tensor<4xf32>, tensor<4xf32>
  %0:2 = narrow.kernel @sum (%a = %x : tensor<4xf32>, %b = %y : tensor<4xf32>) -> tensor<4xf32>, tensor<4xf32> attributes {narrow.id = "sum"} {
    %1 = tosa.add %a, %b : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
    narrow.yield %1, %a : tensor<4xf32>, tensor<4xf32>
  }
  return %0#0, %0#1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @signs
func.func @signs(%x: tensor<1x8x8x40xi8>, %w: tensor<6x3x3x2xi32>, %b: tensor<6xi32>) -> tensor<1x8x8x6xi32> {
  // CHECK: %[[P:.*]] = narrow.pack_signs %{{.*}} below -3 : tensor<1x8x8x40xi8> -> tensor<1x8x8x2xi32>
  %0 = narrow.pack_signs %x below -3 : tensor<1x8x8x40xi8> -> tensor<1x8x8x2xi32>
  // CHECK: narrow.xnor_conv2d %[[P]], %{{.*}}, %{{.*}} channels 40 factors [64] pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x2xi32>, tensor<6x3x3x2xi32>, tensor<6xi32>) -> tensor<1x8x8x6xi32>
  %1 = narrow.xnor_conv2d %0, %w, %b channels 40 factors [64] pad [1, 1, 1, 1] stride [1, 1] dilation [1, 1] : (tensor<1x8x8x2xi32>, tensor<6x3x3x2xi32>, tensor<6xi32>) -> tensor<1x8x8x6xi32>
  return %1 : tensor<1x8x8x6xi32>
}
