// The scales that AIMET chose for weights, by the name of the initializer.
// DEFINE: %{table} = table=%S/Inputs/tables/aimet-weights.encodings

// RUN: narrow-opt %s --narrow-assign-bit-width --narrow-import-table=%{table} --narrow-assign-granularity --narrow-assign-scales 2>&1 | FileCheck %s --check-prefixes=REMARK,CHANNEL
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w8pta8 --narrow-import-table=%{table} --narrow-assign-granularity=scheme=w8pta8 --narrow-assign-scales | FileCheck %s --check-prefix=TENSOR
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w4a8 --narrow-import-table=%{table} --narrow-assign-granularity=scheme=w4a8 --narrow-assign-scales 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: narrow-opt %s --narrow-assign-bit-width=scheme=w8g2a8 --narrow-import-table=%{table} --narrow-assign-granularity=scheme=w8g2a8 2>&1 | FileCheck %s --check-prefix=REFUSED
// RUN: narrow-opt %s --narrow-assign-bit-width --narrow-import-table=%{table} --narrow-assign-granularity=weight-method=octav 2>&1 | FileCheck %s --check-prefix=REFUSED
// RUN: sed 's/{narrow.name = "w"}//' %s | narrow-opt --narrow-assign-bit-width --narrow-import-table=%{table} --narrow-assign-granularity 2>&1 | FileCheck %s --check-prefix=CHANGED

// All 256 codes, the scale of each channel as it is in the file.
// REMARK: remark: '{{.*}}aimet-weights.encodings', a table of AIMET, has scales of 1 of 2 weights that are not used: 'other'
// CHANNEL: "conv/weight" weight range <min = [-0.9921875, -1.984375], max = [0.9921875, 1.984375], from = tool "AIMET"> scheme <8 bits, symmetric, per_channel, axis = 0> type !quant.uniform<i8:f32:0, {7.812500e-03,1.562500e-02}>
// One scale: the largest.
// TENSOR: "conv/weight" weight range <min = [-1.984375], max = [1.984375]{{(, from = tool "AIMET")?}}> scheme <8 bits, symmetric, per_tensor> type !quant.uniform<i8:f32, 1.562500e-02>
// The interval serves other bits, and a warning says so.
// BITS: warning: '{{.*}}aimet-weights.encodings', a table of AIMET, has ranges that were chosen for 8 bits, not for the bits of the scheme: 'conv/weight'
// BITS: "conv/weight" weight range <min = [-0.9921875, -1.984375], max = [0.9921875, 1.984375], from = tool "AIMET"> scheme <4 bits, symmetric, restricted, per_channel, axis = 0>
// REFUSED: remark: scales that AIMET chose for 1 weight are not used: groups, formats and --weight-method choose their own, or the number of channels is another
// REFUSED: "conv/weight" weight range <min = [{{-1.99|-2.0}}{{.*}}axis = 0{{(, group = 2)?}}> : tensor
// A weight into which something was folded has other values than the name stands for.
// CHANGED: remark: '{{.*}}aimet-weights.encodings', a table of AIMET, has scales of 2 of 2 weights that are not used: 'other', 'w'
// CHANGED: "conv/weight" weight range <min = [-2.000000e+00, 2.500000e-01], max = [5.000000e-01, 7.500000e-01]>
module {
  func.func @main(%x: tensor<1x2x2x2xf32> {narrow.name = "x"}) -> tensor<1x2x2x2xf32> {
    %w = "tosa.const"() <{values = dense<[[[[0.5, -2.0]]], [[[0.25, 0.75]]]]> : tensor<2x1x1x2xf32>}> {narrow.name = "w"} : () -> tensor<2x1x1x2xf32>
    %b = "tosa.const"() <{values = dense<0.1> : tensor<2xf32>}> : () -> tensor<2xf32>
    %z = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
    %0 = narrow.observe %x "x" : tensor<1x2x2x2xf32>
    %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = f32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
      : (tensor<1x2x2x2xf32>, tensor<2x1x1x2xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2x2xf32>
    %2 = narrow.observe %1 "conv" : tensor<1x2x2x2xf32>
    return %2 : tensor<1x2x2x2xf32>
  }
}
