// RUN: narrow-opt --narrow-distribute-threads="threads=2" %s | FileCheck %s
// RUN: sed s/x86/popcount/ %s | narrow-opt --narrow-distribute-threads=threads=2 | FileCheck %s --check-prefix=OTHER
// RUN: narrow-opt --narrow-distribute-threads="threads=2 least-work=100000" %s | FileCheck %s --check-prefix=SMALL
// RUN: narrow-opt --narrow-distribute-threads="threads=1" %s | FileCheck %s --check-prefix=ONE

// CHECK: module attributes {narrow.target = #narrow.target<isa = "avx2", x86 = true>, narrow.threads = 2 : i64}
// ONE-NOT: narrow.threads
// ONE-NOT: narrow.barrier
module attributes {narrow.target = #narrow.target<isa = "avx2", x86 = true>} {
  // An even loop is split where it stands.
  // CHECK-LABEL: func.func private @even(
  // CHECK-SAME: %{{.*}}: memref<64xi8>, %[[THREAD:[a-z0-9]+]]: i64, %[[THREADS:[a-z0-9]+]]: i64)
  // CHECK: %[[T:.*]] = arith.index_cast %[[THREAD]]
  // CHECK: arith.divui
  // CHECK: %[[BEGIN:.*]] = arith.addi
  // CHECK: arith.divui
  // CHECK: %[[END:.*]] = arith.addi
  // CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]] step
  // SMALL-LABEL: func.func private @even(%{{.*}}: memref<64xi8>) attributes
  func.func private @even(%out: memref<64xi8>) attributes {narrow.work = 9000 : i64} {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c64 = arith.constant 64 : index
    %v = arith.constant 1 : i8
    scf.for %i = %c0 to %c64 step %c4 {
      memref.store %v, %out[%i] : memref<64xi8>
    }
    return
  }

  // Three iterations are a poor split of two threads: the loop inside is split,
  // and what stands beside it is written by the first thread alone.
  // CHECK-LABEL: func.func private @uneven(
  // CHECK: %[[FIRST:.*]] = arith.cmpi eq
  // CHECK: scf.for %{{.*}} = %{{.*}} to %c3 step %{{.*}} {
  // CHECK: scf.for %{{.*}} = %{{[0-9]+}} to %{{[0-9]+}} step %{{.*}}
  // CHECK: scf.if %[[FIRST]] {
  // CHECK-NEXT: memref.store
  func.func private @uneven(%out: memref<64xi8>) attributes {narrow.work = 9000 : i64} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c3 = arith.constant 3 : index
    %c20 = arith.constant 20 : index
    %v = arith.constant 1 : i8
    scf.for %i = %c0 to %c3 step %c1 {
      %base = arith.muli %i, %c20 : index
      scf.for %j = %c0 to %c20 step %c1 {
        %at = arith.addi %base, %j : index
        memref.store %v, %out[%at] : memref<64xi8>
      }
      memref.store %v, %out[%base] : memref<64xi8>
    }
    return
  }

  // A loop over what the thread has on its stack is not shared.
  // CHECK-LABEL: func.func private @sequential(
  // CHECK: %[[ONLY:.*]] = arith.cmpi eq
  // CHECK-NOT: arith.divui
  // CHECK: scf.if %[[ONLY]] {
  // CHECK-NEXT: scf.for %{{.*}} = %c0{{.*}} to %c20
  // CHECK: scf.for %{{.*}} = %{{[0-9]+}} to %{{[0-9]+}} step %{{.*}}
  func.func private @sequential(%out: memref<64xi8>) attributes {narrow.work = 9000 : i64} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c20 = arith.constant 20 : index
    %c40 = arith.constant 40 : index
    %v = arith.constant 1 : i8
    scf.for %i = %c0 to %c20 step %c1 {
      memref.store %v, %out[%i] : memref<64xi8>
    } {narrow.sequential}
    scf.for %i = %c20 to %c40 step %c1 {
      memref.store %v, %out[%i] : memref<64xi8>
    }
    return
  }

  // Without independent loops, or without a word of their work: one thread.
  // CHECK-LABEL: func.func private @alone(%{{.*}}: memref<64xi8>) {
  func.func private @alone(%out: memref<64xi8>) {
    %c0 = arith.constant 0 : index
    %v = arith.constant 1 : i8
    memref.store %v, %out[%c0] : memref<64xi8>
    return
  }

  // CHECK-LABEL: func.func private @network(
  // CHECK-SAME: %[[TEAM:[a-z0-9]+]]: !llvm.ptr, %[[NUMBER:[a-z0-9]+]]: i64, %[[COUNT:[a-z0-9]+]]: i64)
  // CHECK: %[[IS_FIRST:.*]] = arith.cmpi eq, %[[NUMBER]]
  // CHECK-NEXT: scf.if %[[IS_FIRST]] {
  // CHECK-NEXT: call @alone
  // CHECK: scf.if
  // CHECK-NEXT: call @alone
  // CHECK: llvm.call @narrow.barrier(%[[TEAM]], %[[COUNT]])
  // CHECK-NEXT: call @even(%{{.*}}, %[[NUMBER]], %[[COUNT]])
  // CHECK-NEXT: llvm.call @narrow.barrier
  // CHECK-NEXT: call @uneven
  // CHECK-NEXT: llvm.call @narrow.barrier
  // CHECK-NEXT: return
  func.func private @network(%arena: memref<64xi8>, %in: memref<64xi8>, %out: memref<64xi8>) {
    call @alone(%arena) : (memref<64xi8>) -> ()
    call @alone(%arena) : (memref<64xi8>) -> ()
    call @even(%arena) : (memref<64xi8>) -> ()
    call @uneven(%out) : (memref<64xi8>) -> ()
    return
  }

  // CHECK-LABEL: func.func private @main(
  // CHECK: call @network(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : {{.*}}!llvm.ptr, i64, i64
  // CHECK-NEXT: return
  func.func private @main(%arena: memref<64xi8>, %in: memref<64xi8>, %out: memref<64xi8>) {
    call @network(%arena, %in, %out) : (memref<64xi8>, memref<64xi8>, memref<64xi8>) -> ()
    return
  }
}
// CHECK: llvm.func @narrow.barrier
// CHECK: llvm.inline_asm has_side_effects "pause"
// OTHER: llvm.inline_asm has_side_effects "yield"
