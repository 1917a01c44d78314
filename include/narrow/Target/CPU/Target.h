//===- Target.h - What code is generated for --------------------*- C++ -*-===//
#ifndef NARROW_TARGET_CPU_TARGET_H
#define NARROW_TARGET_CPU_TARGET_H

#include "narrow/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace narrow {

/// What the user asked for, as the options of the same names; all may be empty.
struct TargetRequest {
  std::string cpu;           // --mcpu: a CPU of LLVM, or "native"
  std::string triple;        // --mtriple: the host's if empty
  std::string features;      // --mattr: "+a,-b"
  std::string isa;           // --isa: one of getISANames(), or "native"; of resolveTargets, several
  std::string emulated = {}; // --emulate-isa: one of getISANames()
};

/// A target that is known to exist. With an ISA and no CPU the result does not
/// depend on the machine that compiles.
struct TargetSpec {
  std::string triple;
  std::string cpu;
  std::string features; // "+a,-b", on top of what the CPU has
  std::string isa;      // selects the kernels: one of getISANames()
  std::string tune;     // the CPU whose timing instructions are scheduled for; the
                        // target's if empty
  /// More features, "+a,+b", for kernels that count the bits of vectors: code without one neither has
  /// nor demands them. The native CPU's; else they are among `features`.
  std::string popcountFeatures;
  /// If not empty, kernels are those of this ISA, of any architecture, with its intrinsics in plain
  /// vector code (narrow-emulate-intrinsics). All else says what that code is compiled for.
  std::string emulatedISA;

  /// The ISA that kernels are lowered for.
  StringRef getKernelISA() const { return emulatedISA.empty() ? isa : emulatedISA; }
};

/// portable, avx2, avx512, avxvnni, avx512vnni, amx, neon-dotprod.
ArrayRef<StringRef> getISANames();

/// Resolves a request. Without ISA: the best one of the CPU if one is named,
/// else "portable". Errors name the option and near values: unknown triple,
/// CPU, feature or ISA, an ISA that the triple or the CPU lacks.
///
/// "native" is the ISA, on the baseline CPU of the architecture, and tuned for this
/// machine: code demands what its ISA consists of, not all that this CPU happens to have.
///
/// NARROW_NATIVE_ISA in the environment names an ISA of this machine's architecture that "native" then
/// stands for: code is as on a machine that has this ISA and nothing else. If this CPU lacks it, its
/// kernels are emulated on the best ISA that the CPU has. Another name is an error.
llvm::Expected<TargetSpec> resolveTarget(const TargetRequest &request);

/// The same for a list of ISAs, "avx2,avx512vnni": one target for each, the best
/// first. A list defines the CPUs, so it goes without a CPU and features.
llvm::Expected<std::vector<TargetSpec>> resolveTargets(const TargetRequest &request);

/// The target of the code that chooses between others: any CPU of the triple.
TargetSpec getBaseline(const TargetSpec &target);

/// The CPU features that code for `target` may use, sorted, comma separated.
std::string getRequiredFeatures(const TargetSpec &target);
/// Whether kernels may use an instruction that counts the bits of each lane of a vector (AVX512-VPOPCNTDQ).
bool countsBits(const TargetSpec &target);

/// What this machine has and this process may use, by name. Linux gives a process
/// the tile registers of AMX when it asks for them, which this does.
llvm::StringMap<bool> getHostFeatures();

/// The number of the first of `alternatives` (lists of features, separated by
/// ';') that `host` (feature name to presence) has all of; an error that names
/// what is missing if there is none. Names that `host` does not know are no
/// features of the processor (tuning) and ignored.
llvm::Expected<unsigned> checkHostFeatures(StringRef alternatives, const llvm::StringMap<bool> &host);

/// Generates position independent code for `target`. Data may be anywhere if it is `large`.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const TargetSpec &target, unsigned optLevel = 3, bool large = false);

/// Registers the code generators and disassemblers of x86-64 and AArch64;
/// called by everything here that needs them.
void initializeTargets();

} // namespace narrow

#endif
