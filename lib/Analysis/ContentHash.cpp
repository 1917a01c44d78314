//===- ContentHash.cpp - Hash that identifies a network -------------------===//
#include "narrow/Analysis/ContentHash.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "narrow/Dialect/Narrow/IR/Ids.h"
#include "narrow/Dialect/Narrow/IR/DiscardableAttributes.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/HashBuilder.h"

using namespace mlir;
using namespace narrow;
using Digest = ContentHasher::Digest;

namespace {
/// Numbers are little endian; texts and lists are preceded by their length.
struct Hash : llvm::HashBuilder<llvm::BLAKE3, llvm::endianness::little> {
  explicit Hash(StringRef kind) { add(kind); }
  using HashBuilder::add;
  void add(const Digest &digest) { update(ArrayRef(digest)); }
  /// Adds types and dialect attributes by their textual syntax.
  template <typename T>
  void addText(T object) {
    std::string text;
    llvm::raw_string_ostream(text) << object;
    add(StringRef(text));
  }
};

/// What is hashed besides the ops, their attributes and the wiring.
enum class Detail { Model, Content, Ops };
} // namespace

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// The bytes of a constant; `expanded` holds them if they have another form in memory. nullopt for
/// attributes that are not tables of numbers.
static std::optional<ArrayRef<char>> getBytes(ElementsAttr values, SmallVectorImpl<char> &expanded) {
  if (auto dense = dyn_cast<DenseIntOrFPElementsAttr>(values)) {
    if (!dense.getElementType().isInteger(1))
      return dense.getRawData();
    // Bits are packed in some versions of MLIR.
    if (dense.isSplat())
      expanded.push_back(dense.getSplatValue<bool>());
    else
      llvm::append_range(expanded, dense.getValues<bool>());
    return ArrayRef<char>(expanded);
  }
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(values))
    if (AsmResourceBlob *blob = resource.getRawHandle().getBlob())
      return blob->getData();
  return std::nullopt;
}

