// RUN: narrow-opt %s --narrow-insert-observers --split-input-file --verify-diagnostics

func.func @duplicate(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-note@+1 {{the first one}}
  %0 = tosa.sigmoid %x {narrow.id = "act"} : (tensor<4xf32>) -> tensor<4xf32>
  // expected-error@+1 {{two tensors to observe have the id 'act'; give them different 'narrow.id'}}
  %1 = tosa.tanh %0 {narrow.id = "act"} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

func.func @no_id(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  // expected-error@+1 {{this tensor is to be observed but has no id; run --narrow-assign-ids first}}
  %0 = tosa.sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = tosa.tanh %0 {narrow.id = "y"} : (tensor<4xf32>) -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// -----

// expected-error@+1 {{this looks like the observed stage, not the float stage; there is no way back: run this before --narrow-observed-pipeline}}
module {
  func.func @twice(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
    %0 = narrow.observe %x "x" : tensor<4xf32>
    return %0 : tensor<4xf32>
  }
}
