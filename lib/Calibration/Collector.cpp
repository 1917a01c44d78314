//===- Collector.cpp - Receives tensors from compiled code ----------------===//
#include "narrow/Calibration/Collector.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <cmath>

using namespace narrow;
using llvm::createStringError;
using llvm::Error;
using llvm::Twine;

/// Number of values of a tensor that are gathered before its statistics are updated.
static constexpr int64_t waitFor = int64_t{1} << 15;
/// Number of values in one call that is enough for an update: copying them would cost more.
static constexpr int64_t largeCall = waitFor / 4;

void narrow_collect(void *context, int32_t id, const float *data, int64_t count) {
  static_cast<Collector *>(context)->collect(id, data, count);
}

Collector::Collector(llvm::ArrayRef<ObservedTensor> tensors) : observed(tensors), pending(tensors.size()) {
  for (const ObservedTensor &tensor : observed) {
    sampleSizes.push_back(tensor.sampleSize());
    collected.emplace_back(tensor.channels());
  }
}

void Collector::beginRun(int64_t first, int64_t samples) {
  firstSample = first;
  batch = samples;
  badId.reset();
  partialRow.reset();
  for (Pending &rows : pending)
    rows.received = 0;
}

void Collector::collect(int32_t id, const float *data, int64_t count) {
  if (id < 0 || static_cast<size_t>(id) >= collected.size()) {
    badId = id;
    return;
  }
  if (count <= 0)
    return;
  Pending &rows = pending[id];
  int64_t at = firstSample * sampleSizes[id] + rows.received;
  rows.received += count;
  if (count % collected[id].channels() != 0) {
    partialRow = id;
    return;
  }
  if (rows.values.empty() && count >= largeCall) {
    update(id, {data, static_cast<size_t>(count)}, Section{0, at});
    return;
  }
  int64_t waiting = static_cast<int64_t>(rows.values.size());
  if (rows.sections.empty() || at - rows.sections.back().firstElement != waiting - rows.sections.back().begin)
    rows.sections.push_back({waiting, at});
  rows.values.insert(rows.values.end(), data, data + count);
  if (static_cast<int64_t>(rows.values.size()) >= waitFor)
    flush(id);
}

void Collector::flush(int32_t id) {
  Pending &rows = pending[id];
  update(id, rows.values, rows.sections);
  rows.values.clear();
  rows.sections.clear();
}

void Collector::flush() {
  for (size_t i = 0; i < pending.size(); ++i)
    flush(static_cast<int32_t>(i));
}

void Collector::update(int32_t id, llvm::ArrayRef<float> values, llvm::ArrayRef<Section> sections) {
  if (values.empty() || collected[id].add(values.data(), static_cast<int64_t>(values.size())))
    return;
  const float *bad = llvm::find_if(values, [](float value) { return !std::isfinite(value); });
  int64_t index = bad - values.begin();
  while (sections.size() > 1 && sections[1].begin <= index)
    sections = sections.drop_front();
  int64_t element = sections[0].firstElement + index - sections[0].begin, sample = element / sampleSizes[id];
  if (!failure || std::pair(sample, id) < std::pair(failure->sample, failure->id))
    failure = Failure{sample, id, element % sampleSizes[id], *bad};
}

/// Other tensors may have pending values of an earlier sample.
Error Collector::describeFailure() {
  flush();
  Failure first = *failure;
  failure.reset();
  return createStringError("tensor '" + observed[first.id].id + "' becomes " +
                           (std::isnan(first.value) ? "NaN" : "Inf") + " in sample " + Twine(first.sample) +
                           ", element " + Twine(first.element) +
                           ": the model cannot be calibrated with this sample");
}

Error Collector::endRun() {
  if (badId)
    return createStringError("the compiled model reports a tensor " + Twine(*badId) + ", it has " +
                             Twine(collected.size()) + ": the code and the list of observers differ");
  if (partialRow)
    return createStringError("tensor '" + observed[*partialRow].id +
                             "' was sent in parts that are no whole rows of channels");
  if (failure)
    return describeFailure();
  for (size_t i = 0; i < pending.size(); ++i)
    if (int64_t received = pending[i].received; received == sampleSizes[i] && batch > 1)
      return createStringError("tensor '" + observed[i].id + "' has " + Twine(received) +
                               " elements, which a batch of " + Twine(batch) +
                               " samples does not share evenly: calibrate the model with a batch of 1");
    else if (received != sampleSizes[i] * batch)
      return createStringError("tensor '" + observed[i].id + "' has " + Twine(sampleSizes[i]) +
                               " elements a sample but sent " + Twine(received) + " values for " +
                               Twine(batch) + " samples: the code and the list of observers differ");
  finished += batch;
  return Error::success();
}

Error Collector::finish() {
  flush();
  return failure ? describeFailure() : Error::success();
}

void Collector::merge(const Collector &other) {
  for (size_t i = 0; i < std::min(collected.size(), other.collected.size()); ++i)
    collected[i].merge(other.collected[i]);
  finished += other.finished;
}
