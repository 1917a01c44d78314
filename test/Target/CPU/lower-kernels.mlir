// RUN: narrow-opt %s --narrow-set-target=isa=avx512vnni --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels=pack-weights=never | FileCheck %s --check-prefixes=CHECK,VNNI
// RUN: narrow-opt %s --narrow-set-target=isa=avx2 --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: not narrow-opt %s --narrow-set-target=isa=mmx --narrow-form-kernels --narrow-plan-memory --narrow-lower-kernels 2>&1 | FileCheck %s --check-prefix=ISA

// ISA: error: unknown instruction set 'mmx'; known are amx avx512vnni avx512 avxvnni avx2 neon-dotprod portable

// The module says what it needs; nothing is allocated at run time.
// CHECK:      module attributes {
// CHECK-SAME:   narrow.arena_alignment = 64
// VNNI-SAME:    narrow.target = #narrow.target<isa = "avx512vnni"
// AVX2-SAME:    narrow.target = #narrow.target<isa = "avx2"
// CHECK-NOT:  memref.alloc

// The slice and the reshape are no code: their readers see the bytes of their
// operands, in other shapes. The last kernel writes where the caller wants it.
// CHECK-LABEL: func.func private @network(
// CHECK-SAME:    %[[ARENA:[a-z0-9]+]]: memref<{{[0-9]+}}xi8>, %{{.*}}: memref<2048xi8> {{{.*}}}, %[[OUT:[a-z0-9]+]]: memref<1024xi8> {narrow.output
// CHECK:         call @k0_identity(
// CHECK:         %[[Y:.*]] = memref.view %[[ARENA]]
// CHECK:         call @k1_conv({{.*}}, %[[Y]])
// CHECK-NOT:     call
// CHECK:         call @k3_limit(
// CHECK-NOT:     call
// CHECK:         call @k5_last({{.*}}, %[[OUT]])
// CHECK-NOT:     call
// CHECK:         return

// The border is filled with the zero point before the plane is copied: codes
// are stored plus 128 for vpdpbusd, as i16 for vpmaddwd.
// CHECK-LABEL: func.func private @k0_identity(
// VNNI-SAME:     memref<2048xi8>, %{{.*}}: memref<3264xi8>
// AVX2-SAME:     memref<2048xi8>, %{{.*}}: memref<3216xi16>
// VNNI:          arith.constant dense<123> : vector<64xi8>
// AVX2:          arith.constant dense<-5> : vector<16xi16>
// CHECK:         vector.store
// CHECK:         return

// Loops over the output, the reduction inside carries the accumulators; its body
// is loads, broadcasts of one group of codes and dot products.
// CHECK-LABEL: func.func private @k1_conv(
// CHECK:         scf.for
// CHECK:           scf.for {{.*}} iter_args
// CHECK:             vector.load
// VNNI:              vector.load {{.*}} vector<64xi8>
// VNNI:              vector.load {{.*}} vector<4xi8>
// VNNI:              llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"({{.*}}) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
// AVX2:              vector.load {{.*}} vector<16xi16>
// AVX2:              vector.load {{.*}} vector<2xi16>
// AVX2:              llvm.call_intrinsic "llvm.x86.avx2.pmadd.wd"({{.*}}) : (vector<16xi16>, vector<16xi16>) -> vector<8xi32>
// AVX2-NEXT:         arith.addi {{.*}} : vector<8xi32>
// CHECK:             scf.yield
// VNNI:          "llvm.x86.avx512.packuswb.512"
// AVX2:          "llvm.x86.avx2.packssdw"
// CHECK:         vector.store
// CHECK:         return
func.func private @network(%x: tensor<1x8x8x32xi8>) -> tensor<1x1024xi8> {
  %w = "tosa.const"() <{values = dense<70> : tensor<32x3x3x32xi8>}> : () -> tensor<32x3x3x32xi8>
  %b = "tosa.const"() <{values = dense<7> : tensor<32xi32>}> : () -> tensor<32xi32>
  %xz = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<38> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.conv2d %x, %w, %b, %xz, %z8 {acc_type = i32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x8x8x32xi8>, tensor<32x3x3x32xi8>, tensor<32xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x8x8x32xi32>
  %1 = tosa.rescale %0, %m, %s, %z32, %xz {rounding_mode = SINGLE_ROUND, scale32 = true, per_channel = false, input_unsigned = false, output_unsigned = false, narrow.id = "conv"}
    : (tensor<1x8x8x32xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x8x8x32xi8>
  %start = tosa.const_shape {values = dense<[0, 2, 0, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %size = tosa.const_shape {values = dense<[1, 4, 8, 32]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %2 = tosa.slice %1, %start, %size {narrow.id = "part"} : (tensor<1x8x8x32xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<1x4x8x32xi8>
  %flat = tosa.const_shape {values = dense<[1, 1024]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %3 = tosa.clamp %2 {min_val = -5 : i8, max_val = 127 : i8, narrow.id = "limit"} : (tensor<1x4x8x32xi8>) -> tensor<1x4x8x32xi8>
  %4 = tosa.reshape %3, %flat {narrow.id = "flat"} : (tensor<1x4x8x32xi8>, !tosa.shape<2>) -> tensor<1x1024xi8>
  %5 = tosa.clamp %4 {min_val = -128 : i8, max_val = 100 : i8, narrow.id = "last"} : (tensor<1x1024xi8>) -> tensor<1x1024xi8>
  return %5 : tensor<1x1024xi8>
}
