// RUN: narrow-opt %s --narrow-assign-granularity --split-input-file --verify-diagnostics
// RUN: not narrow-opt %S/AssignGranularity.mlir --narrow-assign-bit-width --narrow-assign-granularity=weight-method=best --split-input-file 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: not narrow-opt %S/AssignGranularity.mlir --narrow-assign-bit-width --narrow-assign-granularity=weight-method=ema --split-input-file 2>&1 | FileCheck %s --check-prefix=EMA
// RUN: not narrow-opt %S/AssignGranularity.mlir --narrow-assign-bit-width --narrow-assign-granularity=range=.*=ema --split-input-file 2>&1 | FileCheck %s --check-prefix=RULE
// RUN: not narrow-opt %S/AssignGranularity.mlir --narrow-assign-bit-width --narrow-assign-granularity=range=conv/weights=mse --split-input-file 2>&1 | FileCheck %s --check-prefix=UNMATCHED

// METHOD: error: method 'best' is unknown; accepted: minmax, absmax,
// EMA: error: weight 'conv/weight' cannot have the method 'ema': it averages over batches of samples, and weights have none
// RULE: error: weight 'conv/weight' cannot have the method 'ema' of the range '.*=ema': it averages
// UNMATCHED: error: range 'conv/weights=mse' matches no id of an activation or weight

func.func @no_scheme(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  %k = "tosa.const"() <{values = dense<0.25> : tensor<4xf32>}> : () -> tensor<4xf32>
  // expected-error@+1 {{observer 'k' has no scheme; run --narrow-assign-bit-width first}}
  %0 = narrow.observe %k "k" weight : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @nan(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  %k = "tosa.const"() <{values = dense<[1.0, 2.0, 0x7FC00000, 4.0]> : tensor<4xf32>}> : () -> tensor<4xf32>
  // expected-error@+1 {{constant 'k' has the value NaN at element 2}}
  %0 = narrow.observe %k "k" weight scheme <8 bits, asymmetric, per_tensor> : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @no_constant(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error@+1 {{constant 'x' is no constant, though its observer is marked weight}}
  %0 = narrow.observe %x "x" weight scheme <8 bits, asymmetric, per_tensor> : tensor<4xf32>
  return %0 : tensor<4xf32>
}
