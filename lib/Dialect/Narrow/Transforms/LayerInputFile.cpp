//===- LayerInputFile.cpp - What layers read, from a file -----------------===//
#include "LayerInputFile.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "narrow/Dialect/Narrow/IR/NarrowDialect.h"
#include "narrow/Support/Npz.h"
#include <cmath>

using namespace mlir;
using namespace narrow;

namespace {

class LayerInputFile : public SampleSource {
public:
  static llvm::Expected<std::unique_ptr<SampleSource>> read(StringRef path) {
    auto source = std::make_unique<LayerInputFile>();
    llvm::Expected<NpzFile> file = NpzFile::open(path);
    if (!file)
      return file.takeError();
    source->path = path.str();
    for (const std::string &name : file->names()) {
      llvm::Expected<Array> array = file->read(name);
      if (!array)
        return array.takeError();
      int64_t runs = array->shape.empty() ? 0 : array->shape.front();
      if (array->dtype != DType::F4 || runs == 0)
        return llvm::createStringError(path + ": array '" + name +
                                       "' should be float32 with samples along its first axis");
      if (source->runs && source->runs != runs)
        return llvm::createStringError(path + ": array '" + name + "' has " + Twine(runs) +
                                       " samples, others have " + Twine(source->runs));
      source->runs = runs;
      source->arrays.emplace_back(name, std::move(*array));
    }
    if (source->runs == 0)
      return llvm::createStringError(path + ": there are no arrays");
    return std::unique_ptr<SampleSource>(std::move(source));
  }

  llvm::Error open(ModuleOp) override { return llvm::Error::success(); }
  int64_t getNumRuns() const override { return runs; }
  int64_t getBatch() const override { return 1; }

  llvm::Expected<CalibrationTable> calibrate(ModuleOp, double) override {
    return llvm::createStringError(path + " has the inputs of layers, not of the network");
  }

  llvm::Error run(ModuleOp module, const Schedule &schedule, Receive receive, Finish finish) override {
    SmallVector<ArrayRef<float>> tensors;
    SmallVector<size_t> sizes;
    for (ObserveOp op : module.lookupSymbol<func::FuncOp>("main").getOps<ObserveOp>()) {
      StringRef name = op.getId();
      name.consume_back("/input");
      auto it = llvm::find_if(arrays, [&](const auto &entry) { return entry.first == name; });
      if (it == arrays.end())
        return llvm::createStringError(path + ": there is no array '" + name + "', the input of that op");
      tensors.push_back(it->second.as<float>());
      sizes.push_back(cast<RankedTensorType>(op.getType()).getNumElements());
      if (tensors.back().size() != sizes.back() * runs)
        return llvm::createStringError(path + ": array '" + name + "' has " +
                                       Twine(tensors.back().size() / runs) +
                                       " numbers a sample, the op reads " + Twine(sizes.back()));
      if (!llvm::all_of(tensors.back(), [](float x) { return std::isfinite(x); }))
        return llvm::createStringError(path + ": array '" + name + "' has a NaN or an infinity");
    }
    for (int64_t begin = 0; begin < runs; begin += schedule.chunk) {
      int64_t end = std::min(begin + schedule.chunk, runs);
      for (int64_t run = begin; run < end; ++run)
        for (auto [i, values] : llvm::enumerate(tensors))
          receive(i, run, values.slice(run * sizes[i], sizes[i]));
      finish(begin, end);
    }
    return llvm::Error::success();
  }

private:
  std::string path;
  std::vector<NamedArray> arrays;
  int64_t runs = 0;
};

} // namespace

llvm::Expected<std::unique_ptr<SampleSource>> narrow::openLayerInputs(StringRef path) {
  return LayerInputFile::read(path);
}
