// RUN: narrow-opt %s --narrow-quantize --narrow-verify-quantized --split-input-file | FileCheck %s

// Weights, bias and activations of a residual block. 0.7/0.5 = 1.4; the bias
// codes are b / (s_x * s_w): 0.5 / 0.125 = 4 and 0.3125 / 0.125 = 2.5, which
// rounds to even. The convolution is added unrounded.
// CHECK-LABEL: func.func @residual
// CHECK-DAG:     %[[Z:.*]] = "tosa.const"() <{values = dense<0.000000e+00> : tensor<1xf32>}>
// CHECK:         %[[Q:.*]] = narrow.quantize %{{.*}} {narrow.id = "x"} : tensor<1x1x1x2xf32> to tensor<1x1x1x2x[[X:!quant.uniform<i8:f32, 2.500000e-01:-3>]]>
// CHECK-NEXT:    %[[D:.*]] = narrow.dequantize %[[Q]] : tensor<1x1x1x2x[[X]]> to tensor<1x1x1x2xf32>
// CHECK:         %[[WC:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}1, -2]]], {{\[\[\[}}7, -7]]]]> : tensor<2x1x1x2xi8>}>
// CHECK-NEXT:    %[[WS:.*]] = quant.scast %[[WC]] : tensor<2x1x1x2xi8> to tensor<2x1x1x2x[[W:!quant.uniform<i8<-7:7>:f32:0, [{]5.000000e-01,5.000000e-01[}]>]]>
// CHECK-NEXT:    %[[WD:.*]] = narrow.dequantize %[[WS]] : tensor<2x1x1x2x[[W]]> to tensor<2x1x1x2xf32>
// CHECK-NEXT:    %[[BC:.*]] = "tosa.const"() <{values = dense<[4, 2]> : tensor<2xi32>}>
// CHECK-NEXT:    %[[BS:.*]] = quant.scast %[[BC]] : tensor<2xi32> to tensor<2x[[B:!quant.uniform<i32:f32:0, [{]1.250000e-01,1.250000e-01[}]>]]>
// CHECK-NEXT:    %[[BD:.*]] = narrow.dequantize %[[BS]] : tensor<2x[[B]]> to tensor<2xf32>
// CHECK-NEXT:    %[[C:.*]] = tosa.conv2d %[[D]], %[[WD]], %[[BD]], %[[Z]], %[[Z]]
// CHECK-NEXT:    %[[A:.*]] = tosa.add %[[C]], %[[D]]
// CHECK-NEXT:    %[[R:.*]] = tosa.clamp %[[A]]
// CHECK-NEXT:    %[[RQ:.*]] = narrow.quantize %[[R]] {narrow.id = "relu"}
// CHECK-NEXT:    %[[RD:.*]] = narrow.dequantize %[[RQ]]
// CHECK-NEXT:    return %[[RD]]
// CHECK-NOT:     narrow.float_reason
func.func @residual(%x: tensor<1x1x1x2xf32> {narrow.name = "x"}) -> tensor<1x1x1x2xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.7, -0.8]]], [[[9.0, -9.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[0.5, 0.3125]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" type !quant.uniform<i8:f32, 0.25:-3> : tensor<1x1x1x2xf32>
  %1 = narrow.observe %w "w" weight type !quant.uniform<i8<-7:7>:f32:0, {0.5, 0.5}> : tensor<2x1x1x2xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %3 = tosa.add %2, %0 : (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  %4 = tosa.clamp %3 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  %5 = narrow.observe %4 "relu" type !quant.uniform<i8:f32, 0.125:-128> : tensor<1x1x1x2xf32>
  return %5 : tensor<1x1x1x2xf32>
}

// -----

// Depthwise with a multiplier, the input behind ops that move codes; a weight
// with one scale: the bias still has a scale for each output channel. Channel
// c * 2 + m has the scale of c. A bias of one element serves all channels.
// CHECK-LABEL: func.func @depthwise
// CHECK:         dense<[4, 4, 2, 2]> : tensor<4xi32>
// CHECK-NEXT:    quant.scast %{{.*}} to tensor<4x!quant.uniform<i32:f32:0, {2.500000e-01,2.500000e-01,5.000000e-01,5.000000e-01}>>
// CHECK:         tosa.depthwise_conv2d
// CHECK:         tensor<1x1x4x1xi8> to tensor<1x1x4x1x!quant.uniform<i8<-127:127>:f32, 5.000000e-01>>
// CHECK:         dense<[2, 4, 6, 8]> : tensor<4xi32>
// CHECK-NEXT:    quant.scast %{{.*}} to tensor<4x!quant.uniform<i32:f32:0, {5.000000e-01,5.000000e-01,5.000000e-01,5.000000e-01}>>
func.func @depthwise(%x: tensor<1x2x1x1xf32> {narrow.name = "x"}) -> tensor<1x1x1x4xf32> {
  %w = "tosa.const"() <{values = dense<1.0> : tensor<1x1x2x2xf32>}> : () -> tensor<1x1x2x2xf32>
  %w1 = "tosa.const"() <{values = dense<1.0> : tensor<1x1x4x1xf32>}> : () -> tensor<1x1x4x1xf32>
  %b = "tosa.const"() <{values = dense<1.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %b1 = "tosa.const"() <{values = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>}> : () -> tensor<4xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" type !quant.uniform<i8:f32, 0.5:0> : tensor<1x2x1x1xf32>
  %1 = tosa.transpose %0 {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x2x1x1xf32>) -> tensor<1x1x1x2xf32>
  %2 = narrow.observe %w "w" weight type !quant.uniform<i8<-127:127>:f32:2, {0.5, 1.0}> : tensor<1x1x2x2xf32>
  %3 = tosa.depthwise_conv2d %1, %2, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<1x1x2x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x4xf32>
  %4 = narrow.observe %3 "dw" type !quant.uniform<i8:f32, 1.0:0> : tensor<1x1x1x4xf32>
  %5 = narrow.observe %w1 "w1" weight type !quant.uniform<i8<-127:127>:f32, 0.5> : tensor<1x1x4x1xf32>
  %6 = tosa.depthwise_conv2d %4, %5, %b1, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x4xf32>, tensor<1x1x4x1xf32>, tensor<4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x4xf32>
  %7 = narrow.observe %6 "dw1" type !quant.uniform<i8:f32, 1.0:0> : tensor<1x1x1x4xf32>
  return %7 : tensor<1x1x1x4xf32>
}

// -----

// Float islands. The softmax has no integer form; what it reads and yields is
// quantized for the neighbours. The observer between the two ops that are kept
// float is gone, and the constant stays as it was.
// CHECK-LABEL: func.func @islands
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x4xf32>
// CHECK-NOT:     narrow.quantize %[[X]]
// CHECK:         %[[S:.*]] = tosa.sigmoid %[[X]] {narrow.float_reason = "wanted"}
// CHECK-NEXT:    %[[A:.*]] = tosa.add %[[S]], %{{.*}} {narrow.float_reason = "wanted"}
// CHECK-NEXT:    %[[F:.*]] = tosa.reshape %[[A]], %{{.*}} {narrow.float_reason = "operand 0 is not quantized"}
// CHECK-NEXT:    %[[T:.*]] = tosa.tanh %[[F]] {narrow.float_reason = "operand 0 is not quantized"}
// CHECK-NEXT:    %[[TQ:.*]] = narrow.quantize %[[T]] {narrow.id = "tanh"}
// CHECK-NEXT:    %[[TD:.*]] = narrow.dequantize %[[TQ]]
// CHECK-NEXT:    %[[E:.*]] = tosa.exp %[[TD]] : (tensor<1x4xf32>) -> tensor<1x4xf32>
// CHECK-NEXT:    narrow.quantize %[[E]] {narrow.id = "exp"}
// CHECK:         narrow.softmax {{.*}} {narrow.float_reason = "narrow.softmax has no integer form"}
func.func @islands(%x: tensor<1x4xf32> {narrow.name = "x"}) -> tensor<1x4xf32> {
  %s = tosa.const_shape {values = dense<[1, 4]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %k = "tosa.const"() <{values = dense<1.0> : tensor<1x4xf32>}> : () -> tensor<1x4xf32>
  %0 = narrow.observe %x "x" type !quant.uniform<i8:f32, 0.5:0> : tensor<1x4xf32>
  %1 = tosa.sigmoid %0 {narrow.float_reason = "wanted"} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %2 = narrow.observe %1 "sigmoid" type !quant.uniform<i8:f32, 0.5:0> : tensor<1x4xf32>
  %3 = tosa.add %2, %k {narrow.float_reason = "wanted"} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %4 = narrow.observe %3 "add" {narrow.float_reason = "wanted"} : tensor<1x4xf32>
  %5 = tosa.reshape %4, %s : (tensor<1x4xf32>, !tosa.shape<2>) -> tensor<1x4xf32>
  %6 = tosa.tanh %5 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %7 = narrow.observe %6 "tanh" type !quant.uniform<i8:f32, 0.5:0> : tensor<1x4xf32>
  %8 = tosa.exp %7 : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %9 = narrow.observe %8 "exp" type !quant.uniform<i8:f32, 0.5:0> : tensor<1x4xf32>
  %10 = narrow.softmax %9 axis 1 : tensor<1x4xf32>
  return %10 : tensor<1x4xf32>
}

// -----

// An operand of a concat with codes of its own is requantized; a constant
// operand is observed. The second output is the operand itself.
// CHECK-LABEL: func.func @concat
// CHECK:         %[[AD:.*]] = narrow.dequantize {{.*}}, 5.000000e-01>> to tensor<1x2xf32>
// CHECK:         %[[KC:.*]] = "tosa.const"() <{values = dense<{{\[\[}}4, -8]]> : tensor<1x2xi8>}>
// CHECK:         %[[KD:.*]] = narrow.dequantize
// CHECK-NEXT:    %[[RQ:.*]] = narrow.quantize %[[AD]] : tensor<1x2xf32> to tensor<1x2x!quant.uniform<i8:f32, 2.500000e-01>>
// CHECK-NEXT:    %[[RD:.*]] = narrow.dequantize %[[RQ]]
// CHECK-NEXT:    %[[C:.*]] = tosa.concat %[[RD]], %[[KD]]
// CHECK-NEXT:    %[[CQ:.*]] = narrow.quantize %[[C]] {narrow.id = "concat"}
// CHECK-NEXT:    %[[CD:.*]] = narrow.dequantize %[[CQ]]
// CHECK-NEXT:    return %[[CD]], %[[AD]]
func.func @concat(%x: tensor<1x2xf32> {narrow.name = "x"}) -> (tensor<1x4xf32>, tensor<1x2xf32>) {
  %k = "tosa.const"() <{values = dense<[[1.0, -2.0]]> : tensor<1x2xf32>}> : () -> tensor<1x2xf32>
  %0 = narrow.observe %x "x" type !quant.uniform<i8:f32, 0.5:0> : tensor<1x2xf32>
  %1 = narrow.observe %k "k" weight type !quant.uniform<i8:f32, 0.25:0> : tensor<1x2xf32>
  %2 = tosa.concat %0, %1 {axis = 1 : i32} : (tensor<1x2xf32>, tensor<1x2xf32>) -> tensor<1x4xf32>
  %3 = narrow.observe %2 "concat" type !quant.uniform<i8:f32, 0.25:0> : tensor<1x4xf32>
  return %3, %0 : tensor<1x4xf32>, tensor<1x2xf32>
}

// -----

// The accumulator goes into an addition that stays float: so does the
// convolution, with the weight it had.
// CHECK-LABEL: func.func @float_add
// CHECK:         %[[C:.*]] = tosa.conv2d %{{.*}} {{.*}}narrow.float_reason = "its result is not quantized"
// CHECK-NEXT:    tosa.add %[[C]], %{{.*}} {narrow.float_reason = "wanted"}
// CHECK-NOT:     quant.scast
func.func @float_add(%x: tensor<1x1x1x2xf32> {narrow.name = "x"}) -> tensor<1x1x1x2xf32> {
  %w = "tosa.const"() <{values = dense<1.0> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<1.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" type !quant.uniform<i8:f32, 0.25:-3> : tensor<1x1x1x2xf32>
  %1 = narrow.observe %w "w" weight type !quant.uniform<i8<-7:7>:f32:0, {0.5, 0.5}> : tensor<2x1x1x2xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %3 = tosa.add %2, %0 {narrow.float_reason = "wanted"} : (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  %4 = narrow.observe %3 "add" type !quant.uniform<i8:f32, 0.125:-128> : tensor<1x1x1x2xf32>
  return %4 : tensor<1x1x1x2xf32>
}

// -----

// Contractions read rounded tokens, the addition the 16-bit codes. 0.5 / (0.25 * 0.5) is 4: the bias has the
// scale of these codes.
// CHECK-LABEL: func.func @tokens
// CHECK:         %[[Q:.*]] = narrow.quantize %{{.*}} {narrow.id = "x"} : tensor<1x1x1x2xf32> to tensor<1x1x1x2x!quant.uniform<i16:f32, 2.500000e-01>>
// CHECK-NEXT:    %[[D:.*]] = narrow.dequantize %[[Q]]
// CHECK:         dense<[4, 2]> : tensor<2xi32>
// CHECK:         %[[T:.*]] = narrow.round_tokens %[[D]] to 7 : tensor<1x1x1x2xf32>
// CHECK-NEXT:    %[[C:.*]] = tosa.conv2d %[[T]],
// CHECK-NEXT:    tosa.add %[[C]], %[[D]]
func.func @tokens(%x: tensor<1x1x1x2xf32> {narrow.name = "x"}) -> tensor<1x1x1x2xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.7, -0.8]]], [[[9.0, -9.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<[0.5, 0.3125]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" scheme <4 bits, symmetric, restricted, per_token> type !quant.uniform<i16:f32, 0.25> : tensor<1x1x1x2xf32>
  %1 = narrow.observe %w "w" weight type !quant.uniform<i8<-7:7>:f32:0, {0.5, 0.5}> : tensor<2x1x1x2xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %3 = tosa.add %2, %0 : (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  %4 = narrow.observe %3 "add" type !quant.uniform<i8:f32, 0.125:-128> : tensor<1x1x1x2xf32>
  return %4 : tensor<1x1x1x2xf32>
}

// -----

// What has the parameters of its operand is rounded to them where it yields other numbers: a mean, a
// number without a code (1.5 has one, 1.6 has none).
// CHECK-LABEL: func.func @parameters_are_kept
// CHECK:         %[[D:.*]] = narrow.dequantize
// CHECK-NEXT:    %[[A:.*]] = tosa.avg_pool2d %[[D]]
// CHECK-NEXT:    %[[AQ:.*]] = narrow.quantize %[[A]] : tensor<1x2x2x1xf32> to tensor<1x2x2x1x!quant.uniform<i8:f32, 5.000000e-01:3>>
// CHECK-NEXT:    %[[AD:.*]] = narrow.dequantize %[[AQ]]
// CHECK-NEXT:    %[[P:.*]] = tosa.pad %[[AD]]
// CHECK-NEXT:    %[[R:.*]] = tosa.pad %[[P]]
// CHECK-NEXT:    %[[RQ:.*]] = narrow.quantize %[[R]] : tensor<1x2x2x3xf32> to tensor<1x2x2x3x!quant.uniform<i8:f32, 5.000000e-01:3>>
// CHECK-NEXT:    %[[RD:.*]] = narrow.dequantize %[[RQ]]
// CHECK-NEXT:    tosa.tanh %[[RD]]
func.func @parameters_are_kept(%x: tensor<1x4x4x1xf32> {narrow.name = "x"}) -> tensor<1x2x2x3xf32> {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %v = "tosa.const"() <{values = dense<1.5> : tensor<1xf32>}> : () -> tensor<1xf32>
  %u = "tosa.const"() <{values = dense<1.6> : tensor<1xf32>}> : () -> tensor<1xf32>
  %amount = tosa.const_shape {values = dense<[0, 0, 0, 0, 0, 0, 0, 1]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %0 = narrow.observe %x "x" type !quant.uniform<i8:f32, 0.5:3> : tensor<1x4x4x1xf32>
  %1 = tosa.avg_pool2d %0, %z, %z {acc_type = f32, kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>} : (tensor<1x4x4x1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x1xf32>
  %2 = tosa.pad %1, %amount, %v : (tensor<1x2x2x1xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
  %3 = tosa.pad %2, %amount, %u : (tensor<1x2x2x2xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x2x2x3xf32>
  %4 = tosa.tanh %3 : (tensor<1x2x2x3xf32>) -> tensor<1x2x2x3xf32>
  %5 = narrow.observe %4 "tanh" type !quant.uniform<i8:f32, 0.0078125> : tensor<1x2x2x3xf32>
  return %5 : tensor<1x2x2x3xf32>
}
