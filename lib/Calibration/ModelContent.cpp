//===- ModelContent.cpp - Comparing two models ----------------------------===//
#include "narrow/Calibration/ModelContent.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"
#include <map>

using namespace narrow;
using llvm::ArrayRef;
using llvm::StringRef;

std::string narrow::listNames(ArrayRef<StringRef> names) {
  std::string text;
  for (StringRef name : names.take_front(3))
    text += ((text.empty() ? "'" : ", '") + name + "'").str();
  return names.size() > 3 ? text + " and " + std::to_string(names.size() - 3) + " more" : text;
}

/// The same for texts that are not quoted.
static std::string listTexts(ArrayRef<std::string> texts) {
  std::string text = llvm::join(texts.take_front(3), ", ");
  return texts.size() > 3 ? text + " and " + std::to_string(texts.size() - 3) + " more" : text;
}

namespace {
/// Determines which tensors of the two models are the same.
class Matcher {
public:
  Matcher(const ModelContent &table, const ModelContent &model) : table(table), model(model) {}

  void match();
  std::string describe(StringRef first, StringRef second) const;

private:
  void matchInputs();
  void matchTensors();
  bool readsSame(const Origin &inTable, const Origin &inModel) const;
  /// For tensors that the same ops compute.
  bool isAlike(const TensorContent &inTable, const TensorContent &inModel) const;
  void compare(const TensorContent &inTable, const TensorContent &inModel);

  const ModelContent &table, &model;
  std::map<StringRef, StringRef> renamed; ///< names in the table to names in the model
  std::vector<std::pair<const TensorContent *, const TensorContent *>> pairs; ///< with the same name
  std::vector<std::string> inputs, names, shapes, outputs;
  std::vector<StringRef> onlyTable, onlyModel, weights, ops;
};
} // namespace

static bool isKnown(const Origin &origin) { return !origin.ops.empty(); }

bool Matcher::readsSame(const Origin &inTable, const Origin &inModel) const {
  return inTable.from.size() == inModel.from.size() &&
         llvm::all_of(llvm::zip_equal(inTable.from, inModel.from), [&](auto pair) {
           auto &[name, other] = pair;
           auto it = renamed.find(name);
           return (it == renamed.end() ? StringRef(name) : it->second) == other;
         });
}

bool Matcher::isAlike(const TensorContent &inTable, const TensorContent &inModel) const {
  // Inputs have only names.
  return isKnown(inTable.origin) && !inTable.origin.from.empty() &&
         inTable.tensor.shape == inModel.tensor.shape && readsSame(inTable.origin, inModel.origin);
}

void Matcher::compare(const TensorContent &inTable, const TensorContent &inModel) {
  const std::string &id = inModel.tensor.id;
  if (inTable.tensor.shape != inModel.tensor.shape)
    shapes.push_back("'" + id + "' (" + formatShape(inModel.tensor.shape) + ", not " +
                     formatShape(inTable.tensor.shape) + ")");
  else if (!isKnown(inTable.origin) || !isKnown(inModel.origin))
    return;
  else if (inTable.origin.ops != inModel.origin.ops || !readsSame(inTable.origin, inModel.origin))
    ops.push_back(id);
  else if (inTable.origin.content != inModel.origin.content)
    weights.push_back(id);
}

/// An input whose name no longer exists is matched with the one at its position.
void Matcher::matchInputs() {
  auto contains = [](ArrayRef<ModelInput> list, StringRef name) {
    return llvm::any_of(list, [&](const ModelInput &input) { return input.name == name; });
  };
  if (table.inputs.size() != model.inputs.size()) {
    if (!table.inputs.empty())
      inputs.push_back(std::to_string(model.inputs.size()) + ", not " + std::to_string(table.inputs.size()));
    return;
  }
  bool isMoved = false;
  for (auto [inTable, inModel] : llvm::zip_equal(table.inputs, model.inputs)) {
    if (contains(table.inputs, inModel.name) || contains(model.inputs, inTable.name)) {
      isMoved |= inTable.name != inModel.name;
    } else {
      renamed[inTable.name] = inModel.name;
      names.push_back("'" + inTable.name + "' to '" + inModel.name + "'");
    }
    if (!isMoved && inTable.shape != inModel.shape)
      inputs.push_back("'" + inModel.name + "' (" + formatShape(inModel.shape) + ", not " +
                       formatShape(inTable.shape) + ")");
  }
  if (isMoved)
    inputs.push_back("another order");
}

