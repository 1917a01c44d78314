// RUN: narrow-opt %s --narrow-fold-constants --split-input-file | FileCheck %s
// RUN: narrow-opt %s --narrow-fold-constants=max-elements=3 --split-input-file | FileCheck %s --check-prefix=LIMIT

// CHECK-LABEL: func.func @arithmetic
// LIMIT-LABEL: func.func @arithmetic
func.func @arithmetic() -> (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  // 1 + 10, 2 + 10, 3 + 20, 4 + 20
  // CHECK-DAG: %[[SUM:.*]] = "tosa.const"() <{values = dense<{{\[\[}}1.100000e+01, 1.200000e+01], [2.300000e+01, 2.400000e+01]]>
  // CHECK-DAG: %[[DIFF:.*]] = "tosa.const"() <{values = dense<{{\[\[}}-9.000000e+00, -8.000000e+00], [-1.700000e+01, -1.600000e+01]]>
  // CHECK-DAG: %[[PROD:.*]] = "tosa.const"() <{values = dense<{{\[\[}}1.000000e+01, 2.000000e+01], [6.000000e+01, 8.000000e+01]]>
  // CHECK-DAG: %[[MAX:.*]] = "tosa.const"() <{values = dense<{{\[\[}}1.000000e+01, 1.000000e+01], [2.000000e+01, 2.000000e+01]]>
  // CHECK: return %[[SUM]], %[[DIFF]], %[[PROD]], %[[MAX]]
  // LIMIT: tosa.add
  %a = "tosa.const"() <{values = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>}> : () -> tensor<2x2xf32>
  %b = "tosa.const"() <{values = dense<[[10.0], [20.0]]> : tensor<2x1xf32>}> : () -> tensor<2x1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.add %a, %b : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  %1 = tosa.sub %a, %b : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  %2 = tosa.mul %a, %b, %shift : (tensor<2x2xf32>, tensor<2x1xf32>, tensor<1xi8>) -> tensor<2x2xf32>
  %3 = tosa.maximum %a, %b : (tensor<2x2xf32>, tensor<2x1xf32>) -> tensor<2x2xf32>
  return %0, %1, %2, %3 : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}

// -----

