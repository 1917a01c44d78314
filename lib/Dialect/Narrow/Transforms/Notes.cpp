//===- Notes.cpp - What is worth telling of a tensor ----------------------===//
#include "Notes.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/Transforms/QuantizationPoints.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace narrow;

static void setTexts(ObserveOp op, ArrayRef<std::string> texts) {
  if (texts.empty())
    return op->removeAttr(attrs::notes), void();
  op->setAttr(attrs::notes,
              Builder(op.getContext()).getStrArrayAttr(SmallVector<StringRef>(texts.begin(), texts.end())));
}

void Notes::set(ObserveOp op, int64_t channels) const { setTexts(op, getTexts(channels)); }

void Notes::report(ObserveOp op, int64_t channels) const {
  SmallVector<std::string> texts;
  if (auto earlier = op->getAttrOfType<ArrayAttr>(attrs::notes))
    for (auto text : earlier.getAsRange<StringAttr>())
      texts.push_back(text.str());
  for (std::string &text : getTexts(channels))
    if (!llvm::is_contained(texts, text))
      texts.push_back(std::move(text));
  setTexts(op, texts);
  if (!texts.empty())
    op.emitRemark() << "'" << op.getId() << "': " << llvm::join(texts, "; ");
}

SmallVector<int64_t> &Notes::get(StringRef what) {
  auto *it = llvm::find_if(notes, [&](const auto &note) { return note.first == what; });
  return it != notes.end() ? it->second : notes.emplace_back(what.str(), SmallVector<int64_t>()).second;
}

SmallVector<std::string> Notes::getTexts(int64_t channels) const {
  SmallVector<std::string> texts;
  for (const auto &[what, where] : notes) {
    std::string &text = texts.emplace_back(what);
    if (where.empty() || channels == 1)
      continue;
    text += (where.size() == 1 ? " (channel " : " (channels ");
    constexpr size_t shown = 8;
    text += llvm::join(llvm::map_range(ArrayRef(where).take_front(shown),
                                       [](int64_t channel) { return std::to_string(channel); }),
                       ", ");
    text += where.size() > shown ? " and " + std::to_string(where.size() - shown) + " more)" : ")";
  }
  return texts;
}
