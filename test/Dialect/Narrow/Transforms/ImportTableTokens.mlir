// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json method=percentile:90" | FileCheck %s --check-prefixes=CHECK,ALL
// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json method=octav range=x=percentile:90" | FileCheck %s --check-prefixes=CHECK,NAMED

// Nothing is clipped before tokens get their scales, whatever the method of the others, unless a rule names the tensor.
// ALL:   "x" range <min = [-1.000000e+00], max = [4.000000e+00]> scheme
// NAMED: "x" range <min = [-0.93{{[0-9]*}}], max = [0.93{{[0-9]*}}], from = method "percentile"> scheme {{.*}}
// CHECK: "sigmoid" range <min = [0.000000e+00], max = [1.000000e+00], from = known> : tensor
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %0 = narrow.observe %x "x" scheme <8 bits, symmetric, restricted, per_token> : tensor<1x4x4x2xf32>
  %1 = tosa.clamp %0 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.observe %1 "relu" : tensor<1x4x4x2xf32>
  %3 = tosa.sigmoid %2 {narrow.id = "sigmoid"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %4 = narrow.observe %3 "sigmoid" : tensor<1x4x4x2xf32>
  return %4 : tensor<1x4x4x2xf32>
}
