// RUN: narrow-opt %s --narrow-raise-composites --canonicalize --split-input-file | FileCheck %s

// Three orders of x * clamp(x + 3, 0, 6) / 6.
// CHECK-LABEL: func.func @hard_swish
func.func @hard_swish(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>) {
  // CHECK-NEXT: %[[A:.*]] = narrow.activation hard_swish %arg0 {narrow.id = "a"} : tensor<1x8xf32>
  // CHECK-NEXT: %[[B:.*]] = narrow.activation hard_swish %arg0 : tensor<1x8xf32>
  // CHECK-NEXT: %[[C:.*]] = narrow.activation hard_swish %arg0 : tensor<1x8xf32>
  // CHECK-NEXT: return %[[A]], %[[B]], %[[C]]
  %three = "tosa.const"() <{values = dense<3.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %sixth = "tosa.const"() <{values = dense<0.16666667> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.add %x, %three : (tensor<1x8xf32>, tensor<1x1xf32>) -> tensor<1x8xf32>
  %1 = tosa.clamp %0 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %2 = tosa.mul %x, %1, %shift : (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %a = tosa.mul %2, %sixth, %shift {narrow.id = "a"} : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %3 = tosa.mul %1, %sixth, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %b = tosa.mul %x, %3, %shift : (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %4 = tosa.mul %x, %sixth, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %c = tosa.mul %1, %4, %shift : (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  return %a, %b, %c : tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>
}

// -----

// CHECK-LABEL: func.func @gated
func.func @gated(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>) {
  // CHECK-NEXT: %[[S:.*]] = narrow.activation silu %arg0
  // CHECK-NEXT: %[[G:.*]] = narrow.activation gelu %arg0
  // CHECK-NEXT: %[[M:.*]] = narrow.activation mish %arg0
  // CHECK-NEXT: return %[[S]], %[[G]], %[[M]]
  %root = "tosa.const"() <{values = dense<0.707106769> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %one = "tosa.const"() <{values = dense<1.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %half = "tosa.const"() <{values = dense<0.5> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.sigmoid %x : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %silu = tosa.mul %0, %x, %shift : (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %1 = tosa.mul %x, %root, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %2 = tosa.erf %1 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %3 = tosa.add %2, %one : (tensor<1x8xf32>, tensor<1x1xf32>) -> tensor<1x8xf32>
  %4 = tosa.mul %x, %3, %shift : (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %gelu = tosa.mul %4, %half, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %5 = tosa.exp %x : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %6 = tosa.add %5, %one : (tensor<1x8xf32>, tensor<1x1xf32>) -> tensor<1x8xf32>
  %7 = tosa.log %6 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %8 = tosa.tanh %7 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %mish = tosa.mul %x, %8, %shift : (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  return %silu, %gelu, %mish : tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>
}

// -----

// CHECK-LABEL: func.func @gelu_tanh
func.func @gelu_tanh(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>) {
  // CHECK-NEXT: %[[A:.*]] = narrow.activation gelu_tanh %arg0
  // CHECK-NEXT: %[[B:.*]] = narrow.activation gelu_tanh %arg0
  // CHECK-NEXT: return %[[A]], %[[B]]
  %k = "tosa.const"() <{values = dense<0.797884583> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %c = "tosa.const"() <{values = dense<0.044715> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %exp = "tosa.const"() <{values = dense<3.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %one = "tosa.const"() <{values = dense<1.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %half = "tosa.const"() <{values = dense<0.5> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %h = tosa.mul %x, %half, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %p = tosa.pow %x, %exp : (tensor<1x8xf32>, tensor<1x1xf32>) -> tensor<1x8xf32>
  %p1 = tosa.mul %p, %c, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %p2 = tosa.add %x, %p1 : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  %p3 = tosa.mul %p2, %k, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %p4 = tosa.tanh %p3 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %p5 = tosa.add %one, %p4 : (tensor<1x1xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  %a = tosa.mul %h, %p5, %shift : (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %q = tosa.mul %x, %x, %shift : (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %q0 = tosa.mul %q, %x, %shift : (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %q1 = tosa.mul %q0, %c, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %q2 = tosa.add %q1, %x : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  %q3 = tosa.mul %q2, %k, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %q4 = tosa.tanh %q3 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %q5 = tosa.add %q4, %one : (tensor<1x8xf32>, tensor<1x1xf32>) -> tensor<1x8xf32>
  %b = tosa.mul %h, %q5, %shift : (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  return %a, %b : tensor<1x8xf32>, tensor<1x8xf32>
}

// -----

// CHECK-LABEL: func.func @sigmoids
func.func @sigmoids(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>) {
  // CHECK: %[[A:.*]] = narrow.activation hard_sigmoid %arg0 alpha 2.000000e-01 beta 5.000000e-01
  // CHECK: %[[B:.*]] = narrow.activation hard_sigmoid %arg0 alpha 0.166666672 beta 5.000000e-01
  // CHECK: %[[C:.*]] = tosa.sigmoid %arg0
  // CHECK: return %[[A]], %[[B]], %[[C]]
  %fifth = "tosa.const"() <{values = dense<0.2> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %sixth = "tosa.const"() <{values = dense<0.166666672> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %half = "tosa.const"() <{values = dense<0.5> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %three = "tosa.const"() <{values = dense<3.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %one = "tosa.const"() <{values = dense<1.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.mul %x, %fifth, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %1 = tosa.add %0, %half : (tensor<1x8xf32>, tensor<1x1xf32>) -> tensor<1x8xf32>
  %a = tosa.clamp %1 {min_val = 0.0 : f32, max_val = 1.0 : f32} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %2 = tosa.add %x, %three : (tensor<1x8xf32>, tensor<1x1xf32>) -> tensor<1x8xf32>
  %3 = tosa.clamp %2 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %b = tosa.mul %3, %sixth, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %4 = tosa.negate %x, %zp, %zp : (tensor<1x8xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x8xf32>
  %5 = tosa.exp %4 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %6 = tosa.add %5, %one : (tensor<1x8xf32>, tensor<1x1xf32>) -> tensor<1x8xf32>
  %c = tosa.reciprocal %6 : (tensor<1x8xf32>) -> tensor<1x8xf32>
  return %a, %b, %c : tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>
}

// -----

// CHECK-LABEL: func.func @extrema
func.func @extrema(%x: tensor<1x8xf32>) -> (tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>) {
  // CHECK: %[[R:.*]] = tosa.clamp %arg0 {max_val = 3.40282347E+38 : f32, min_val = 0.000000e+00 : f32}
  // CHECK: %[[S:.*]] = tosa.clamp %arg0 {max_val = 6.000000e+00 : f32, min_val = 0.000000e+00 : f32}
  // CHECK: %[[L:.*]] = narrow.activation leaky_relu %arg0 alpha 2.500000e-01
  // CHECK: return %[[R]], %[[S]], %[[L]]
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %six = "tosa.const"() <{values = dense<6.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %slope = "tosa.const"() <{values = dense<0.25> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.maximum %zero, %x : (tensor<1x1xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  %1 = tosa.minimum %0, %six : (tensor<1x8xf32>, tensor<1x1xf32>) -> tensor<1x8xf32>
  %2 = tosa.mul %x, %slope, %shift : (tensor<1x8xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x8xf32>
  %3 = tosa.maximum %x, %2 : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<1x8xf32>
  return %0, %1, %3 : tensor<1x8xf32>, tensor<1x8xf32>, tensor<1x8xf32>
}

// -----

// The sum over H and W of NCHW, divided by 16, and squeezed to [N, C].
// CHECK-LABEL: func.func @plane_average
func.func @plane_average(%x: tensor<1x3x2x8xf32>) -> tensor<1x3xf32> {
  // CHECK: %[[T:.*]] = tosa.transpose %arg0 {perms = array<i32: 0, 2, 3, 1>} {{.*}} -> tensor<1x2x8x3xf32>
  // CHECK: %[[P:.*]] = tosa.avg_pool2d %[[T]], {{.*}}kernel = array<i64: 2, 8>{{.*}} -> tensor<1x1x1x3xf32>
  // CHECK: %[[R:.*]] = tosa.reshape %[[P]]
  // CHECK: return %[[R]]
  %k = "tosa.const"() <{values = dense<0.0625> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %shape = tosa.const_shape {values = dense<[1, 3]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %0 = tosa.reduce_sum %x {axis = 3 : i32} : (tensor<1x3x2x8xf32>) -> tensor<1x3x2x1xf32>
  %1 = tosa.reduce_sum %0 {axis = 2 : i32} : (tensor<1x3x2x1xf32>) -> tensor<1x3x1x1xf32>
  %2 = tosa.reshape %1, %shape : (tensor<1x3x1x1xf32>, !tosa.shape<2>) -> tensor<1x3xf32>
  %3 = tosa.mul %2, %k, %shift : (tensor<1x3xf32>, tensor<1x1xf32>, tensor<1xi8>) -> tensor<1x3xf32>
  return %3 : tensor<1x3xf32>
}

// -----

// [KH, KW, C, M] = [1, 1, 2, 2] becomes [C * M, KH, KW, 1]; the bias spreads.
// CHECK-LABEL: func.func @depthwise_multiplier
func.func @depthwise_multiplier(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x4xf32> {
  // CHECK-DAG: %[[W:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}1.000000e+00]]], {{\[\[\[}}2.000000e+00]]], {{\[\[\[}}3.000000e+00]]], {{\[\[\[}}4.000000e+00]]]]> : tensor<4x1x1x1xf32>
  // CHECK-DAG: %[[B:.*]] = "tosa.const"() <{values = dense<7.000000e+00> : tensor<4xf32>}>
  // CHECK: narrow.conv2d %arg0, %[[W]], %[[B]] group 2 pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1]
  %w = "tosa.const"() <{values = dense<[[[[1.0, 2.0], [3.0, 4.0]]]]> : tensor<1x1x2x2xf32>}> : () -> tensor<1x1x2x2xf32>
  %b = "tosa.const"() <{values = dense<7.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %c = tosa.depthwise_conv2d %x, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x4x4x2xf32>, tensor<1x1x2x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x4xf32>
  return %c : tensor<1x4x4x4xf32>
}

// -----

// CHECK-LABEL: func.func @groups
func.func @groups(%x: tensor<1x4x4x2xf32>) -> (tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<1x2x2x2xf32>) {
  // CHECK-DAG: %[[W:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}1.000000e+00], [2.000000e+00]]]]> : tensor<1x1x2x1xf32>
  // CHECK: tosa.conv2d %arg0
  // CHECK: tosa.depthwise_conv2d %arg0, %[[W]]
  // The size does not divide by the stride: TOSA would refuse it.
  // CHECK: narrow.conv2d %arg0
  %w1 = "tosa.const"() <{values = dense<1.0> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %w2 = "tosa.const"() <{values = dense<[[[[1.0]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>}> : () -> tensor<2x1x1x1xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %0 = narrow.conv2d %x, %w1, %b group 1 pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>) -> tensor<1x4x4x2xf32>
  %1 = narrow.conv2d %x, %w2, %b group 2 pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] : (tensor<1x4x4x2xf32>, tensor<2x1x1x1xf32>, tensor<2xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.conv2d %x, %w1, %b group 1 pad [0, 0, 0, 0] stride [2, 2] dilation [1, 1] : (tensor<1x4x4x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>) -> tensor<1x2x2x2xf32>
  return %0, %1, %2 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>, tensor<1x2x2x2xf32>
}

// -----

// What TOSA has for a root; a quotient by it, as x * (1 / sqrt(y)); 1 / (1 / x).
// CHECK-LABEL: func.func @roots
func.func @roots(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[S:.*]] = narrow.activation sqrt %arg0
  // CHECK-NEXT: %[[R:.*]] = tosa.rsqrt %arg0
  // CHECK-NEXT: return %[[S]], %[[R]], %arg0
  %0 = tosa.rsqrt %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tosa.reciprocal %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = tosa.reciprocal %1 : (tensor<4xf32>) -> tensor<4xf32>
  %3 = tosa.reciprocal %x : (tensor<4xf32>) -> tensor<4xf32>
  %4 = tosa.reciprocal %3 : (tensor<4xf32>) -> tensor<4xf32>
  return %1, %2, %4 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// -----

// Almost: another operand than x, another constant, a sum that is not divided by
// its count, a broadcast operand, a bound for each element.
// CHECK-LABEL: func.func @not_raised
func.func @not_raised(%x: tensor<1x2x2x8xf32>, %y: tensor<1x2x2x8xf32>, %p: tensor<1x1x1x8xf32>) -> (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x1x1x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>) {
  // CHECK-NOT: narrow.
  // CHECK-NOT: tosa.avg_pool2d
  // CHECK: tosa.maximum
  // CHECK-NOT: narrow.
  %three = "tosa.const"() <{values = dense<3.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %fifth = "tosa.const"() <{values = dense<0.2> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %bounds = "tosa.const"() <{values = dense<[[[[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]]]]> : tensor<1x1x1x8xf32>}> : () -> tensor<1x1x1x8xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.sigmoid %x : (tensor<1x2x2x8xf32>) -> tensor<1x2x2x8xf32>
  %a = tosa.mul %0, %y, %shift : (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1xi8>) -> tensor<1x2x2x8xf32>
  %1 = tosa.add %x, %three : (tensor<1x2x2x8xf32>, tensor<1x1x1x1xf32>) -> tensor<1x2x2x8xf32>
  %2 = tosa.clamp %1 {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<1x2x2x8xf32>) -> tensor<1x2x2x8xf32>
  %3 = tosa.mul %x, %2, %shift : (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1xi8>) -> tensor<1x2x2x8xf32>
  %b = tosa.mul %3, %fifth, %shift : (tensor<1x2x2x8xf32>, tensor<1x1x1x1xf32>, tensor<1xi8>) -> tensor<1x2x2x8xf32>
  %4 = tosa.reduce_sum %x {axis = 1 : i32} : (tensor<1x2x2x8xf32>) -> tensor<1x1x2x8xf32>
  %5 = tosa.reduce_sum %4 {axis = 2 : i32} : (tensor<1x1x2x8xf32>) -> tensor<1x1x1x8xf32>
  %c = tosa.mul %5, %fifth, %shift : (tensor<1x1x1x8xf32>, tensor<1x1x1x1xf32>, tensor<1xi8>) -> tensor<1x1x1x8xf32>
  %6 = tosa.sigmoid %p : (tensor<1x1x1x8xf32>) -> tensor<1x1x1x8xf32>
  %7 = tosa.mul %6, %y, %shift : (tensor<1x1x1x8xf32>, tensor<1x2x2x8xf32>, tensor<1xi8>) -> tensor<1x2x2x8xf32>
  %d = tosa.add %7, %y : (tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>) -> tensor<1x2x2x8xf32>
  %e = tosa.maximum %x, %bounds : (tensor<1x2x2x8xf32>, tensor<1x1x1x8xf32>) -> tensor<1x2x2x8xf32>
  return %a, %b, %c, %d, %e : tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>, tensor<1x1x1x8xf32>, tensor<1x2x2x8xf32>, tensor<1x2x2x8xf32>
}
