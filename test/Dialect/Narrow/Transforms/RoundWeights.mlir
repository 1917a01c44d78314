// RUN: rm -rf %t && mkdir -p %t && python3 %S/Inputs/rounding-inputs.py %t && split-file %s %t
// RUN: narrow-opt %t/ties.mlir --narrow-round-weights | FileCheck %s --check-prefix=EVEN
// RUN: narrow-opt %t/ties.mlir --narrow-round-weights=ties=away | FileCheck %s --check-prefix=AWAY
// RUN: narrow-opt %t/ties.mlir --narrow-round-weights=ties=up | FileCheck %s --check-prefix=UP
// RUN: narrow-opt %t/ties.mlir --narrow-round-weights=ties=zero | FileCheck %s --check-prefix=ZERO
// RUN: narrow-opt %t/ties.mlir --narrow-round-weights="method=stochastic seed=1" > %t/seed1
// RUN: narrow-opt %t/ties.mlir --narrow-round-weights="method=stochastic seed=1" | cmp - %t/seed1
// RUN: narrow-opt %t/ties.mlir --narrow-round-weights="method=stochastic seed=4" | not cmp -s - %t/seed1
// RUN: FileCheck %s --check-prefix=CHANCE < %t/seed1

// Half a quantum, and 1.5 and 2.5 of a scale of 0.5; 100 is beyond the codes. The codes of
// the rounded weight are the same again.
// EVEN: dense<{{\[\[\[\[}}-1.000000e+00, -1.000000e+00, 0.000000e+00, 0.000000e+00, 1.000000e+00, 1.000000e+00, 3.500000e+00]]]]>
// AWAY: dense<{{\[\[\[\[}}-1.500000e+00, -1.000000e+00, -5.000000e-01, 5.000000e-01, 1.000000e+00, 1.500000e+00, 3.500000e+00]]]]>
// UP: dense<{{\[\[\[\[}}-1.000000e+00, -5.000000e-01, 0.000000e+00, 5.000000e-01, 1.000000e+00, 1.500000e+00, 3.500000e+00]]]]>
// ZERO: dense<{{\[\[\[\[}}-1.000000e+00, -5.000000e-01, 0.000000e+00, 0.000000e+00, 5.000000e-01, 1.000000e+00, 3.500000e+00]]]]>
// CHANCE: dense<{{\[\[\[\[}}-1.{{[05]}}00000e+00, {{-1.000000e\+00|-5.000000e-01}}, {{.*}}, 3.500000e+00]]]]>

//--- ties.mlir
func.func @main(%x: tensor<1x1x1x7xf32> {narrow.name = "x"}) -> tensor<1x1x1x1xf32> {
  %w = "tosa.const"() <{values = dense<[[[[-1.25, -0.75, -0.25, 0.25, 0.75, 1.25, 100.0]]]]> : tensor<1x1x1x7xf32>}> : () -> tensor<1x1x1x7xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x7xf32>
  %1 = narrow.observe %w "conv/weight" weight range <min = [-1.25], max = [100.0]> scheme <4 bits, symmetric, restricted, per_tensor> type !quant.uniform<i8<-7:7>:f32, 0.5> : tensor<1x1x1x7xf32>
  %2 = tosa.conv2d %0, %1, %b, %b, %b {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x1x1x7xf32>, tensor<1x1x1x7xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x1xf32>
  return %3 : tensor<1x1x1x1xf32>
}

// The nearest codes are 1, 1. The second makes up for what the first loses. Of channel 1 nothing is changed but the scale.
// RUN: narrow-opt %t/gptq.mlir --narrow-round-weights="method=gptq inputs=%t/gptq.npz" | FileCheck %s --check-prefix=GPTQ
// RUN: narrow-opt %t/gptq.mlir --narrow-round-weights="method=gptq inputs=%t/gptq.npz act-order float-inputs" | FileCheck %s --check-prefix=ORDER
// GPTQ: dense<{{\[\[\[\[}}2.000000e-01, 4.000000e-01]]], {{\[\[\[}}5.000000e-01, 1.000000e+00]]]]>
// ORDER: dense<{{\[\[\[\[}}4.000000e-01, 2.000000e-01]]], {{\[\[\[}}5.000000e-01, 1.000000e+00]]]]>

//--- gptq.mlir
func.func @main(%x: tensor<1x1x1x2xf32> {narrow.name = "x"}) -> tensor<1x1x1x2xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.29, 0.29]]], [[[0.5, 1.0]]]]> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x2xf32>
  %1 = narrow.observe %w "conv/weight" weight range <min = [0.29, 0.5], max = [0.29, 1.0]> scheme <4 bits, symmetric, restricted, per_channel, axis = 0> type !quant.uniform<i8<-7:7>:f32:0, {0.2, 0.5}> : tensor<2x1x1x2xf32>
  %2 = tosa.conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x1x1x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x2xf32>
  return %3 : tensor<1x1x1x2xf32>
}

