// RUN: narrow-opt %s --narrow-propagate-layout --split-input-file | FileCheck %s

// A residual block with a constant per channel on the way: nothing is left inside.
// CHECK-LABEL: func.func @residual
// CHECK-SAME: (%[[X:.*]]: tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32>
func.func @residual(%x: tensor<1x8x8x4xf32>) -> tensor<1x8x8x4xf32> {
  // CHECK-DAG: %[[C:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00]]]]> : tensor<1x1x1x4xf32>}>
  %c = "tosa.const"() <{values = dense<[[[[1.0]], [[2.0]], [[3.0]], [[4.0]]]]> : tensor<1x4x1x1xf32>}> : () -> tensor<1x4x1x1xf32>
  // CHECK-NOT: tosa.transpose
  // CHECK: %[[A:.*]] = tosa.add %[[X]], %[[C]] {narrow.id = "a"} : (tensor<1x8x8x4xf32>, tensor<1x1x1x4xf32>) -> tensor<1x8x8x4xf32>
  // CHECK: %[[B:.*]] = narrow.activation hard_swish %[[A]] : tensor<1x8x8x4xf32>
  // CHECK: %[[S:.*]] = tosa.add %[[B]], %[[A]]
  // CHECK: return %[[S]]
  %t = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x8xf32>
  %a = tosa.add %t, %c {narrow.id = "a"} : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>) -> tensor<1x4x8x8xf32>
  %b = narrow.activation hard_swish %a : tensor<1x4x8x8xf32>
  %s = tosa.add %b, %a : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %u = tosa.transpose %s {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  return %u : tensor<1x8x8x4xf32>
}

// -----

