//===- DiscardableAttributes.h - Names of attributes ------------*- C++ -*-===//
//
// The discardable attributes of the dialect, as the table of NarrowDialect.td
// describes them: short for NarrowDialect::<Name>AttrHelper::getNameStr().
//
//===----------------------------------------------------------------------===//
#ifndef NARROW_DIALECT_NARROW_IR_DISCARDABLEATTRIBUTES_H
#define NARROW_DIALECT_NARROW_IR_DISCARDABLEATTRIBUTES_H

#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"

namespace narrow::attrs {

inline constexpr llvm::StringLiteral id = NarrowDialect::IdAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral name = NarrowDialect::NameAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral unsignedBytes = NarrowDialect::UnsignedAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral layout = NarrowDialect::LayoutAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral floatReason = NarrowDialect::FloatReasonAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral notes = NarrowDialect::NotesAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral binaryInput = NarrowDialect::BinaryInputAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral meanMagnitude = NarrowDialect::MeanMagnitudeAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral encoded = NarrowDialect::EncodedAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral codeGrid = NarrowDialect::CodeGridAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral channelMean = NarrowDialect::ChannelMeanAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral channelDeviation =
    NarrowDialect::ChannelDeviationAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral channelMaximum = NarrowDialect::ChannelMaximumAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral channelError = NarrowDialect::ChannelErrorAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral accumulatorBits = NarrowDialect::AccumulatorBitsAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral accumulatorShift =
    NarrowDialect::AccumulatorShiftAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral type = NarrowDialect::TypeAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral shape = NarrowDialect::ShapeAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral output = NarrowDialect::OutputAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral kernel = NarrowDialect::KernelAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral work = NarrowDialect::WorkAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral sequential = NarrowDialect::SequentialAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral target = NarrowDialect::TargetAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral emulatedIsa = NarrowDialect::EmulatedIsaAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral arenaSize = NarrowDialect::ArenaSizeAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral arenaLowerBound = NarrowDialect::ArenaLowerBoundAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral arenaAlignment = NarrowDialect::ArenaAlignmentAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral threads = NarrowDialect::ThreadsAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral buffers = NarrowDialect::BuffersAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral planSize = NarrowDialect::PlanSizeAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral planLowerBound = NarrowDialect::PlanLowerBoundAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral observed = NarrowDialect::ObservedAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral profileOffset = NarrowDialect::ProfileOffsetAttrHelper::getNameStr();
inline constexpr llvm::StringLiteral profile = NarrowDialect::ProfileAttrHelper::getNameStr();

} // namespace narrow::attrs

#endif
