// RUN: narrow-opt %s --narrow-sink-reshapes --split-input-file | FileCheck %s

// A chain of functions meets the convolution, whatever comes between.
// CHECK-LABEL: func.func @chain
// CHECK-SAME: (%[[X:.*]]: tensor<1x16x1x24xf32>)
func.func @chain(%x: tensor<1x16x1x24xf32>) -> tensor<4x96xf32> {
  // CHECK: %[[C:.*]] = tosa.clamp %[[X]] {{.*}}narrow.id = "relu"{{.*}} : (tensor<1x16x1x24xf32>) -> tensor<1x16x1x24xf32>
  // CHECK: %[[T:.*]] = tosa.tanh %[[C]] : (tensor<1x16x1x24xf32>) -> tensor<1x16x1x24xf32>
  // CHECK: %[[S:.*]] = narrow.activation silu %[[T]] : tensor<1x16x1x24xf32>
  // CHECK: %[[U:.*]] = tosa.reshape %[[S]], %{{.*}} : (tensor<1x16x1x24xf32>, !tosa.shape<2>) -> tensor<4x96xf32>
  // CHECK: return %[[U]]
  %matrix = tosa.const_shape {values = dense<[16, 24]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %other = tosa.const_shape {values = dense<[4, 96]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.reshape %x, %matrix : (tensor<1x16x1x24xf32>, !tosa.shape<2>) -> tensor<16x24xf32>
  %c = tosa.clamp %r {min_val = 0.0 : f32, max_val = 6.0 : f32, narrow.id = "relu"} : (tensor<16x24xf32>) -> tensor<16x24xf32>
  %t = tosa.tanh %c : (tensor<16x24xf32>) -> tensor<16x24xf32>
  %u = tosa.reshape %t, %other : (tensor<16x24xf32>, !tosa.shape<2>) -> tensor<4x96xf32>
  %s = narrow.activation silu %u : tensor<4x96xf32>
  return %s : tensor<4x96xf32>
}

// -----

// Something else reads the reshaped tensor, or the function has two operands.
// CHECK-LABEL: func.func @stays
func.func @stays(%x: tensor<1x4x1x8xf32>, %y: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  // CHECK: %[[R:.*]] = tosa.reshape
  // CHECK: tosa.clamp %[[R]]
  // CHECK: tosa.add %[[R]]
  %matrix = tosa.const_shape {values = dense<[4, 8]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.reshape %x, %matrix : (tensor<1x4x1x8xf32>, !tosa.shape<2>) -> tensor<4x8xf32>
  %c = tosa.clamp %r {min_val = 0.0 : f32, max_val = 6.0 : f32} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %a = tosa.add %r, %y : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %c, %a : tensor<4x8xf32>, tensor<4x8xf32>
}
