// Dot products stay 512 bits wide, whatever the CPU prefers for its own choices.
// RUN: narrow-test-emit %s --name=m --mtriple=x86_64-linux-gnu --isa=avx512vnni -o %t.o
// RUN: llvm-objdump -d --disassemble-symbols=kernel_dot %t.o | FileCheck %s
// CHECK: vpdpbusd {{.*}}%zmm
// RUN: narrow-test-emit %s --name=m --mtriple=x86_64-linux-gnu --mcpu=cascadelake -o %t.o
// RUN: llvm-objdump -d --disassemble-symbols=kernel_dot %t.o | FileCheck %s

// The ISA that the module was lowered for is the one that it is compiled for.
// RUN: not narrow-test-emit %s --mtriple=x86_64-linux-gnu --isa=avx2 -o %t.o 2>&1 | FileCheck %s --check-prefix=ISA
// ISA: error: the module was lowered for the ISA 'avx512vnni' (narrow.target), but the target's is 'avx2'

// Without a promise the instruction is looked at: LLVM would end the process.
// RUN: sed -e 's/, narrow.target = #narrow.target<isa = "avx512vnni">//' %s > %t.mlir
// RUN: not narrow-test-emit %t.mlir --mtriple=x86_64-linux-gnu --isa=avx2 -o %t.o 2>&1 | FileCheck %s --check-prefix=FEATURE
// FEATURE: error: 'llvm.x86.avx512.vpdpbusd.512' needs the feature avx512vnni, which the target (CPU 'x86-64') lacks
// RUN: not narrow-test-emit %t.mlir --mtriple=aarch64-linux-gnu -o %t.o 2>&1 | FileCheck %s --check-prefix=ARCH
// ARCH: error: 'llvm.x86.avx512.vpdpbusd.512' is no instruction of aarch64

module attributes {narrow.arena_size = 64 : i64, narrow.arena_alignment = 64 : i64, narrow.target = #narrow.target<isa = "avx512vnni">} {
  func.func private @kernel_dot(%a: memref<64xi8>, %b: memref<64xi8>, %y: memref<16xi32>) {
    %c0 = arith.constant 0 : index
    %acc = arith.constant dense<0> : vector<16xi32>
    %va = vector.load %a[%c0] : memref<64xi8>, vector<64xi8>
    %vb = vector.load %b[%c0] : memref<64xi8>, vector<64xi8>
    %r = llvm.call_intrinsic "llvm.x86.avx512.vpdpbusd.512"(%acc, %va, %vb) : (vector<16xi32>, vector<64xi8>, vector<64xi8>) -> vector<16xi32>
    vector.store %r, %y[%c0] : memref<16xi32>, vector<16xi32>
    return
  }
  func.func private @main(%arena: memref<64xi8>, %a: memref<64xi8> {narrow.name = "a"}, %b: memref<64xi8> {narrow.name = "b"},
      %y: memref<16xi32> {narrow.name = "y", narrow.output}) {
    func.call @kernel_dot(%a, %b, %y) : (memref<64xi8>, memref<64xi8>, memref<16xi32>) -> ()
    return
  }
}
