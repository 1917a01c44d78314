// RUN: narrow-opt %s --narrow-assign-bit-width=override=pool=w4a4 2>&1 | FileCheck %s --check-prefix=MOVED
// RUN: narrow-opt %s --narrow-assign-bit-width=override=p.*=w4a4,pool=float 2>&1 | FileCheck %s --check-prefix=SOME
// RUN: narrow-opt %s --narrow-assign-bit-width=override=.*=w4a4 2>&1 | FileCheck %s --check-prefix=ALL

// MOVED: warning: override 'pool=w4a4' has no effect: 'pool' moves codes, and has those of what it reads
// Of two overrides for one op the last decides: the first has an effect on no other.
// SOME-NOT: warning: override 'pool=float'
// ALL-NOT: warning
func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
  %0 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
  %1 = tosa.max_pool2d %0 {kernel = array<i64: 2, 2>, stride = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, narrow.id = "pool"} : (tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32>
  %2 = tosa.sigmoid %1 {narrow.id = "sigmoid"} : (tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %3 = narrow.observe %2 "sigmoid" : tensor<1x2x2x2xf32>
  return %3 : tensor<1x2x2x2xf32>
}
