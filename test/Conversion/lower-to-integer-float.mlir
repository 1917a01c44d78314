// RUN: narrow-opt %s --split-input-file --narrow-lower-to-integer --narrow-verify-integer | FileCheck %s
// RUN: not narrow-opt %s --split-input-file --narrow-lower-to-integer=strict=true 2>&1 | FileCheck %s --check-prefix=STRICT

// A final softmax goes to the exit, behind the dequantization, the movement
// before it stays in the network.

!a = !quant.uniform<i8:f32, 0.5>
// CHECK-LABEL: func.func private @network(
// CHECK-NEXT:  tosa.const_shape
// CHECK-NEXT:  %[[R:.*]] = tosa.reshape
// CHECK-NEXT:  return
// CHECK-LABEL: func.func private @dequantize_outputs(
// CHECK:       narrow.dequantize
// CHECK-NEXT:  narrow.softmax %{{.*}} axis 1 {narrow.float_reason = "its result is not quantized", narrow.id = "prob"}
// CHECK-NEXT:  return
// STRICT:      error: 'prob' (narrow.softmax) stays float: its result is not quantized
func.func @main(%x: tensor<1x1x1x4xf32>) -> tensor<1x4xf32> {
  %q = narrow.quantize %x : tensor<1x1x1x4xf32> to tensor<1x1x1x4x!a>
  %d = narrow.dequantize %q : tensor<1x1x1x4x!a> to tensor<1x1x1x4xf32>
  %shape = tosa.const_shape {values = dense<[1, 4]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.reshape %d, %shape : (tensor<1x1x1x4xf32>, !tosa.shape<2>) -> tensor<1x4xf32>
  %s = narrow.softmax %r axis 1 {narrow.id = "prob"} : tensor<1x4xf32>
  return %s : tensor<1x4xf32>
}

// -----

// In the middle it stands between conversions. Integers go on behind it.

!a = !quant.uniform<i8:f32, 0.5>
!p = !quant.uniform<u8:f32, 0.00390625>
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x4xi8>
// CHECK:       %[[C:.*]] = quant.scast %[[X]] : tensor<1x4xi8> to tensor<1x4x!quant.uniform<i8:f32, 5.000000e-01>>
// CHECK-NEXT:  %[[D:.*]] = narrow.dequantize %[[C]]
// CHECK-NEXT:  %[[S:.*]] = narrow.softmax %[[D]] axis 1 {narrow.float_reason = "narrow.softmax has no integer form"}
// CHECK-NEXT:  %[[Q:.*]] = narrow.quantize %[[S]] : tensor<1x4xf32> to tensor<1x4x!quant.uniform<i8:f32, 3.906250e-03:-128>>
// CHECK-NEXT:  %[[I:.*]] = quant.scast %[[Q]]
// CHECK-NEXT:  tosa.reverse %[[I]]
// CHECK-NEXT:  return
// STRICT:      error: 'narrow.softmax' (narrow.softmax) stays float: narrow.softmax has no integer form
func.func @main(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %q = narrow.quantize %x {narrow.id = "x"} : tensor<1x4xf32> to tensor<1x4x!a>
  %d = narrow.dequantize %q : tensor<1x4x!a> to tensor<1x4xf32>
  %s = narrow.softmax %d axis 1 : tensor<1x4xf32>
  %sq = narrow.quantize %s : tensor<1x4xf32> to tensor<1x4x!p>
  %sd = narrow.dequantize %sq : tensor<1x4x!p> to tensor<1x4xf32>
  %r = tosa.reverse %sd {axis = 1 : i32} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %r : tensor<1x4xf32>
}

// -----

// An op that was told to stay float does; float weights are a reason; two
// results, one input that nobody reads. The network yields the same codes for both.

!a = !quant.uniform<i8:f32, 0.5>
// CHECK-LABEL: func.func private @quantize_inputs(
// CHECK-SAME:    -> (tensor<1x1x1x2xi8>, tensor<7xf32>)
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x1x1x2xi8>
// CHECK-NEXT:  return %[[X]], %[[X]] :
// CHECK-LABEL: func.func private @dequantize_outputs(
// CHECK:       narrow.dequantize
// CHECK:       tosa.conv2d
// CHECK-SAME:    narrow.float_reason = "its weights are no quantized constant"
// CHECK:       narrow.quantize
// CHECK:       tosa.sigmoid
// CHECK-SAME:    narrow.float_reason = "excluded"
// CHECK:       narrow.quantize
// STRICT-DAG:  error: 'tosa.conv2d' (tosa.conv2d) stays float: its weights are no quantized constant
// STRICT-DAG:  error: 'tosa.sigmoid' (tosa.sigmoid) stays float: excluded
func.func @main(%x: tensor<1x1x1x2xf32>, %unused: tensor<7xf32>) -> (tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>) {
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %q = narrow.quantize %x {narrow.id = "x"} : tensor<1x1x1x2xf32> to tensor<1x1x1x2x!a>
  %d = narrow.dequantize %q : tensor<1x1x1x2x!a> to tensor<1x1x1x2xf32>
  %c = tosa.conv2d %d, %w, %z, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %cq = narrow.quantize %c : tensor<1x1x1x2xf32> to tensor<1x1x1x2x!a>
  %cd = narrow.dequantize %cq : tensor<1x1x1x2x!a> to tensor<1x1x1x2xf32>
  %s = tosa.sigmoid %d {narrow.float_reason = "excluded"} : (tensor<1x1x1x2xf32>) -> tensor<1x1x1x2xf32>
  %sq = narrow.quantize %s : tensor<1x1x1x2xf32> to tensor<1x1x1x2x!a>
  %sd = narrow.dequantize %sq : tensor<1x1x1x2x!a> to tensor<1x1x1x2xf32>
  return %cd, %sd : tensor<1x1x1x2xf32>, tensor<1x1x1x2xf32>
}

// -----

// Codes of 16 bits with a zero point are none of the integer stage's.

!a = !quant.uniform<i16:f32, 0.5:1>
!b = !quant.uniform<i8:f32, 0.5>
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<4xf32>
// CHECK:       narrow.quantize %[[X]]
// CHECK:       tosa.tanh
// CHECK-SAME:    narrow.float_reason = "it is no function of one tensor of 8-bit codes with 8-bit results"
// CHECK:       tosa.reverse %{{.*}} : (tensor<4xi8>) -> tensor<4xi8>
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %q = narrow.quantize %x {narrow.id = "x"} : tensor<4xf32> to tensor<4x!a>
  %d = narrow.dequantize %q : tensor<4x!a> to tensor<4xf32>
  %t = tosa.tanh %d : (tensor<4xf32>) -> tensor<4xf32>
  %tq = narrow.quantize %t : tensor<4xf32> to tensor<4x!b>
  %td = narrow.dequantize %tq : tensor<4x!b> to tensor<4xf32>
  %r = tosa.reverse %td {axis = 0 : i32} : (tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}

// -----

// The network takes and yields as many tensors as @main, of the same sizes: a
// result that is made of several values is computed there, and an input that is
// quantized in two ways.

!a = !quant.uniform<i8:f32, 0.5>
!b = !quant.uniform<i8:f32, 0.25>
// CHECK-LABEL: func.func private @quantize_inputs(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x4xf32>
// CHECK-NEXT:  return %[[X]] :
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[X:[^:]*]]: tensor<1x4xf32>
// CHECK-DAG:   narrow.quantize %[[X]] {narrow.id = "x"} : tensor<1x4xf32> to tensor<1x4x!quant.uniform<i8:f32, 5.000000e-01>>
// CHECK-DAG:   narrow.quantize %[[X]] : tensor<1x4xf32> to tensor<1x4x!quant.uniform<i8:f32, 2.500000e-01>>
// CHECK:       %[[P:.*]] = tosa.pow
// CHECK:       return %[[P]], %{{.*}} : tensor<1x4xf32>, tensor<1x4xi8>
// CHECK-LABEL: func.func private @dequantize_outputs(
// CHECK-SAME:    %[[P:[^:]*]]: tensor<1x4xf32>, %[[C:[^:]*]]: tensor<1x4xi8>
// CHECK:       %[[D:.*]] = narrow.dequantize
// CHECK-NEXT:  return %[[P]], %[[D]] :
func.func @main(%x: tensor<1x4xf32>) -> (tensor<1x4xf32>, tensor<1x4xf32>) {
  %q = narrow.quantize %x {narrow.id = "x"} : tensor<1x4xf32> to tensor<1x4x!a>
  %d = narrow.dequantize %q : tensor<1x4x!a> to tensor<1x4xf32>
  %r = narrow.quantize %x : tensor<1x4xf32> to tensor<1x4x!b>
  %e = narrow.dequantize %r : tensor<1x4x!b> to tensor<1x4xf32>
  %p = tosa.pow %d, %e {narrow.float_reason = "excluded"} : (tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<1x4xf32>
  %y = tosa.reverse %d {axis = 1 : i32} : (tensor<1x4xf32>) -> tensor<1x4xf32>
  return %p, %y : tensor<1x4xf32>, tensor<1x4xf32>
}

// -----

// Weights whose sums of products could leave i32.

// CHECK: tosa.resize {{.*}} narrow.float_reason = "its interpolation of codes can leave 32 bits"
!a = !quant.uniform<i8:f32, 0.5>
func.func @main(%x: tensor<1x2x2x1xf32>) -> tensor<1x4097x4097x1xf32> {
  %q = narrow.quantize %x : tensor<1x2x2x1xf32> to tensor<1x2x2x1x!a>
  %d = narrow.dequantize %q : tensor<1x2x2x1x!a> to tensor<1x2x2x1xf32>
  %scale = tosa.const_shape {values = dense<[4096, 1, 4096, 1]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %offset = tosa.const_shape {values = dense<0> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.resize %d, %scale, %offset, %offset {mode = BILINEAR, narrow.id = "r"} : (tensor<1x2x2x1xf32>, !tosa.shape<4>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x4097x4097x1xf32>
  %rq = narrow.quantize %r : tensor<1x4097x4097x1xf32> to tensor<1x4097x4097x1x!a>
  %rd = narrow.dequantize %rq : tensor<1x4097x4097x1x!a> to tensor<1x4097x4097x1xf32>
  return %rd : tensor<1x4097x4097x1xf32>
}
