// RUN: narrow-opt %s --narrow-fold-constants=max-elements=0 --verify-diagnostics

// expected-error @+1 {{max-elements must be at least 1, got 0}}
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
