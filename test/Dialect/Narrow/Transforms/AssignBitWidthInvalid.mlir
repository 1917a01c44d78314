// RUN: not narrow-opt %s --narrow-assign-bit-width=scheme=w4x32a8 2>&1 | FileCheck %s --check-prefix=GROUP
// RUN: not narrow-opt %s --narrow-assign-bit-width=scheme=w8a12 2>&1 | FileCheck %s --check-prefix=ACTIVATION
// RUN: not narrow-opt %s --narrow-assign-bit-width=scheme=w9a8 2>&1 | FileCheck %s --check-prefix=WEIGHT
// RUN: not narrow-opt %s --narrow-assign-bit-width=scheme= 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not narrow-opt %s --narrow-assign-bit-width=scheme=float 2>&1 | FileCheck %s --check-prefix=FLOAT
// RUN: not narrow-opt %s --narrow-assign-bit-width=override=float 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not narrow-opt %s --narrow-assign-bit-width=override=sig=float 2>&1 | FileCheck %s --check-prefix=UNMATCHED
// RUN: not narrow-opt %s --narrow-assign-bit-width=override=sig[=float 2>&1 | FileCheck %s --check-prefix=REGEX
// RUN: not narrow-opt %s --narrow-assign-bit-width=scheme=w8a16t 2>&1 | FileCheck %s --check-prefix=TOKENS
// RUN: not narrow-opt %s --narrow-assign-bit-width=override=.*=w8 2>&1 | FileCheck %s --check-prefix=VALUE

// GROUP: error: scheme 'w4x32a8': 'x32a8' is neither a group of weights nor a<bits>; accepted: w<2 to 8>[pt|g<n>|v<n>|c<n>]a<b|2 to 8[pot|t]|16[pot]>
// ACTIVATION: error: scheme 'w8a12': activations of 12 bits are not supported, 2 to 8 and 16 are; accepted:
// TOKENS: error: scheme 'w8a16t': scales for each token (t) are for activations of 2 to 8 bits; accepted:
// WEIGHT: error: scheme 'w9a8': weights of 9 bits are not supported, 2 to 8 are; accepted:
// EMPTY: error: scheme '': it does not begin with w; accepted:
// FLOAT: error: scheme 'float' is for overrides
// FORM: error: override 'float' is not of the form regex=scheme
// UNMATCHED: error: override 'sig=float' matches no id of the network; it has to match the whole id, the name of a tensor (near: 'x', 'sigmoid')
// REGEX: error: override 'sig[=float': the regular expression is not valid
// VALUE: error: override '.*=w8': scheme 'w8': the part for activations (a<bits>) is missing; accepted:
func.func @main(%x: tensor<4xf32> {narrow.name = "x"}) -> tensor<4xf32> {
  %0 = narrow.observe %x "x" : tensor<4xf32>
  %1 = tosa.sigmoid %0 {narrow.id = "sigmoid"} : (tensor<4xf32>) -> tensor<4xf32>
  %2 = narrow.observe %1 "sigmoid" : tensor<4xf32>
  return %2 : tensor<4xf32>
}
