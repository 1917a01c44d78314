// RUN: narrow-opt %s --narrow-import-table=table=%S/Inputs/ImportTable.json | FileCheck %s --check-prefixes=CHECK,MINMAX
// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json known-ranges=false" | FileCheck %s --check-prefix=DATA
// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json method=percentile percentile=90" | FileCheck %s --check-prefix=PERCENTILE
// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json method=mse" | FileCheck %s --check-prefix=MSE
// RUN: narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json method=kl" | FileCheck %s --check-prefix=KL
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w8a16 --narrow-import-table="table=%S/Inputs/ImportTable.json" | FileCheck %s --check-prefix=WORDS
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w8a16 --narrow-import-table="table=%S/Inputs/ImportTable.json method=percentile percentile=90" | FileCheck %s --check-prefix=CUT

// The table: x has 131071 values spread over [-1, 1] and one of 4; relu has
// as many in [0.5, 2] and one of 8, but its range begins at 0; sigmoid's follows
// from the function (its values lie in [0.25, 0.75]).

// MINMAX: narrow.observe %{{.*}} "x" range <min = [-1.000000e+00], max = [4.000000e+00]> :
// CHECK:  narrow.observe %{{.*}} "relu" range <min = [0.000000e+00], max = [8.000000e+00]> :
// CHECK:  narrow.observe %{{.*}} "sigmoid" range <min = [0.000000e+00], max = [1.000000e+00], from = known> :

// DATA: narrow.observe %{{.*}} "sigmoid" range <min = [0.000000e+00], max = [7.500000e-01]> :

// A tenth is dropped at each end of [-1, 1].
// PERCENTILE: narrow.observe %{{.*}} "x" range <min = [-0.80{{[0-9]*}}], max = [0.80{{[0-9]*}}], from = method "percentile"> :

// The single large values are cut off: 8 by least error, 4 by least loss.
// MSE: narrow.observe %{{.*}} "relu" range <min = [0.000000e+00], max = [{{[2-7]\..*}}], from = method "mse"> :
// KL:  narrow.observe %{{.*}} "x" range <min = [-1.000000e+00], max = [1.0{{[0-9]*}}], from = method "kl"> :

// Symmetric codes: the ends that were seen, at most as far as the method goes.
// WORDS: narrow.observe %{{.*}} "x" range <min = [-1.000000e+00], max = [4.000000e+00]> scheme <16 bits, symmetric, per_tensor> :
// WORDS: narrow.observe %{{.*}} "relu" range <min = [0.000000e+00], max = [8.000000e+00]> scheme <16 bits, symmetric, per_tensor> :
// CUT:   narrow.observe %{{.*}} "x" range <min = [-0.9{{[0-9]*}}], max = [0.9{{[0-9]*}}], from = method "percentile"> scheme <16 bits,
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
  %0 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %1 = tosa.clamp %0 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %2 = narrow.observe %1 "relu" : tensor<1x4x4x2xf32>
  %3 = tosa.sigmoid %2 {narrow.id = "sigmoid"} : (tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %4 = narrow.observe %3 "sigmoid" : tensor<1x4x4x2xf32>
  return %4 : tensor<1x4x4x2xf32>
}