// The nearest codes are 1, 2, 3. A ReLU that follows changes nothing here.
// RUN: narrow-opt %t/adaround.mlir --narrow-round-weights="method=adaround inputs=%t/adaround.npz" | FileCheck %s --check-prefix=ADAROUND
// RUN: narrow-opt %t/adaround.mlir --narrow-round-weights="method=adaround inputs=%t/adaround.npz iterations=1" | FileCheck %s --check-prefix=SHORT
// ADAROUND: dense<{{\[\[\[\[}}2.000000e-01, 4.000000e-01, 8.000000e-01]]]]>
// SHORT: dense<{{\[\[\[\[}}2.000000e-01, 4.000000e-01, {{0.6|6.0000.*e-01}}

//--- adaround.mlir
func.func @main(%x: tensor<1x1x1x3xf32> {narrow.name = "x"}) -> tensor<1x1x1x1xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.26, 0.46, 0.68]]]]> : tensor<1x1x1x3xf32>}> : () -> tensor<1x1x1x3xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x3xf32>
  %1 = narrow.observe %w "conv/weight" weight range <min = [0.26], max = [0.68]> scheme <4 bits, symmetric, restricted, per_tensor> type !quant.uniform<i8<-7:7>:f32, 0.2> : tensor<1x1x1x3xf32>
  %2 = tosa.conv2d %0, %1, %b, %b, %b {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x1x1x3xf32>, tensor<1x1x1x3xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %c = tosa.clamp %2 {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32, narrow.id = "relu"} : (tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %3 = narrow.observe %c "relu" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x1xf32>
  return %3 : tensor<1x1x1x1xf32>
}

// Groups are rounded by themselves: the first like the example; inputs of the second do not depend
// on each other, nearest is best.
// RUN: narrow-opt %t/grouped.mlir --narrow-round-weights="method=gptq inputs=%t/grouped.npz" | FileCheck %s --check-prefix=GROUPED
// GROUPED: dense<{{\[\[\[\[}}2.000000e-01, 4.000000e-01]]], {{\[\[\[}}2.000000e-01, 2.000000e-01]]]]>

//--- grouped.mlir
func.func @main(%x: tensor<1x1x1x4xf32> {narrow.name = "x"}) -> tensor<1x1x1x2xf32> {
  %w = "tosa.const"() <{values = dense<0.29> : tensor<2x1x1x2xf32>}> : () -> tensor<2x1x1x2xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x4xf32>
  %1 = narrow.observe %w "conv/weight" weight range <min = [0.29], max = [0.29]> scheme <4 bits, symmetric, restricted, per_tensor> type !quant.uniform<i8<-7:7>:f32, 0.2> : tensor<2x1x1x2xf32>
  %2 = narrow.conv2d %0, %1, %b group 2 pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] {narrow.id = "conv"}
    : (tensor<1x1x1x4xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>) -> tensor<1x1x1x2xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x2xf32>
  return %3 : tensor<1x1x1x2xf32>
}

// Depthwise, 1 x 3 with padding on the left: the first column reads nothing but padding, its weights become 0.
// Channel 0 is the example; of channel 1 the second column is always 0, too.
// RUN: narrow-opt %t/depthwise.mlir --narrow-round-weights="method=gptq inputs=%t/depthwise.npz" | FileCheck %s --check-prefix=DEPTHWISE
// DEPTHWISE: dense<{{\[\[\[\[}}0.000000e+00], [0.000000e+00]], {{\[\[}}2.000000e-01], [0.000000e+00]], {{\[\[}}4.000000e-01], [2.000000e-01]]]]>

//--- depthwise.mlir
func.func @main(%x: tensor<1x1x2x2xf32> {narrow.name = "x"}) -> tensor<1x1x1x2xf32> {
  %w = "tosa.const"() <{values = dense<0.29> : tensor<1x3x2x1xf32>}> : () -> tensor<1x3x2x1xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x2x2xf32>
  %1 = narrow.observe %w "conv/weight" weight range <min = [0.29, 0.29], max = [0.29, 0.29]> scheme <4 bits, symmetric, restricted, per_channel, axis = 2> type !quant.uniform<i8<-7:7>:f32:2, {0.2, 0.2}> : tensor<1x3x2x1xf32>
  %2 = tosa.depthwise_conv2d %0, %1, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 1, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x1x2x2xf32>, tensor<1x3x2x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x2xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x2xf32>
  return %3 : tensor<1x1x1x2xf32>
}