/// By id, by input name, or by the ops that compute them.
void Matcher::matchTensors() {
  llvm::StringMap<const TensorContent *> unmatched; // of the table
  for (const TensorContent &entry : table.tensors)
    unmatched[entry.tensor.id] = &entry;
  std::vector<const TensorContent *> others; // of the model
  for (const TensorContent &entry : model.tensors) {
    auto it = llvm::find_if(renamed, [&](auto &pair) { return pair.second == entry.tensor.id; });
    auto found = unmatched.find(it == renamed.end() ? StringRef(entry.tensor.id) : it->first);
    if (found == unmatched.end()) {
      others.push_back(&entry);
    } else {
      pairs.emplace_back(found->second, &entry);
      unmatched.erase(found);
    }
  }
  std::multimap<StringRef, const TensorContent *> byOps;
  for (const TensorContent &entry : table.tensors)
    if (unmatched.contains(entry.tensor.id))
      byOps.emplace(entry.origin.ops, &entry);
  // The tensors that a tensor is computed from precede it.
  for (const TensorContent *entry : others) {
    auto [begin, end] = byOps.equal_range(entry->origin.ops);
    auto isCandidate = [&](const auto &other) { return isAlike(*other.second, *entry); };
    auto same = std::find_if(begin, end, [&](const auto &other) {
      return isCandidate(other) && other.second->origin.content == entry->origin.content;
    });
    // With other weights, if there is only one candidate.
    if (same == end && std::count_if(begin, end, isCandidate) == 1)
      same = std::find_if(begin, end, isCandidate);
    if (same == end) {
      onlyModel.push_back(entry->tensor.id);
      continue;
    }
    const std::string &id = same->second->tensor.id;
    names.push_back("'" + id + "' to '" + entry->tensor.id + "'");
    renamed[id] = entry->tensor.id;
    pairs.emplace_back(same->second, entry);
    unmatched.erase(id);
    byOps.erase(same);
  }
  for (const TensorContent &entry : table.tensors)
    if (unmatched.contains(entry.tensor.id))
      onlyTable.push_back(entry.tensor.id);
  for (auto [inTable, inModel] : pairs)
    compare(*inTable, *inModel);
}

void Matcher::match() {
  matchInputs();
  matchTensors();
  if (table.outputs.size() != model.outputs.size()) {
    if (!table.outputs.empty())
      outputs.push_back(std::to_string(model.outputs.size()) + ", not " +
                        std::to_string(table.outputs.size()));
    return;
  }
  for (auto [inTable, inModel] : llvm::zip_equal(table.outputs, model.outputs))
    if (inTable.name != inModel.name)
      outputs.push_back("'" + inModel.name + "' (not '" + inTable.name + "')");
    else if (inTable.origin.content != inModel.origin.content || !readsSame(inTable.origin, inModel.origin))
      outputs.push_back("'" + inModel.name + "'");
}

std::string Matcher::describe(StringRef first, StringRef second) const {
  std::vector<std::string> kinds;
  auto add = [&](const llvm::Twine &kind, const std::string &list) {
    if (!list.empty())
      kinds.push_back((kind + list).str());
  };
  add("other inputs: ", listTexts(inputs));
  add("renamed: ", listTexts(names));
  add("only in " + second + ": ", listNames(onlyModel));
  add("only in " + first + ": ", listNames(onlyTable));
  add("other shapes: ", listTexts(shapes));
  add("other weights before: ", listNames(weights));
  add("other ops before: ", listNames(ops));
  add("other outputs: ", listTexts(outputs));
  return llvm::join(kinds, "; ");
}

std::string narrow::describeDifferences(const ModelContent &table, const ModelContent &model, StringRef first,
                                        StringRef second) {
  Matcher matcher(table, model);
  matcher.match();
  return matcher.describe(first, second);
}
