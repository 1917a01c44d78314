//===- Scheme.h - The text form of quantization schemes ---------*- C++ -*-===//
//
// `w8a8`, `w4a4`, `w4v16a8`, `wnf4a8`, `w8a8t`, `wbab`, `float`, and overrides `regex=scheme`. The
// grammar is in docs/schemes.md.
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_TRANSFORMS_SCHEME_H
#define NARROW_TRANSFORMS_SCHEME_H

#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Dialect/Narrow/Transforms/PatternRules.h"
#include "narrow/Numerics/QuantParams.h"
#include "narrow/Support/LLVM.h"
#include <string>

namespace narrow {

/// Bits of activations that are stored as words (i16) and symmetric.
inline constexpr unsigned kWordBits = 16;

/// The codes of a uniform scheme. Those that codes of tokens are made of have kWordBits.
numerics::CodeRange getUniformCodes(SchemeAttr scheme);

/// What one op asks of its weight and its result.
struct Scheme {
  unsigned weightBits = 8;
  CodeFormat weightFormat = CodeFormat::Uniform;
  /// PerTensor, PerChannel, PerGroup, PerVector or PerCluster.
  GranularityKind weightGranularity = GranularityKind::PerChannel;
  /// Elements of a group or vector, number of clusters; 0 for the others.
  int64_t weightGroup = 0;
  unsigned activationBits = 8; ///< 2 to 8, or kWordBits
  /// Uniform or PowerOfTwo.
  CodeFormat activationFormat = CodeFormat::Uniform;
  /// What a contraction reads has a scale for each token, found when the network runs.
  bool activationsPerToken = false;
  /// A contraction reads the signs of its input, times their mean magnitude.
  bool activationsBinary = false;
  /// The op is not quantized at all.
  bool keepFloat = false;
};

/// Reads `text`; the error names the part that is wrong and the accepted forms.
llvm::Expected<Scheme> parseScheme(llvm::StringRef text);

/// The scheme of each op: a default and overrides, the last that matches wins.
class SchemeRules {
public:
  static llvm::Expected<SchemeRules> parse(llvm::StringRef scheme, llvm::ArrayRef<std::string> overrides);

  struct Match {
    Scheme scheme;
    /// Text of the override that decided, empty for the default.
    llvm::StringRef override;
  };
  /// The scheme of the op with any of these ids.
  Match match(llvm::ArrayRef<llvm::StringRef> ids);

  /// The overrides that no id has matched so far.
  llvm::SmallVector<llvm::StringRef> getUnmatched() const { return overrides.getUnmatched(); }

private:
  Scheme fallback;
  PatternRules<Scheme> overrides;
};

} // namespace narrow

#endif
