// RUN: narrow-opt %s --verify-diagnostics --split-input-file

// The table of docs/dialect.md: other names, places, types and values are refused.

// expected-error @+1 {{'narrow.isb' is not an attribute of the narrow dialect; other dialects' have their own prefix}}
module attributes {narrow.isb = "avx2"} {}

// -----

// expected-error @+1 {{the attribute 'narrow.output' is not for a module}}
module attributes {narrow.output} {}

// -----

// expected-error @+1 {{the attribute 'narrow.arena_size' of a module must be an i64 of at least 0, got -64 : i64}}
module attributes {narrow.arena_size = -64 : i64} {}

// -----

// expected-error @+1 {{'narrow.arena_alignment' of a module must be an i64 that is a power of two, got 48 : i64}}
module attributes {narrow.arena_alignment = 48 : i64} {}

// -----

// expected-error @+1 {{'narrow.threads' of a module must be an i64 of at least 2, got 1 : i64}}
module attributes {narrow.threads = 1 : i64} {}

// -----

// expected-error @+1 {{'narrow.observed' of a module must be an array of strings, got ["x", 1]}}
module attributes {narrow.observed = ["x", 1]} {}

// -----

// expected-error @+1 {{'narrow.profile' of a module must be an array of dictionaries with name and kind (strings), macs, bytes and cycles}}
module attributes {narrow.profile = [{bytes = 0 : i64, cycles = 0 : i64, kind = "conv", macs = 0 : i64, name = 1 : i32}]} {}

// -----

// expected-error @+1 {{the attribute 'narrow.target' is not for a function}}
func.func @f() attributes {narrow.target = #narrow.target<isa = "avx2">} {
  return
}

// -----

// expected-error @+1 {{the attribute 'narrow.name' of argument #1 must be a string, got 3 : i32}}
func.func @f(%x: tensor<4xf32> {narrow.name = "x"}, %y: tensor<4xf32> {narrow.name = 3 : i32}) {
  return
}

// -----

// expected-error @+1 {{the attribute 'narrow.unsigned' is not for result #0}}
func.func @f(%x: tensor<4xf32>) -> (tensor<4xf32> {narrow.unsigned}) {
  return %x : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{the attribute 'narrow.shape' is not for an op}}
  %0 = tosa.abs %x {narrow.shape = array<i64: 4>} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{the attribute 'narrow.float_reason' of an op must be a string, got unit}}
  %0 = tosa.abs %x {narrow.float_reason} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{the attribute 'narrow.mean_magnitude' of an op must be an f64 of at least 0, got 1.000000e+00 : f32}}
  %0 = narrow.observe %x "x" {narrow.mean_magnitude = 1.0 : f32} : tensor<4xf32>
  return
}
