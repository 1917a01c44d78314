// RUN: narrow-opt %s --narrow-align-operands --verify-diagnostics
// RUN: not narrow-opt %s --narrow-align-operands=which=mul 2>&1 | FileCheck %s

// CHECK: error: narrow-align-operands takes which=add, concat or all, got 'mul'
!t = tensor<1x4x4x2xf32>
func.func @no_range(%x: !t {narrow.name = "x"}) -> !t {
  // expected-error@+1 {{observer 'x' has no range; run --narrow-import-table first}}
  %0 = narrow.observe %x "x" scheme <8 bits, asymmetric, per_tensor> : !t
  %1 = tosa.add %0, %0 : (!t, !t) -> !t
  %2 = narrow.observe %1 "sum" range <min = [0.0], max = [2.0]> scheme <8 bits, asymmetric, per_tensor> : !t
  return %2 : !t
}