const Digest &ContentHasher::hashConstant(ElementsAttr values) {
  auto [it, isNew] = constants.try_emplace(values);
  if (!isNew)
    return it->second;
  Hash hash("constant");
  hash.addText(values.getShapedType());
  SmallVector<char> expanded;
  if (std::optional<ArrayRef<char>> bytes = getBytes(values, expanded)) {
    // If all elements are equal, one represents them, as in a splat.
    size_t count = values.getNumElements(), width = count ? bytes->size() / count : 0;
    if (width > 0 && bytes->size() == count * width &&
        std::equal(bytes->begin(), bytes->end() - width, bytes->begin() + width))
      bytes = bytes->take_front(width);
    hash.update(StringRef(bytes->data(), bytes->size()));
  } else {
    hash.addText(values);
  }
  return it->second = hash.final();
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

/// Hashes a graph backwards from the requested values. Deep networks do not need a deep stack.
class ContentHasher::Graph {
public:
  Graph(ContentHasher &hasher, Detail detail, function_ref<bool(Value)> isSource)
      : hasher(hasher), detail(detail), isSource(isSource) {}

  const Digest &hash(Value root);
  Digest hash(Operation *op);

  SmallVector<Value> sources;

private:
  void addAttribute(Hash &hash, Attribute attribute);
  void addType(Hash &hash, Type type);
  void addNames(Hash &hash, FunctionOpInterface function);
  void addRegion(Hash &hash, Region &region);
  bool addConstant(Operation *op);

  ContentHasher &hasher;
  Detail detail;
  function_ref<bool(Value)> isSource;
  DenseMap<Value, Digest> digests;
  DenseSet<Operation *> entered;
};

/// The values that `op` reads: its operands, and outer values used in its regions.
static SmallVector<Value> getReads(Operation *op) {
  SmallVector<Value> reads(op->getOperands());
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  llvm::append_range(reads, captured);
  return reads;
}

const Digest &ContentHasher::Graph::hash(Value root) {
  SmallVector<Value> worklist{root};
  while (!worklist.empty()) {
    Value value = worklist.back();
    Operation *op = value.getDefiningOp();
    if (digests.contains(value)) {
      worklist.pop_back();
    } else if (isSource(value)) {
      Hash hash("source");
      hash.add(sources.size());
      digests[value] = hash.final();
      sources.push_back(value);
    } else if (!op) { // A function argument: those of other blocks already have a digest.
      Hash hash("argument");
      hash.add(cast<BlockArgument>(value).getArgNumber());
      digests[value] = hash.final();
    } else if (entered.insert(op).second) {
      // The first operand is visited first, so that sources are numbered in the order in which they are read.
      SmallVector<Value> reads = getReads(op);
      for (Value read : llvm::reverse(reads))
        if (!digests.contains(read))
          worklist.push_back(read);
    } else if (isa<ObserveOp>(op)) {
      digests[value] = digests.lookup(op->getOperand(0));
    } else if (!addConstant(op)) {
      Digest digest = hash(op);
      for (OpResult result : op->getResults()) {
        Hash hash("result");
        hash.add(digest);
        hash.add(result.getResultNumber());
        digests[result] = hash.final();
      }
    }
  }
  return digests[root];
}

/// Sets the digest of a constant, which depends only on its value, not on the op.
bool ContentHasher::Graph::addConstant(Operation *op) {
  Attribute attribute;
  if (!matchPattern(op, m_Constant(&attribute)))
    return false;
  Type type = op->getResult(0).getType();
  Hash hash("value");
  hash.addText(type);
  // A shape or a scalar determines what its reader does.
  if (detail != Detail::Ops || !isa<ShapedType>(type))
    addAttribute(hash, attribute);
  digests[op->getResult(0)] = hash.final();
  return true;
}

Digest ContentHasher::Graph::hash(Operation *op) {
  Hash hash("op");
  hash.add(op->getName().getStringRef());
  hash.add(op->getNumResults());
  for (Type type : op->getResultTypes())
    addType(hash, type);
  hash.add(op->getNumOperands());
  for (Value operand : op->getOperands())
    hash.add(digests.lookup(operand)); // Unknown only if dead code reads itself.

  NamedAttrList attributes;
  auto add = [&](NamedAttribute attribute) { attributes.append(attribute); };
  Attribute properties = op->getPropertiesAsAttribute();
  if (auto dictionary = dyn_cast_or_null<DictionaryAttr>(properties))
    llvm::for_each(dictionary, add);
  else if (properties)
    addAttribute(hash, properties);
  // An op may have inherent attributes besides its properties; for an unregistered op the attribute's
  // name decides.
  for (NamedAttribute attribute : op->getDiscardableAttrs())
    if (op->isRegistered() ? llvm::is_contained(op->getName().getAttributeNames(), attribute.getName())
                           : !attribute.getName().getValue().contains('.'))
      add(attribute);
  DictionaryAttr defaults =
      op->isRegistered() ? hasher.getDefaults(op->getName(), op->getLoc()) : DictionaryAttr();
  for (NamedAttribute attribute : attributes.getDictionary(op->getContext())) {
    StringRef name = attribute.getName();
    // Optional attributes with a default (local_bound of TOSA) are flags: an absent one is false.
    Attribute standard = defaults ? defaults.get(name) : Attribute();
    if (!standard && op->isRegistered())
      standard = BoolAttr::get(op->getContext(), false);
    // Of arguments and results only the name counts, see below.
    bool isOfArguments =
        isa<ArgAndResultAttrsOpInterface>(op) && (name == "arg_attrs" || name == "res_attrs");
    bool isVisibility = isa<SymbolOpInterface>(op) && name == SymbolTable::getVisibilityAttrName();
    if (isOfArguments || isVisibility || standard == attribute.getValue())
      continue;
    hash.add(name);
    addAttribute(hash, attribute.getValue());
  }
  hash.add("end");
  if (detail == Detail::Model) {
    auto id = op->getAttrOfType<StringAttr>(attrs::id);
    hash.add(id && computesTensor(op) ? id.getValue() : StringRef());
    if (auto function = dyn_cast<FunctionOpInterface>(op))
      addNames(hash, function);
  }
  hash.add(op->getNumRegions());
  for (Region &region : op->getRegions())
    addRegion(hash, region);
  for (Block *successor : op->getSuccessors())
    hash.add(std::distance(successor->getParent()->begin(), successor->getIterator()));
  return hash.final();
}

void ContentHasher::Graph::addNames(Hash &hash, FunctionOpInterface function) {
  auto addName = [&](Attribute name) {
    auto text = dyn_cast_or_null<StringAttr>(name);
    hash.add(text ? text.getValue() : StringRef());
  };
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    addName(function.getArgAttr(i, attrs::name));
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    addName(function.getResultAttr(i, attrs::name));
}

/// A region is determined by its ops without results: its terminators, and ops that only have effects.
void ContentHasher::Graph::addRegion(Hash &hash, Region &region) {
  size_t depth = 0;
  for (Operation *parent = region.getParentOp()->getParentOp(); parent; parent = parent->getParentOp())
    ++depth;
  hash.add(region.getBlocks().size());
  for (auto [number, block] : llvm::enumerate(region)) {
    hash.add(block.getNumArguments());
    for (BlockArgument argument : block.getArguments()) {
      addType(hash, argument.getType());
      Hash position("block argument");
      position.add(depth, region.getRegionNumber(), number, argument.getArgNumber());
      digests[argument] = position.final();
    }
  }
  for (Block &block : region) {
    for (Operation &op : block) {
      if (op.getNumResults() != 0)
        continue;
      for (Value read : getReads(&op))
        this->hash(read);
      hash.add(this->hash(&op));
    }
    hash.add("end");
  }
}

void ContentHasher::Graph::addType(Hash &hash, Type type) {
  hash.addText(detail == Detail::Model ? type : getElementTypeOrSelf(type));
}

void ContentHasher::Graph::addAttribute(Hash &hash, Attribute attribute) {
  auto addBits = [&](const APInt &bits) { hash.addRange(ArrayRef(bits.getRawData(), bits.getNumWords())); };
  TypeSwitch<Attribute>(attribute)
      .Case([&](ElementsAttr values) { hash.add(hasher.hashConstant(values)); })
      .Case([&](IntegerAttr integer) {
        hash.add("integer");
        hash.addText(integer.getType());
        addBits(integer.getValue());
      })
      .Case([&](FloatAttr number) {
        hash.add("float");
        hash.addText(number.getType());
        addBits(number.getValue().bitcastToAPInt());
      })
      .Case([&](StringAttr text) {
        hash.add("string");
        hash.add(text.getValue());
      })
      .Case([&](DenseArrayAttr array) {
        hash.add("array");
        hash.addText(array.getElementType());
        hash.add(StringRef(array.getRawData().data(), array.getRawData().size()));
      })
      .Case([&](ArrayAttr list) {
        hash.add("list");
        hash.add(list.size());
        for (Attribute element : list)
          addAttribute(hash, element);
      })
      .Case([&](DictionaryAttr dictionary) {
        hash.add("dictionary");
        hash.add(dictionary.size());
        for (NamedAttribute entry : dictionary) {
          hash.add(entry.getName().getValue());
          addAttribute(hash, entry.getValue());
        }
      })
      .Default([&](Attribute other) {
        hash.add("attribute");
        hash.addText(other);
      });
}

//===----------------------------------------------------------------------===//
// Queries
//===----------------------------------------------------------------------===//

DictionaryAttr ContentHasher::getDefaults(OperationName name, Location loc) {
  auto [it, isNew] = defaults.try_emplace(name);
  if (isNew) {
    Operation *op = Operation::create(OperationState(loc, name));
    it->second = dyn_cast_or_null<DictionaryAttr>(op->getPropertiesAsAttribute());
    op->destroy();
  }
  return it->second;
}

static std::string toHex(const Digest &digest, size_t bytes = Digest().size()) {
  return llvm::toHex(ArrayRef(digest).take_front(bytes), /*LowerCase=*/true);
}

std::string ContentHasher::hashModel(ModuleOp module) {
  auto isSource = [](Value) { return false; };
  Graph graph(*this, Detail::Model, isSource);
  // The order of symbols does not matter.
  std::vector<Digest> parts;
  for (Operation &op : *module.getBody())
    parts.push_back(graph.hash(&op));
  llvm::sort(parts);
  Hash hash("narrow model");
  for (const Digest &part : parts)
    hash.add(part);
  return toHex(hash.final());
}

std::string narrow::hashModel(ModuleOp module) { return ContentHasher().hashModel(module); }

Computation ContentHasher::hashComputation(Value value, function_ref<bool(Value)> isSource) {
  // These only explain differences; the hash of the model decides whether there are any.
  constexpr size_t bytes = 8;
  Graph content(*this, Detail::Content, isSource), ops(*this, Detail::Ops, isSource);
  Computation result;
  result.content = toHex(content.hash(value), bytes);
  result.ops = toHex(ops.hash(value), bytes);
  result.sources = std::move(content.sources);
  return result;
}