// A chain folds at once, each op in f32: rsqrt(4) = 0.5, 1/3 is the nearest f32.
// CHECK-LABEL: func.func @chain
func.func @chain() -> (tensor<2xf32>, tensor<2xf32>) {
  // CHECK-DAG: %[[R:.*]] = "tosa.const"() <{values = dense<[5.000000e-01, 2.500000e-01]>
  // CHECK-DAG: %[[Q:.*]] = "tosa.const"() <{values = dense<[0.333333343, 0.0666666701]>
  // CHECK: return %[[R]], %[[Q]]
  %v = "tosa.const"() <{values = dense<[3.0, 15.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %e = "tosa.const"() <{values = dense<[1.0]> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = tosa.add %v, %e : (tensor<2xf32>, tensor<1xf32>) -> tensor<2xf32>
  %1 = tosa.rsqrt %0 : (tensor<2xf32>) -> tensor<2xf32>
  %2 = tosa.reciprocal %v : (tensor<2xf32>) -> tensor<2xf32>
  return %1, %2 : tensor<2xf32>, tensor<2xf32>
}

// -----

// CHECK-LABEL: func.func @movement
func.func @movement() -> (tensor<3x2xf32>, tensor<6xf32>, tensor<2x2xf32>, tensor<3x3xf32>, tensor<2x4xf32>, tensor<2x6xf32>, tensor<2x3xf32>) {
  // CHECK-DAG: %[[T:.*]] = "tosa.const"() <{values = dense<{{\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]> : tensor<3x2xf32>
  // CHECK-DAG: %[[R:.*]] = "tosa.const"() <{values = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00, 4.000000e+00, 5.000000e+00, 6.000000e+00]> : tensor<6xf32>
  // CHECK-DAG: %[[S:.*]] = "tosa.const"() <{values = dense<{{\[\[}}2.000000e+00, 3.000000e+00], [5.000000e+00, 6.000000e+00]]> : tensor<2x2xf32>
  // CHECK-DAG: %[[P:.*]] = "tosa.const"() <{values = dense<{{\[\[}}7.000000e+00, 7.000000e+00, 7.000000e+00], [1.000000e+00, 2.000000e+00, 3.000000e+00], [4.000000e+00, 5.000000e+00, 6.000000e+00]]> : tensor<3x3xf32>
  // CHECK-DAG: %[[C:.*]] = "tosa.const"() <{values = dense<{{\[\[}}1.000000e+00, 2.000000e+00, 3.000000e+00, 8.000000e+00], [4.000000e+00, 5.000000e+00, 6.000000e+00, 9.000000e+00]]> : tensor<2x4xf32>
  // CHECK-DAG: %[[TILE:.*]] = "tosa.const"() <{values = dense<{{\[\[}}1.000000e+00, 2.000000e+00, 3.000000e+00, 1.000000e+00, 2.000000e+00, 3.000000e+00], [4.000000e+00, 5.000000e+00, 6.000000e+00, 4.000000e+00, 5.000000e+00, 6.000000e+00]]> : tensor<2x6xf32>
  // CHECK-DAG: %[[REV:.*]] = "tosa.const"() <{values = dense<{{\[\[}}3.000000e+00, 2.000000e+00, 1.000000e+00], [6.000000e+00, 5.000000e+00, 4.000000e+00]]> : tensor<2x3xf32>
  // CHECK: return %[[T]], %[[R]], %[[S]], %[[P]], %[[C]], %[[TILE]], %[[REV]]
  %a = "tosa.const"() <{values = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>}> : () -> tensor<2x3xf32>
  %b = "tosa.const"() <{values = dense<[[8.0], [9.0]]> : tensor<2x1xf32>}> : () -> tensor<2x1xf32>
  %seven = "tosa.const"() <{values = dense<7.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %six = tosa.const_shape {values = dense<6> : tensor<1xindex>} : () -> !tosa.shape<1>
  %start = tosa.const_shape {values = dense<[0, 1]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %size = tosa.const_shape {values = dense<[2, 2]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %twice = tosa.const_shape {values = dense<[1, 2]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %pad = tosa.const_shape {values = dense<[1, 0, 0, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %0 = tosa.transpose %a {perms = array<i32: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %1 = tosa.reshape %a, %six : (tensor<2x3xf32>, !tosa.shape<1>) -> tensor<6xf32>
  %2 = tosa.slice %a, %start, %size : (tensor<2x3xf32>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<2x2xf32>
  %3 = tosa.pad %a, %pad, %seven : (tensor<2x3xf32>, !tosa.shape<4>, tensor<1xf32>) -> tensor<3x3xf32>
  %4 = tosa.concat %a, %b {axis = 1 : i32} : (tensor<2x3xf32>, tensor<2x1xf32>) -> tensor<2x4xf32>
  %5 = tosa.tile %a, %twice : (tensor<2x3xf32>, !tosa.shape<2>) -> tensor<2x6xf32>
  %6 = tosa.reverse %a {axis = 1 : i32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0, %1, %2, %3, %4, %5, %6 : tensor<3x2xf32>, tensor<6xf32>, tensor<2x2xf32>, tensor<3x3xf32>, tensor<2x4xf32>, tensor<2x6xf32>, tensor<2x3xf32>
}

// -----

// CHECK-LABEL: func.func @reduce_and_cast
func.func @reduce_and_cast() -> (tensor<2x1xf32>, tensor<1x3xi32>, tensor<4xi32>, tensor<2xf32>) {
  // CHECK-DAG: %[[S:.*]] = "tosa.const"() <{values = dense<{{\[\[}}6.000000e+00], [1.500000e+01]]>
  // CHECK-DAG: %[[I:.*]] = "tosa.const"() <{values = dense<{{\[\[}}5, 7, 9]]> : tensor<1x3xi32>
  // Ties to even, saturation, NaN.
  // CHECK-DAG: %[[C:.*]] = "tosa.const"() <{values = dense<[2, -2, 2147483647, 0]> : tensor<4xi32>
  // CHECK-DAG: %[[H:.*]] = "tosa.const"() <{values = dense<[5.000000e-01, -2.000000e+00]> : tensor<2xf32>
  // CHECK: return %[[S]], %[[I]], %[[C]], %[[H]]
  %a = "tosa.const"() <{values = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>}> : () -> tensor<2x3xf32>
  %i = "tosa.const"() <{values = dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>}> : () -> tensor<2x3xi32>
  %f = "tosa.const"() <{values = dense<[2.5, -1.5, 3.0e+10, 0x7FC00000]> : tensor<4xf32>}> : () -> tensor<4xf32>
  %h = "tosa.const"() <{values = dense<[0.5, -2.0]> : tensor<2xf16>}> : () -> tensor<2xf16>
  %0 = tosa.reduce_sum %a {axis = 1 : i32} : (tensor<2x3xf32>) -> tensor<2x1xf32>
  %1 = tosa.reduce_sum %i {axis = 0 : i32} : (tensor<2x3xi32>) -> tensor<1x3xi32>
  %2 = tosa.cast %f : (tensor<4xf32>) -> tensor<4xi32>
  %3 = tosa.cast %h : (tensor<2xf16>) -> tensor<2xf32>
  return %0, %1, %2, %3 : tensor<2x1xf32>, tensor<1x3xi32>, tensor<4xi32>, tensor<2xf32>
}

// -----

// A constant that lies in a side resource.
// CHECK-LABEL: func.func @resource
func.func @resource() -> tensor<2x1xf32> {
  // CHECK: "tosa.const"() <{values = dense<{{\[\[}}1.000000e+00], [2.000000e+00]]> : tensor<2x1xf32>
  %a = "tosa.const"() <{values = dense_resource<w> : tensor<1x2xf32>}> : () -> tensor<1x2xf32>
  %0 = tosa.transpose %a {perms = array<i32: 1, 0>} : (tensor<1x2xf32>) -> tensor<2x1xf32>
  return %0 : tensor<2x1xf32>
}
{-# dialect_resources: { builtin: { w: "0x040000000000803F00000040" } } #-}

// -----

// CHECK-LABEL: func.func @neutral
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
func.func @neutral(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-NEXT: return %[[X]]
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1x3xf32>}> : () -> tensor<1x3xf32>
  %one = "tosa.const"() <{values = dense<1.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %scalar = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %shape = tosa.const_shape {values = dense<[2, 3]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %start = tosa.const_shape {values = dense<[0, 0]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %six = tosa.const_shape {values = dense<6> : tensor<1xindex>} : () -> !tosa.shape<1>
  %pad = tosa.const_shape {values = dense<0> : tensor<4xindex>} : () -> !tosa.shape<4>
  %0 = tosa.add %x, %zero : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  %1 = tosa.mul %one, %0, %shift : (tensor<1x1xf32>, tensor<2x3xf32>, tensor<1xi8>) -> tensor<2x3xf32>
  %2 = tosa.sub %1, %zero : (tensor<2x3xf32>, tensor<1x3xf32>) -> tensor<2x3xf32>
  %3 = tosa.transpose %2 {perms = array<i32: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = tosa.reshape %3, %six : (tensor<2x3xf32>, !tosa.shape<1>) -> tensor<6xf32>
  %5 = tosa.reshape %4, %shape : (tensor<6xf32>, !tosa.shape<2>) -> tensor<2x3xf32>
  %6 = tosa.identity %5 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %7 = tosa.pad %6, %pad, %scalar : (tensor<2x3xf32>, !tosa.shape<4>, tensor<1xf32>) -> tensor<2x3xf32>
  %8 = tosa.slice %7, %start, %shape : (tensor<2x3xf32>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<2x3xf32>
  %9 = tosa.concat %8 {axis = 0 : i32} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %9 : tensor<2x3xf32>
}

// -----

// ReLU then ReLU6 is ReLU6; the outer bounds win where the intervals part.
// CHECK-LABEL: func.func @clamps
func.func @clamps(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: %[[A:.*]] = tosa.clamp %arg0 {max_val = 6.000000e+00 : f32, min_val = 0.000000e+00 : f32}
  // CHECK: %[[B:.*]] = tosa.clamp %arg0 {max_val = 8.000000e+00 : f32, min_val = 8.000000e+00 : f32}
  // CHECK: return %[[A]], %[[B]]
  %0 = tosa.clamp %x {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tosa.clamp %0 {min_val = -1.0 : f32, max_val = 6.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = tosa.clamp %1 {min_val = 8.0 : f32, max_val = 9.0 : f32} : (tensor<4xf32>) -> tensor<4xf32>
  return %1, %2 : tensor<4xf32>, tensor<4xf32>
}

// -----

// Not neutral: the result is broadcast, or the constant is not 0 everywhere.
// CHECK-LABEL: func.func @not_neutral
func.func @not_neutral(%x: tensor<1x3xf32>) -> (tensor<2x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>) {
  // CHECK-COUNT-2: tosa.add
  // CHECK: tosa.sub
  %zeros = "tosa.const"() <{values = dense<0.0> : tensor<2x3xf32>}> : () -> tensor<2x3xf32>
  %some = "tosa.const"() <{values = dense<[[0.0, 0.0, 1.0]]> : tensor<1x3xf32>}> : () -> tensor<1x3xf32>
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1x1xf32>}> : () -> tensor<1x1xf32>
  %0 = tosa.add %x, %zeros : (tensor<1x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = tosa.add %x, %some : (tensor<1x3xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>
  %2 = tosa.sub %zero, %x : (tensor<1x1xf32>, tensor<1x3xf32>) -> tensor<1x3xf32>
  return %0, %1, %2 : tensor<2x3xf32>, tensor<1x3xf32>, tensor<1x3xf32>
}

// -----

// What exporters write for no bound is none; a bound is.
// CHECK-LABEL: func.func @no_bound
// CHECK-SAME:    %[[X:.*]]: tensor<2xf32>
// CHECK-NEXT:    %[[K:.*]] = "tosa.const"
// CHECK-NEXT:    %[[M:.*]] = tosa.maximum %[[X]], %[[K]]
// CHECK-NEXT:    return %[[X]], %[[X]], %[[M]]
func.func @no_bound(%x: tensor<2xf32>) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %lowest = "tosa.const"() <{values = dense<[0xFF800000, -3.40282347E+38]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %inf = "tosa.const"() <{values = dense<0x7F800000> : tensor<1xf32>}> : () -> tensor<1xf32>
  %k = "tosa.const"() <{values = dense<[0xFF800000, -1.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  %0 = tosa.maximum %x, %lowest : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %1 = tosa.minimum %inf, %0 : (tensor<1xf32>, tensor<2xf32>) -> tensor<2xf32>
  %2 = tosa.maximum %x, %k : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %0, %1, %2 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// -----

// What the evaluator knows is folded: a resized constant.
// CHECK-LABEL: @resized
// CHECK-NOT: tosa.resize
// CHECK: return
func.func @resized() -> tensor<1x2x2x1xf32> {
  %c = "tosa.const"() <{values = dense<3.0> : tensor<1x1x1x1xf32>}> : () -> tensor<1x1x1x1xf32>
  %s = tosa.const_shape {values = dense<[2, 1, 2, 1]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %o = tosa.const_shape {values = dense<[0, 0]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %b = tosa.const_shape {values = dense<[1, 1]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.resize %c, %s, %o, %b {mode = NEAREST_NEIGHBOR} : (tensor<1x1x1x1xf32>, !tosa.shape<4>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x2x2x1xf32>
  return %r : tensor<1x2x2x1xf32>
}
