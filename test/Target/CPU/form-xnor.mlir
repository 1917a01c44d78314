// RUN: narrow-opt %s --narrow-set-target=isa=avx2 --narrow-form-xnor | FileCheck %s
// RUN: narrow-opt %s --narrow-set-target="isa=avx512vnni popcount=true" --narrow-form-xnor | FileCheck %s
// RUN: narrow-opt %s --narrow-set-target=isa=avx512vnni --narrow-form-xnor | FileCheck %s --check-prefix=CODES
// RUN: narrow-opt %s --narrow-set-target=isa=avx2 --narrow-form-xnor --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels --canonicalize --cse | FileCheck %s --check-prefix=AVX2
// RUN: narrow-opt %s --narrow-set-target="isa=avx512vnni popcount=true" --narrow-form-xnor --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels --canonicalize --cse | FileCheck %s --check-prefix=WORDS

// CODES-NOT: narrow.xnor_conv2d

// A step: signs of its operand, and the table is not computed. The bias stays; 64 times the weights' 1 is the factor.
// CHECK-LABEL: func.func private @step
// CHECK-DAG: %[[W:.*]] = "tosa.const"() <{values = dense<{{\[\[\[\[}}954437176, 142{{\]\]\], \[\[\[}}-954437177, 113{{\]\]\]\]}}> : tensor<2x1x1x2xi32>
// CHECK-DAG: %[[X:.*]] = narrow.pack_signs %{{.*}} below 3 : tensor<1x2x2x40xi8> -> tensor<1x2x2x2xi32>
// CHECK: narrow.xnor_conv2d %[[X]], %[[W]], %{{.*}} channels 40 factors [64] pad [0, 0, 0, 0] stride [1, 1] dilation [1, 1] {narrow.id = "conv"} : (tensor<1x2x2x2xi32>, tensor<2x1x1x2xi32>, tensor<2xi32>) -> tensor<1x2x2x2xi32>

// Words in memory; the bits of a word come from 32 codes at once.
// AVX2-LABEL: func.func private @step_k0_
// AVX2: arith.cmpi slt, %{{.*}}, %{{.*}} : vector<32xi8>
// AVX2: vector.bitcast %{{.*}} : vector<32xi1> to vector<1xi32>
// AVX2: arith.andi %{{.*}} : vector<1xi32>
// AVX2-LABEL: func.func private @step_k1_
// AVX2: arith.xori %{{.*}} : vector<8xi32>
// AVX2: math.ctpop %{{.*}} : vector<32xi8>
// AVX2: llvm.x86.avx2.pmadd.ub.sw
// WORDS: arith.cmpi slt, %{{.*}}, %{{.*}} : vector<32xi8>
// WORDS: math.ctpop %{{.*}} : vector<16xi32>
func.func private @step(%x: tensor<1x2x2x40xi8>) -> tensor<1x2x2x2xi32> {
  %t = "tosa.const"() <{values = dense<[-64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64]> : tensor<256xi8>}> : () -> tensor<256xi8>
  %w = "tosa.const"() <{values = dense<[[[[1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1]]], [[[-1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1]]]]> : tensor<2x1x1x40xi8>}> : () -> tensor<2x1x1x40xi8>
  %b = "tosa.const"() <{values = dense<[7, -9]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.table %x, %t : (tensor<1x2x2x40xi8>, tensor<256xi8>) -> tensor<1x2x2x40xi8>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>, narrow.id = "conv"}
    : (tensor<1x2x2x40xi8>, tensor<2x1x1x40xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2x2xi32>
  return %1 : tensor<1x2x2x2xi32>
}

// Another table of two codes, and weights with a magnitude for each channel.
// CHECK-LABEL: func.func private @magnitudes
// CHECK: %[[T:.*]] = tosa.table
// CHECK: %[[X:.*]] = narrow.pack_signs %[[T]] below 0
// CHECK: narrow.xnor_conv2d %[[X]], {{.*}} factors [15, 0]
func.func private @magnitudes(%x: tensor<1x2x2x40xi8>) -> tensor<1x2x2x2xi32> {
  %t = "tosa.const"() <{values = dense<[-5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5, -5, 5]> : tensor<256xi8>}> : () -> tensor<256xi8>
  %w = "tosa.const"() <{values = dense<[[[[3, 3, 3, -3, -3, -3, 3, 3, 3, -3, -3, -3, 3, 3, 3, -3, -3, -3, 3, 3, 3, -3, -3, -3, 3, 3, 3, -3, -3, -3, 3, 3, 3, -3, -3, -3, 3, 3, 3, -3]]], [[[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]]]> : tensor<2x1x1x40xi8>}> : () -> tensor<2x1x1x40xi8>
  %b = "tosa.const"() <{values = dense<[7, -9]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.table %x, %t : (tensor<1x2x2x40xi8>, tensor<256xi8>) -> tensor<1x2x2x40xi8>
  %1 = tosa.conv2d %0, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x40xi8>, tensor<2x1x1x40xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2x2xi32>
  return %1 : tensor<1x2x2x2xi32>
}

// No signs: weights of two magnitudes in one channel, a table with a third code, a zero point.
// CHECK-LABEL: func.func private @no_signs
// CHECK-NOT: narrow.xnor_conv2d
func.func private @no_signs(%x: tensor<1x2x2x40xi8>) -> (tensor<1x2x2x2xi32>, tensor<1x2x2x2xi32>, tensor<1x2x2x2xi32>) {
  %t = "tosa.const"() <{values = dense<[-64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64]> : tensor<256xi8>}> : () -> tensor<256xi8>
  %three = "tosa.const"() <{values = dense<[0, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, -64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64]> : tensor<256xi8>}> : () -> tensor<256xi8>
  %w = "tosa.const"() <{values = dense<[[[[1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1]]], [[[-1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1]]]]> : tensor<2x1x1x40xi8>}> : () -> tensor<2x1x1x40xi8>
  %uneven = "tosa.const"() <{values = dense<[[[[1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1]]], [[[2, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1, 1, 1, -1, -1, -1, 1]]]]> : tensor<2x1x1x40xi8>}> : () -> tensor<2x1x1x40xi8>
  %b = "tosa.const"() <{values = dense<[7, -9]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %five = "tosa.const"() <{values = dense<5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.table %x, %t : (tensor<1x2x2x40xi8>, tensor<256xi8>) -> tensor<1x2x2x40xi8>
  %1 = tosa.table %x, %three : (tensor<1x2x2x40xi8>, tensor<256xi8>) -> tensor<1x2x2x40xi8>
  %2 = tosa.conv2d %0, %uneven, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x40xi8>, tensor<2x1x1x40xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2x2xi32>
  %3 = tosa.conv2d %1, %w, %b, %z, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x40xi8>, tensor<2x1x1x40xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2x2xi32>
  %4 = tosa.conv2d %0, %w, %b, %five, %z {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x2x2x40xi8>, tensor<2x1x1x40xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2x2xi32>
  return %2, %3, %4 : tensor<1x2x2x2xi32>, tensor<1x2x2x2xi32>, tensor<1x2x2x2xi32>
}