// A format: narrow-encode-weights leaves which codes it has. NormalFloat has 71 and 92 around 81.3: the nearest
// are 71 twice (at a scale of 1/128), but the layer wants one of each.
// RUN: narrow-opt %t/normal.mlir --narrow-encode-weights=code-grid > %t/encoded.mlir && FileCheck %s --check-prefix=ENCODED < %t/encoded.mlir
// ENCODED: dense<{{\[\[\[\[}}0.5546875, 0.5546875, 0.9921875]]]]>
// ENCODED: "conv/weight" weight {{.*}} type !quant.uniform<i8<-127:127>:f32:0, {7.812500e-03}>
// ENCODED-SAME: unrounded dense<{{\[\[\[\[}}0.63515{{[0-9]+}}, 0.63515{{[0-9]+}}, 0.9921875]]]]>
// ENCODED-SAME: narrow.code_grid = {group = 3 : i64, groups = array<i32: 0>, lists = [array<i32: -127, {{.*}} 71, 92, 127>]}
// RUN: narrow-opt %t/encoded.mlir --narrow-round-weights="method=gptq inputs=%t/adaround.npz" | FileCheck %s --check-prefix=FORMAT
// RUN: narrow-opt %t/encoded.mlir --narrow-round-weights="method=adaround inputs=%t/adaround.npz" | FileCheck %s --check-prefix=FORMAT
// FORMAT: dense<{{\[\[\[\[(0.5546875, 7.187500e-01|7.187500e-01, 0.5546875)}}, 0.9921875]]]]>
// FORMAT-NOT: code_grid
// RUN: narrow-opt %t/encoded.mlir --narrow-round-weights="method=stochastic seed=1" | FileCheck %s --check-prefix=DRAWN
// DRAWN: dense<{{\[\[\[\[(0.5546875|7.187500e-01), (0.5546875|7.187500e-01)}}, 0.9921875]]]]>