// Axes, padding and slices move along.
// CHECK-LABEL: func.func @axes
func.func @axes(%x: tensor<1x8x8x4xf32>, %y: tensor<1x8x8x2xf32>) -> (tensor<1x10x8x6xf32>, tensor<1x1x8x6xf32>, tensor<1x8x8x3xf32>) {
  // CHECK-NOT: tosa.transpose
  // CHECK: %[[CAT:.*]] = tosa.concat %{{.*}}, %{{.*}} {axis = 3 : i32} : (tensor<1x8x8x4xf32>, tensor<1x8x8x2xf32>) -> tensor<1x8x8x6xf32>
  // CHECK: %[[SM:.*]] = narrow.softmax %[[CAT]] axis 3 : tensor<1x8x8x6xf32>
  // CHECK: %[[PAD:.*]] = tosa.const_shape {values = dense<[0, 0, 1, 1, 0, 0, 0, 0]> : tensor<8xindex>}
  // CHECK: tosa.pad %[[SM]], %[[PAD]]
  // CHECK-SAME: -> tensor<1x10x8x6xf32>
  // CHECK: tosa.reduce_sum %[[SM]] {axis = 1 : i32} : (tensor<1x8x8x6xf32>) -> tensor<1x1x8x6xf32>
  // CHECK: %[[START:.*]] = tosa.const_shape {values = dense<[0, 0, 0, 1]> : tensor<4xindex>}
  // CHECK: %[[SIZE:.*]] = tosa.const_shape {values = dense<[1, 8, 8, 3]> : tensor<4xindex>}
  // CHECK: tosa.slice %[[SM]], %[[START]], %[[SIZE]]
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %pad = tosa.const_shape {values = dense<[0, 0, 0, 0, 1, 1, 0, 0]> : tensor<8xindex>} : () -> !tosa.shape<8>
  %start = tosa.const_shape {values = dense<[0, 1, 0, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 3, 8, 8]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %t = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x8xf32>
  %u = tosa.transpose %y {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x8x8x2xf32>) -> tensor<1x2x8x8xf32>
  %cat = tosa.concat %t, %u {axis = 1 : i32} : (tensor<1x4x8x8xf32>, tensor<1x2x8x8xf32>) -> tensor<1x6x8x8xf32>
  %sm = narrow.softmax %cat axis 1 : tensor<1x6x8x8xf32>
  %padded = tosa.pad %sm, %pad, %zero : (tensor<1x6x8x8xf32>, !tosa.shape<8>, tensor<1xf32>) -> tensor<1x6x10x8xf32>
  %sum = tosa.reduce_sum %sm {axis = 2 : i32} : (tensor<1x6x8x8xf32>) -> tensor<1x6x1x8xf32>
  %slice = tosa.slice %sm, %start, %size : (tensor<1x6x8x8xf32>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x3x8x8xf32>
  %o0 = tosa.transpose %padded {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x6x10x8xf32>) -> tensor<1x10x8x6xf32>
  %o1 = tosa.transpose %sum {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x6x1x8xf32>) -> tensor<1x1x8x6xf32>
  %o2 = tosa.transpose %slice {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32>
  return %o0, %o1, %o2 : tensor<1x10x8x6xf32>, tensor<1x1x8x6xf32>, tensor<1x8x8x3xf32>
}

// -----

// Squeeze and excite: the gate comes as [N, C] and is reshaped, which moves nothing.
// CHECK-LABEL: func.func @squeeze_excite
// CHECK-SAME: (%[[X:.*]]: tensor<1x8x8x4xf32>, %[[G:.*]]: tensor<1x4xf32>)
func.func @squeeze_excite(%x: tensor<1x8x8x4xf32>, %g: tensor<1x4xf32>) -> tensor<1x8x8x4xf32> {
  // CHECK-NOT: tosa.transpose
  // CHECK: %[[R:.*]] = tosa.reshape %[[G]], %{{.*}} -> tensor<1x1x1x4xf32>
  // CHECK: tosa.mul %[[X]], %[[R]], %{{.*}} -> tensor<1x8x8x4xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %shape = tosa.const_shape {values = dense<[1, 4, 1, 1]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %t = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x8xf32>
  %r = tosa.reshape %g, %shape : (tensor<1x4xf32>, !tosa.shape<4>) -> tensor<1x4x1x1xf32>
  %m = tosa.mul %t, %r, %shift : (tensor<1x4x8x8xf32>, tensor<1x4x1x1xf32>, tensor<1xi8>) -> tensor<1x4x8x8xf32>
  %u = tosa.transpose %m {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  return %u : tensor<1x8x8x4xf32>
}

// -----

// A flattened plane: the features of the weight change order from C, H, W to H, W, C.
// Feature c * 4 + h * 2 + w of the first output has the value 100 c + 10 h + w.
// CHECK-LABEL: func.func @flatten
// CHECK-SAME: (%[[X:.*]]: tensor<1x2x2x2xf32>)
func.func @flatten(%x: tensor<1x2x2x2xf32>) -> tensor<1x1x1x1xf32> {
  // CHECK: %[[C:.*]] = tosa.clamp %[[X]]
  // CHECK: %[[R:.*]] = tosa.reshape %[[C]], %{{.*}} -> tensor<1x1x1x8xf32>
  // CHECK: %[[W:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}0.000000e+00, 1.000000e+02, 1.000000e+00, 1.010000e+02, 1.000000e+01, 1.100000e+02, 1.100000e+01, 1.110000e+02]]]]>
  // CHECK-NOT: tosa.transpose
  // CHECK: tosa.conv2d %[[R]], %[[W]]
  %w = "tosa.const"() <{values = dense<[[[[0.0, 1.0, 10.0, 11.0, 100.0, 101.0, 110.0, 111.0]]]]> : tensor<1x1x1x8xf32>}> : () -> tensor<1x1x1x8xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %flat = tosa.const_shape {values = dense<[1, 8]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %four = tosa.const_shape {values = dense<[1, 1, 1, 8]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %t = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %relu = tosa.clamp %t {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %f = tosa.reshape %relu, %flat : (tensor<1x2x2x2xf32>, !tosa.shape<2>) -> tensor<1x8xf32>
  %r = tosa.reshape %f, %four : (tensor<1x8xf32>, !tosa.shape<4>) -> tensor<1x1x1x8xf32>
  %y = tosa.conv2d %r, %w, %b, %b, %b {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x8xf32>, tensor<1x1x1x8xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  return %y : tensor<1x1x1x1xf32>
}

// -----

// The flattened plane is a result too: its order must stay.
// CHECK-LABEL: func.func @flatten_is_result
func.func @flatten_is_result(%x: tensor<1x2x2x2xf32>) -> tensor<1x8xf32> {
  // CHECK: tosa.transpose %{{.*}} {perms = array<i32: 0, 3, 1, 2>}
  // CHECK: tosa.reshape
  %flat = tosa.const_shape {values = dense<[1, 8]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %t = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %f = tosa.reshape %t, %flat : (tensor<1x2x2x2xf32>, !tosa.shape<2>) -> tensor<1x8xf32>
  return %f : tensor<1x8xf32>
}

// -----

// One channel: the entry's transpose is a reshape, and merges with the next one.
// CHECK-LABEL: func.func @one_channel
// CHECK-SAME: (%[[X:.*]]: tensor<1x1x4x4xf32>)
func.func @one_channel(%x: tensor<1x1x4x4xf32>) -> tensor<1x16xf32> {
  // CHECK-NOT: tosa.transpose
  // CHECK: %[[R:.*]] = tosa.reshape %[[X]], %{{.*}} : (tensor<1x1x4x4xf32>, !tosa.shape<2>) -> tensor<1x16xf32>
  // CHECK-NEXT: return %[[R]]
  %flat = tosa.const_shape {values = dense<[1, 16]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %t = tosa.transpose %x {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x1x4x4xf32>) -> tensor<1x4x4x1xf32>
  %f = tosa.reshape %t, %flat : (tensor<1x4x4x1xf32>, !tosa.shape<2>) -> tensor<1x16xf32>
  return %f : tensor<1x16xf32>
}

// -----

// The transpose at the entry stays, there is nothing to gain: an addition on
// one side of it or on the other.
// CHECK-LABEL: func.func @entry
func.func @entry(%x: tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32> {
  // CHECK: tosa.abs %{{.*}} : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  // CHECK: tosa.transpose
  // CHECK-NOT: tosa.transpose
  %a = tosa.abs %x : (tensor<1x3x8x8xf32>) -> tensor<1x3x8x8xf32>
  %t = tosa.transpose %a {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x3x8x8xf32>) -> tensor<1x8x8x3xf32>
  return %t : tensor<1x8x8x3xf32>
}

// -----

// One operand is not transposed: it gets the transpose that the other loses only
// if that moves fewer elements. %y has a transpose already, which is shared.
// CHECK-LABEL: func.func @mixed
// CHECK-SAME: (%[[X:.*]]: tensor<1x8x8x4xf32>, %[[Y:.*]]: tensor<1x4x8x8xf32>)
func.func @mixed(%x: tensor<1x8x8x4xf32>, %y: tensor<1x4x8x8xf32>) -> (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>) {
  // CHECK: %[[T:.*]] = tosa.transpose %[[Y]] {perms = array<i32: 0, 2, 3, 1>}
  // CHECK-NOT: tosa.transpose
  // CHECK: %[[A:.*]] = tosa.add %[[X]], %[[T]] : (tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>)
  // CHECK: return %[[A]], %[[T]]
  %t = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x8x8x4xf32>) -> tensor<1x4x8x8xf32>
  %a = tosa.add %t, %y : (tensor<1x4x8x8xf32>, tensor<1x4x8x8xf32>) -> tensor<1x4x8x8xf32>
  %u = tosa.transpose %a {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  %v = tosa.transpose %y {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x4x8x8xf32>) -> tensor<1x8x8x4xf32>
  return %u, %v : tensor<1x8x8x4xf32>, tensor<1x8x8x4xf32>
}

// -----

// Patches to tokens: the reshape keeps H and W together, so the transposes cancel.
// CHECK-LABEL: func.func @tokens
func.func @tokens(%x: tensor<1x4x4x8xf32>) -> tensor<1x16x8xf32> {
  // CHECK-NOT: tosa.transpose
  // CHECK: tosa.reshape %{{.*}} : (tensor<1x4x4x8xf32>, !tosa.shape<3>) -> tensor<1x16x8xf32>
  // CHECK-NOT: tosa.transpose
  %shape = tosa.const_shape {values = dense<[1, 8, 16]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %t = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x4x4x8xf32>) -> tensor<1x8x4x4xf32>
  %r = tosa.reshape %t, %shape : (tensor<1x8x4x4xf32>, !tosa.shape<3>) -> tensor<1x8x16xf32>
  %u = tosa.transpose %r {perms = array<i32: 0, 2, 1>} : (tensor<1x8x16xf32>) -> tensor<1x16x8xf32>
  return %u : tensor<1x16x8xf32>
}

// -----

// Channel shuffle works on the channels where they lie.
// CHECK-LABEL: func.func @channel_shuffle
func.func @channel_shuffle(%x: tensor<1x4x4x6xf32>) -> tensor<1x4x4x6xf32> {
  // CHECK: tosa.reshape %{{.*}} -> tensor<1x4x4x2x3xf32>
  // CHECK-NEXT: tosa.transpose %{{.*}} {perms = array<i32: 0, 1, 2, 4, 3>}
  // CHECK: tosa.reshape %{{.*}} -> tensor<1x4x4x6xf32>
  // CHECK-NOT: tosa.transpose
  %five = tosa.const_shape {values = dense<[1, 2, 3, 4, 4]> : tensor<5xindex>} : () -> !tosa.shape<5>
  %four = tosa.const_shape {values = dense<[1, 6, 4, 4]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %t = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x4x4x6xf32>) -> tensor<1x6x4x4xf32>
  %r = tosa.reshape %t, %five : (tensor<1x6x4x4xf32>, !tosa.shape<5>) -> tensor<1x2x3x4x4xf32>
  %s = tosa.transpose %r {perms = array<i32: 0, 2, 1, 3, 4>} : (tensor<1x2x3x4x4xf32>) -> tensor<1x3x2x4x4xf32>
  %q = tosa.reshape %s, %four : (tensor<1x3x2x4x4xf32>, !tosa.shape<4>) -> tensor<1x6x4x4xf32>
  %u = tosa.transpose %q {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x6x4x4xf32>) -> tensor<1x4x4x6xf32>
  return %u : tensor<1x4x4x6xf32>
}

// -----

// A per-axis type moves its axis along.
// CHECK-LABEL: func.func @quantized
func.func @quantized(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32> {
  // CHECK-NOT: tosa.transpose
  // CHECK: narrow.quantize %{{.*}} : tensor<1x4x4x2xf32> to tensor<1x4x4x2x!quant.uniform<i8:f32:3, {5.000000e-01,2.500000e-01:1}>>
  // CHECK: narrow.dequantize
  // CHECK-NOT: tosa.transpose
  %t = tosa.transpose %x {perms = array<i32: 0, 3, 1, 2>} : (tensor<1x4x4x2xf32>) -> tensor<1x2x4x4xf32>
  %q = narrow.quantize %t : tensor<1x2x4x4xf32> to tensor<1x2x4x4x!quant.uniform<i8:f32:1, {0.5, 0.25:1}>>
  %d = narrow.dequantize %q : tensor<1x2x4x4x!quant.uniform<i8:f32:1, {0.5, 0.25:1}>> to tensor<1x2x4x4xf32>
  %u = tosa.transpose %d {perms = array<i32: 0, 2, 3, 1>} : (tensor<1x2x4x4xf32>) -> tensor<1x4x4x2xf32>
  return %u : tensor<1x4x4x2xf32>
}
