// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json method=kl" --split-input-file | FileCheck %s
// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json known-ranges=false" --split-input-file | FileCheck %s --check-prefix=DATA
// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json range=sig.*=minmax,relu=absmax" --split-input-file | FileCheck %s --check-prefix=RULE

// Ranges that need no data, whatever the method. The table knows the ids x, relu
// and sigmoid, [0.25, 0.75] for the last; the ops are others here.

// A clipping value that was learned (PACT), and the bounds of softmax, which has
// no integer form.
// CHECK-LABEL: @pact
// CHECK: "relu" range <min = [0.000000e+00], max = [1.937500e+00], from = known> :
// CHECK: "sigmoid" range <min = [0.000000e+00], max = [1.000000e+00], from = known> :
// DATA-LABEL: @pact
// DATA: "relu" range <min = [0.000000e+00], max = [8.000000e+00]> :
// DATA: "sigmoid" range <min = [0.000000e+00], max = [7.500000e-01]> :
// A rule that names a tensor goes before what is known of it.
// RULE-LABEL: @pact
// RULE: "relu" range <min = [-8.06{{[0-9]*}}], max = [8.000000e+00], from = method "absmax">
// RULE: "sigmoid" range <min = [0.000000e+00], max = [7.500000e-01]> :
func.func @pact(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %0 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %1 = tosa.clamp %0 {min_val = 0.0 : f32, max_val = 1.9375 : f32, narrow.id = "relu"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.observe %1 "relu" : tensor<1x4x4x2xf32>
  %3 = narrow.softmax %2 axis 3 {narrow.id = "sigmoid"} : tensor<1x4x4x2xf32>
  %4 = narrow.observe %3 "sigmoid" : tensor<1x4x4x2xf32>
  return %4 : tensor<1x4x4x2xf32>
}

// -----

// Bounds on both sides and bounds without 0, which narrow-assign-scales adds.
// CHECK-LABEL: @bounds
// CHECK: "relu" range <min = [-1.000000e+00], max = [2.500000e+00], from = known> :
// CHECK: "sigmoid" range <min = [1.000000e+00], max = [3.000000e+00], from = known> :
func.func @bounds(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %0 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %1 = tosa.clamp %0 {min_val = -1.0 : f32, max_val = 2.5 : f32, narrow.id = "relu"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.observe %1 "relu" : tensor<1x4x4x2xf32>
  %3 = tosa.clamp %2 {min_val = 1.0 : f32, max_val = 3.0 : f32, narrow.id = "sigmoid"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %4 = narrow.observe %3 "sigmoid" : tensor<1x4x4x2xf32>
  return %4 : tensor<1x4x4x2xf32>
}

// -----

// A clamp that merges into a function cuts the bounds of that.
// CHECK-LABEL: @merged
// CHECK: "relu" range <min = [-1.000000e+00], max = [5.000000e-01], from = known> :
// CHECK: "sigmoid" range <min = [0.000000e+00], max = [1.000000e+00], from = known> :
func.func @merged(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %0 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %1 = tosa.tanh %0 {narrow.id = "tanh"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = tosa.clamp %1 {min_val = -6.0 : f32, max_val = 0.5 : f32, narrow.id = "relu"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %3 = narrow.observe %2 "relu" : tensor<1x4x4x2xf32>
  %4 = narrow.activation hard_sigmoid %3 {narrow.id = "sigmoid"} : tensor<1x4x4x2xf32>
  %5 = narrow.observe %4 "sigmoid" : tensor<1x4x4x2xf32>
  return %5 : tensor<1x4x4x2xf32>
}
