//===- KernelProfile.h - Where the time of a model goes ---------*- C++ -*-===//
#ifndef NARROW_PIPELINES_KERNELPROFILE_H
#define NARROW_PIPELINES_KERNELPROFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "narrow/Support/LLVM.h"
#include "narrow/Target/CPU/Target.h"
#include "narrow/Target/CPU/TargetDescription.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace narrow {

/// One kernel of a model that was compiled with counters (--profile).
struct KernelProfile {
  std::string name;  ///< narrow.id of the tensor that it computes
  std::string kind;  ///< how it was compiled: kind of kernel, tile
  int64_t macs = 0;  ///< multiplications of its contraction
  int64_t bytes = 0; ///< of weights, inputs and results
  int64_t predictedCycles = 0;
  double ms = 0; ///< of its fastest run; 0 if it did not run

  double gmacsPerSecond() const { return ms > 0 ? macs / ms / 1e6 : 0; }
};

/// The kernels of a model. The first entry of the counters is the loop of dot
/// products alone that the artifact measures beside them.
struct ModelProfile {
  KernelProfile peak;
  std::vector<KernelProfile> kernels;

  /// Of the peak's rate; 0 without a measurement.
  double shareOfPeak(const KernelProfile &kernel) const;
  /// The prediction as a time on the CPU that measured the peak; 0 without.
  double predictedMs(const KernelProfile &kernel) const;
};

/// From the attributes of a vector-stage module, and to and from a manifest's JSON.
ModelProfile describeProfile(ModuleOp module);
llvm::json::Array toJSON(const ModelProfile &profile);
ModelProfile profileFromJSON(const llvm::json::Array &array);

/// The fewest cycles of each counter between calls of next().
class FastestRuns {
public:
  explicit FastestRuns(ArrayRef<int64_t> counters);
  /// After a run.
  void next();
  /// Fills in the times of all kernels.
  void finish(ModelProfile &profile, double msPerCycle) const;

private:
  ArrayRef<int64_t> counters;
  std::vector<int64_t> before, fewest;
};

/// Compiles `module` (float or integer stage, which it lowers) with counters and, if this
/// CPU can, runs it `runs` times on made-up inputs. Without that the times stay 0.
llvm::Expected<ModelProfile> profileModel(ModuleOp module, const TargetSpec &target, unsigned runs,
                                          PackWeights packWeights = PackWeights::Auto);

/// For every kernel how it was compiled, the predicted and the measured time, and, with a
/// profile of the float model, whether integers are faster.
std::string explainKernels(const ModelProfile &profile, const ModelProfile *floatProfile,
                           const TargetSpec &target);

} // namespace narrow

#endif
