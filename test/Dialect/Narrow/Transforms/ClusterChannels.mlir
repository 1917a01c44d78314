// RUN: narrow-opt %s --narrow-cluster-channels --split-input-file --verify-diagnostics | FileCheck %s

// Two clusters; a channel of zeros keeps its range.
// CHECK-LABEL: func.func @clusters
// CHECK: "w" weight range <min = [-1.000000e+00, -1.200000e-01, -1.000000e+00, {{-?}}0.000000e+00, -1.200000e-01], max = [1.000000e+00, 1.200000e-01, 1.000000e+00, 0.000000e+00, 1.200000e-01]> scheme <8 bits, symmetric, restricted, per_cluster, axis = 0, group = 2> :
// CHECK: "v" weight range <min = [-1.000000e+00, -1.000000e-01], max = [1.000000e-01, 2.000000e-01]> scheme <8 bits, symmetric, restricted, per_channel, axis = 0> :
func.func @clusters(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<5x1x1x2xf32>}> : () -> tensor<5x1x1x2xf32>
  %v = "tosa.const"() <{values = dense<0.5> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %1 = narrow.observe %w "w" weight range <min = [-1.0, -0.1, -0.3, 0.0, -0.12], max = [0.2, 0.1, 0.9, 0.0, 0.0]>
    scheme <8 bits, symmetric, restricted, per_cluster, axis = 0, group = 2> : tensor<5x1x1x2xf32>
  %2 = narrow.observe %v "v" weight range <min = [-1.0, -0.1], max = [0.1, 0.2]>
    scheme <8 bits, symmetric, restricted, per_channel, axis = 0> : tensor<2x1x1x2xf32>
  return
}

// -----

func.func @noRange(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) {
  %w = "tosa.const"() <{values = dense<0.5> : tensor<5x1x1x2xf32>}> : () -> tensor<5x1x1x2xf32>
  // expected-error@+1 {{observer 'w' has no range; run --narrow-assign-granularity first}}
  %1 = narrow.observe %w "w" weight scheme <8 bits, symmetric, restricted, per_cluster, axis = 0, group = 2> : tensor<5x1x1x2xf32>
  return
}