//--- normal.mlir
func.func @main(%x: tensor<1x1x1x3xf32> {narrow.name = "x"}) -> tensor<1x1x1x1xf32> {
  %w = "tosa.const"() <{values = dense<[[[[0.63515625, 0.63515625, 0.9921875]]]]> : tensor<1x1x1x3xf32>}> : () -> tensor<1x1x1x3xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x3xf32>
  %1 = narrow.observe %w "conv/weight" weight range <min = [0.0], max = [127.0]> scheme <4 bits, symmetric, restricted, per_channel, axis = 0, format = normal_float> type !quant.uniform<i8<-7:7>:f32:0, {1.0}> : tensor<1x1x1x3xf32>
  %2 = tosa.conv2d %0, %1, %b, %b, %b {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x1x1x3xf32>, tensor<1x1x1x3xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x1xf32>
  return %3 : tensor<1x1x1x1xf32>
}

// Two levels of scales, 5 for the first two weights and 15: multiples of 5, and 105. The nearest are 30, 10, 105.
// RUN: narrow-opt %t/vectors.mlir --narrow-encode-weights=code-grid --narrow-round-weights="method=gptq inputs=%t/adaround.npz" | FileCheck %s --check-prefix=VECTORS
// RUN: narrow-opt %t/vectors.mlir --narrow-encode-weights=code-grid | FileCheck %s --check-prefix=LISTS
// LISTS: dense<{{\[\[\[\[}}3.000000e+01, 1.000000e+01, 1.050000e+02]]]]>
// LISTS: narrow.code_grid = {group = 2 : i64, groups = array<i32: 0, 1>, lists = [array<i32: -35, -30, {{.*}} 30, 35>, array<i32: -105, -90, {{.*}}, 105>]
// VECTORS: dense<{{\[\[\[\[}}3.000000e+01, 1.500000e+01, 1.050000e+02]]]]>

//--- vectors.mlir
func.func @main(%x: tensor<1x1x1x3xf32> {narrow.name = "x"}) -> tensor<1x1x1x1xf32> {
  %w = "tosa.const"() <{values = dense<[[[[32.4, 12.4, 105.0]]]]> : tensor<1x1x1x3xf32>}> : () -> tensor<1x1x1x3xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %0 = narrow.observe %x "x" range <min = [-1.0], max = [1.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x3xf32>
  %1 = narrow.observe %w "conv/weight" weight range <min = [0.0], max = [127.0]> scheme <4 bits, symmetric, restricted, per_vector, axis = 0, group = 2> type !quant.uniform<i8<-7:7>:f32:0, {1.0}> : tensor<1x1x1x3xf32>
  %2 = tosa.conv2d %0, %1, %b, %b, %b {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x1x1x3xf32>, tensor<1x1x1x3xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1x1xf32>
  %3 = narrow.observe %2 "conv" range <min = [0.0], max = [6.0]> scheme <8 bits, asymmetric, per_tensor> type !quant.uniform<i8:f32, 0.0078125> : tensor<1x1x1x1xf32>
  return %3 : tensor<1x1x1x1xf32>
}

// What is refused.
// RUN: not narrow-opt %t/gptq.mlir --narrow-round-weights=method=adaround 2>&1 | FileCheck %s --check-prefix=NODATA
// NODATA: error: narrow-round-weights runs the network on samples, and there are none: give --data
// RUN: not narrow-opt %t/gptq.mlir --narrow-round-weights="method=gptq inputs=%t/missing.npz" 2>&1 | FileCheck %s --check-prefix=MISSING
// MISSING: error: {{.*}}missing.npz
// RUN: not narrow-opt %t/gptq.mlir --narrow-round-weights="method=gptq inputs=%t/small.npz" 2>&1 | FileCheck %s --check-prefix=SMALL
// SMALL: error: {{.*}}small.npz: array 'conv' has 1 numbers a sample, the op reads 2
// RUN: not narrow-opt %t/gptq.mlir --narrow-round-weights="method=gptq inputs=%t/nan.npz" 2>&1 | FileCheck %s --check-prefix=NAN
// NAN: error: {{.*}}nan.npz: array 'conv' has a NaN or an infinity
// RUN: sed 's/"conv"/"other"/' %t/gptq.mlir | not narrow-opt --narrow-round-weights="method=gptq inputs=%t/gptq.npz" 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: {{.*}}gptq.npz: there is no array 'other', the input of that op
// RUN: sed 's/0.2, 0.5/0.2:1, 0.5/' %t/gptq.mlir | not narrow-opt --narrow-round-weights 2>&1 | FileCheck %s --check-prefix=ZEROPOINT
// ZEROPOINT: error: the weight of 'conv' has a zero point other than 0, which is not supported
// RUN: sed 's/type !quant.uniform<i8<-7:7>:f32:0, {0.2, 0.5}>//' %t/gptq.mlir | not narrow-opt --narrow-round-weights 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: error: the weight of 'conv' has no type; run --narrow-assign-scales first
// RUN: not narrow-opt %t/gptq.mlir --narrow-round-weights=method=best 2>&1 | FileCheck %s --check-prefix=METHOD
// METHOD: Cannot find option named 'best'!
// RUN: not narrow-opt %t/encoded.mlir --narrow-round-weights="method=flexround inputs=%t/adaround.npz" 2>&1 | FileCheck %s --check-prefix=LEARNED
// LEARNED: error: 'conv/weight' and all other weights have formats or groups of scales, which this rounding is not for: gptq, adaround and stochastic round them, and nearest with ties to even
// RUN: not narrow-opt %t/normal.mlir --narrow-encode-weights --narrow-round-weights="method=gptq inputs=%t/adaround.npz" 2>&1 | FileCheck %s --check-prefix=NOGRID
// NOGRID: error: 'conv/weight' and all other weights have {{.*}}: run --narrow-encode-weights=code-grid before
// DEFINE: %{broken} = not narrow-opt --narrow-round-weights="method=gptq inputs=%t/adaround.npz"
// RUN: sed 's/ 71, 92, 127>/ 92, 71, 127>/' %t/encoded.mlir | %{broken} 2>&1 | FileCheck %s --check-prefix=ORDERED
// ORDERED: error: the attribute 'narrow.code_grid' of 'conv/weight' should have lists of codes of the type, in ascending order
// RUN: sed 's/groups = array<i32: 0>/groups = array<i32: 1>/' %t/encoded.mlir | %{broken} 2>&1 | FileCheck %s --check-prefix=INDEX
// RUN: sed 's/group = 3/group = 2/' %t/encoded.mlir | %{broken} 2>&1 | FileCheck %s --check-prefix=INDEX
// INDEX: error: {{.*}} should have the index of a list for each group of weights
// RUN: sed 's/group = 3/group = 0/' %t/encoded.mlir | %{broken} 2>&1 | FileCheck %s --check-prefix=UNFIT
// UNFIT: error: {{.*}} does not fit the weight
// RUN: sed 's/group = 3 : i64, //' %t/encoded.mlir | %{broken} 2>&1 | FileCheck %s --check-prefix=PARTS
// PARTS: error: {{.*}} should have a group, lists and groups
