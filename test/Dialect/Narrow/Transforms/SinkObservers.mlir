// RUN: narrow-opt %s --narrow-sink-observers --split-input-file | FileCheck %s

// Two pools in a row alone read the tensor.
// CHECK-LABEL: func.func @rows
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x8x8x2xf32>
// CHECK-NEXT:    %[[P:.*]] = tosa.max_pool2d %[[X]]
// CHECK-NEXT:    %[[Q:.*]] = tosa.max_pool2d %[[P]]
// CHECK-NEXT:    %[[O:.*]] = narrow.observe %[[Q]] "x" : tensor<1x2x2x2xf32>
// CHECK-NEXT:    %[[A:.*]] = tosa.add %[[O]], %[[O]]
// CHECK-NEXT:    narrow.observe %[[A]] "sum"
func.func @rows(%x: tensor<1x8x8x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %0 = narrow.observe %x "x" : tensor<1x8x8x2xf32>
  %1 = tosa.max_pool2d %0 {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, narrow.id = "p"} : (tensor<1x8x8x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = tosa.max_pool2d %1 {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, narrow.id = "q"} : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
  %3 = tosa.add %2, %2 {narrow.id = "sum"} : (tensor<1x2x2x2xf32>, tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %4 = narrow.observe %3 "sum" : tensor<1x2x2x2xf32>
  return %4 : tensor<1x2x2x2xf32>
}

// -----

// The tensor itself is an output too: every value counts. What the pool yields is returned as it is.
// CHECK-LABEL: func.func @others_read
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x8x8x2xf32> {narrow.name = "x"}, %[[Y:[a-z0-9]+]]: tensor
// CHECK:         %[[O:.*]] = narrow.observe %[[X]] "x" : tensor<1x8x8x2xf32>
// CHECK-NEXT:    %[[P:.*]] = tosa.max_pool2d %[[O]]
// CHECK-NEXT:    %[[Q:.*]] = tosa.max_pool2d %[[Y]]
// CHECK-NEXT:    %[[R:.*]] = narrow.observe %[[Q]] "y" : tensor<1x4x4x2xf32>
// CHECK-NEXT:    return %[[O]], %[[P]], %[[R]]
func.func @others_read(%x: tensor<1x8x8x2xf32> {narrow.name = "x"}, %y: tensor<1x8x8x2xf32> {narrow.name = "y"})
    -> (tensor<1x8x8x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) {
  %0 = narrow.observe %x "x" : tensor<1x8x8x2xf32>
  %1 = tosa.max_pool2d %0 {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, narrow.id = "p"} : (tensor<1x8x8x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.observe %y "y" : tensor<1x8x8x2xf32>
  %3 = tosa.max_pool2d %2 {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>, narrow.id = "q"} : (tensor<1x8x8x2xf32>) -> tensor<1x4x4x2xf32>
  return %0, %1, %3 : tensor<1x8x8x2xf32>, tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>
}
