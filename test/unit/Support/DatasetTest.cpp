//===- DatasetTest.cpp - Samples of a model's inputs ----------------------===//
#include "narrow/Support/Dataset.h"
#include "Common.h"
#include <cmath>
#include <limits>

using namespace narrow;

namespace {
class DatasetTest : public testing::Test {
  TemporaryFolder folder; // Before what is made in it.

protected:
  std::string path = folder.file("data.npz");
  ModelInput input{"input", {1, 3, 2, 2}};

  void write(std::vector<NamedArray> arrays) { ASSERT_EQ(messageOf(writeNpz(path, arrays)), "success"); }
  std::string open(DatasetOptions options = {}) { return messageOf(Dataset::open(path, {input}, options)); }
  static Array pictures(std::vector<int64_t> shape) {
    std::vector<uint8_t> values;
    for (int64_t i = 0; i < *countElements(shape); ++i)
      values.push_back(static_cast<uint8_t>(i * 37));
    return Array::create<uint8_t>(shape, values);
  }
  static DatasetOptions standard() {
    DatasetOptions options;
    options.preprocessing = {{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};
    return options;
  }
};
} // namespace

TEST_F(DatasetTest, PreprocessingIsThatOfNumpy) {
  write({{"input", pictures({4, 3, 2, 2})}});
  auto data = Dataset::open(path, {input}, standard());
  ASSERT_TRUE(bool(data)) << messageOf(data.takeError());
  EXPECT_EQ(data->sampleCount(), 4);
  ASSERT_EQ(data->sampleSize(0), 12);
  std::vector<float> sample(12);
  ASSERT_EQ(messageOf(data->read(2, 0, sample.data())), "success");
  // numpy: ((x[2].astype(f4) / f4(255) - mean) / std)[:, 1, 1] with float32 mean and std.
  EXPECT_EQ(sample[3], 0x1.d6818a0000000p+0f);
  EXPECT_EQ(sample[7], 0x1.e1e1e20000000p-4f);
  EXPECT_EQ(sample[11], -0x1.8b027a0000000p+0f);
  EXPECT_EQ(data->preprocessing(0).mean.size(), 3u);
  expectMessage(messageOf(data->read(4, 0, sample.data())), "has no sample 4");
}

TEST_F(DatasetTest, LargePicturesAreTheSame) {
  // Above 256 values a channel a table is used.
  input.shape = {1, 2, 20, 20};
  write({{"input", pictures({1, 2, 20, 20})}});
  DatasetOptions options;
  options.preprocessing = {{0.3f}, {0.7f}};
  auto data = Dataset::open(path, {input}, options);
  ASSERT_TRUE(bool(data)) << messageOf(data.takeError());
  std::vector<float> sample(800);
  ASSERT_EQ(messageOf(data->read(0, 0, sample.data())), "success");
  for (int i = 0; i < 800; ++i)
    EXPECT_EQ(sample[i], (static_cast<float>(static_cast<uint8_t>(i * 37)) / 255.0f - 0.3f) / 0.7f);
}

TEST_F(DatasetTest, ChannelsLast) {
  for (bool integers : {true, false}) {
    std::vector<float> floats;
    for (int i = 0; i < 24; ++i)
      floats.push_back(static_cast<float>(i));
    Array array = integers ? pictures({2, 2, 2, 3}) : Array::create<float>({2, 2, 2, 3}, floats);
    write({{"input", array}});
    DatasetOptions options = standard();
    expectMessage(open(options),
                  "has the shape [2, 2, 2, 3], expected [N, 3, 2, 2] for input 'input'; its channels "
                  "are last: state --layout=nhwc");
    options.layout = DataLayout::Nhwc;
    auto data = Dataset::open(path, {input}, options);
    ASSERT_TRUE(bool(data)) << messageOf(data.takeError());
    std::vector<float> sample(12);
    ASSERT_EQ(messageOf(data->read(1, 0, sample.data())), "success");
    for (int channel = 0; channel < 3; ++channel)
      for (int pixel = 0; pixel < 4; ++pixel) {
        float stored = array.toFloat(12 + pixel * 3 + channel);
        float expected = integers ? (stored / 255.0f - options.preprocessing.mean[channel]) /
                                        options.preprocessing.std[channel]
                                  : stored;
        EXPECT_EQ(sample[channel * 4 + pixel], expected);
      }
    EXPECT_EQ(data->notes().size(), integers ? 0u : 1u);
  }
}

TEST_F(DatasetTest, OtherTypesAndNames) {
  input.shape = {-1, 2};
  write({{"a", Array::create<double>({2, 2}, {0.1, 2, 3, 4})},
         {"labels", Array::create<uint8_t>({2}, {7, 9})}});
  DatasetOptions options;
  options.inputNames = {{"input", "a"}};
  auto data = Dataset::open(path, {input}, options);
  ASSERT_TRUE(bool(data)) << messageOf(data.takeError());
  std::vector<float> sample(2);
  ASSERT_EQ(messageOf(data->read(0, 0, sample.data())), "success");
  EXPECT_EQ(sample, (std::vector<float>{0.1f, 2}));
  auto labels = data->readLabels("labels", 10);
  ASSERT_TRUE(bool(labels)) << messageOf(labels.takeError());
  EXPECT_EQ(*labels, (std::vector<int64_t>{7, 9}));
  expectMessage(messageOf(data->readLabels("labels", 9)),
                "labels 'labels': label 9 of sample 1 is no class of the model, which has 9 (0 to 8)");
  expectMessage(messageOf(data->readLabels("a", 10)), "labels 'a' have the shape [2, 2], expected [2]");
  expectMessage(messageOf(data->readLabels("b", 10)), "has no array 'b'");
  options.inputNames = {{"x", "a"}};
  expectMessage(open(options), "--input-name x=a: the model has no input 'x'; its inputs are input [-1, 2]");
}

TEST_F(DatasetTest, Errors) {
  write({{"images", pictures({4, 3, 2, 3})}});
  expectMessage(open(),
                "has no array 'input' for an input of the model; it has images uint8[4, 3, 2, 3]; the "
                "model's inputs are input [1, 3, 2, 2]");
  write({{"input", pictures({4, 3, 2, 2})}});
  expectMessage(open(), "has the dtype uint8, input 'input' is float: state --mean and --std");
  DatasetOptions two;
  two.preprocessing = {{0.5f, 0.5f}, {1.0f}};
  expectMessage(open(two), "--mean has 2 values, input 'input' [1, 3, 2, 2] has 3 channels");
  two.preprocessing = {{0.5f}, {0.0f}};
  expectMessage(open(two), "--std has the value");
  write({{"input", pictures({4, 1, 2, 2})}});
  expectMessage(open(standard()), "has the shape [4, 1, 2, 2], expected [N, 3, 2, 2]");
  write({{"input", pictures({3, 2, 2})}});
  expectMessage(open(standard()), "a single sample needs a leading axis of 1");
  write({{"input", pictures({0, 3, 2, 2})}});
  expectMessage(open(standard()), "has no samples");
  write({{"input", Array::create<int32_t>({1, 3, 2, 2}, std::vector<int32_t>(12))}});
  expectMessage(open(), "has the dtype int32, input 'input' needs float32");
  write({});
  expectMessage(open(), "has no arrays");
  expectMessage(messageOf(Dataset::open("x.npy", {input})), "is a single array");
  write({{"input", pictures({4, 3, 2, 2})}, {"b", pictures({5, 1})}});
  expectMessage(messageOf(Dataset::open(path, {input, {"b", {1, 1}}},
                                        [] {
                                          DatasetOptions options;
                                          options.preprocessing = {{0}, {1}};
                                          return options;
                                        }())),
                "array 'b' has 5 samples, 'input' has 4");
}

TEST_F(DatasetTest, ValuesThatAreNotFinite) {
  std::vector<float> values(24, 1.0f);
  values[12 + 5] = std::nanf("");
  write({{"input", Array::create<float>({2, 3, 2, 2}, values)}});
  auto data = Dataset::open(path, {input});
  ASSERT_TRUE(bool(data)) << messageOf(data.takeError());
  std::vector<float> sample(12);
  EXPECT_EQ(messageOf(data->read(0, 0, sample.data())), "success");
  expectMessage(messageOf(data->read(1, 0, sample.data())), "array 'input' has NaN in sample 1, element 5");
  std::vector<double> doubles(12, 1.0);
  doubles[0] = 1e300;
  write({{"input", Array::create<double>({1, 3, 2, 2}, doubles)}});
  auto large = Dataset::open(path, {input});
  ASSERT_TRUE(bool(large)) << messageOf(large.takeError());
  expectMessage(messageOf(large->read(0, 0, sample.data())), "a value beyond float32 in sample 0, element 0");
}

TEST_F(DatasetTest, TheOnlyArrayThatFits) {
  write({{"labels", Array::create<int64_t>({4}, {1, 2, 3, 4})}, {"images", pictures({4, 3, 2, 2})}});
  auto data = Dataset::open(path, {input}, standard());
  ASSERT_TRUE(bool(data)) << messageOf(data.takeError());
  ASSERT_EQ(data->notes().size(), 1u);
  expectMessage(data->notes()[0], "array 'images' is taken for input 'input', which no other array fits");
  // Not if there is a choice, and not for one of several inputs.
  write({{"a", pictures({4, 3, 2, 2})}, {"b", pictures({4, 3, 2, 2})}});
  expectMessage(open(standard()), "has no array 'input' for an input of the model, and several that would "
                                  "fit; it has a uint8[4, 3, 2, 2], b uint8[4, 3, 2, 2]");
  write({{"a", pictures({4, 3, 2, 2})}});
  expectMessage(messageOf(Dataset::open(path, {input, {"b", {1, 1}}}, standard())),
                "has no array 'input' for an input of the model; it has a;");
}

TEST_F(DatasetTest, SamplesInAnyOrder) {
  // Stored by writeNpz; numpy.npz has deflated members.
  Array array = pictures({50, 3, 2, 2});
  write({{"input", array}});
  auto data = Dataset::open(path, {input}, standard());
  ASSERT_TRUE(bool(data)) << messageOf(data.takeError());
  std::vector<float> sample(12);
  for (int64_t index : {49, 0, 17, 16, 49, 3}) {
    ASSERT_EQ(messageOf(data->read(index, 0, sample.data())), "success");
    EXPECT_EQ(sample[0],
              (static_cast<float>(static_cast<uint8_t>(index * 12 * 37)) / 255.0f - 0.485f) / 0.229f);
  }
}

TEST_F(DatasetTest, FingerprintFollowsTheData) {
  auto fingerprint = [&](Array array) {
    write({{"input", std::move(array)}});
    auto data = Dataset::open(path, {input}, standard());
    return data ? llvm::cantFail(data->fingerprint(data->sampleCount())) : llvm::toString(data.takeError());
  };
  Array array = pictures({2, 3, 2, 2});
  std::string first = fingerprint(array);
  EXPECT_EQ(first, fingerprint(array));
  EXPECT_EQ(first.size(), 5u + 32u);
  array.bytes[3] ^= 1;
  EXPECT_NE(first, fingerprint(array));
}

TEST_F(DatasetTest, FingerprintFindsDamage) {
  write({{"input", pictures({20000, 3, 2, 2})}});
  std::string bytes = readBytes(path);
  bytes[bytes.size() / 2] ^= 1;
  writeBytes(path, bytes);
  auto data = Dataset::open(path, {input}, standard());
  ASSERT_TRUE(bool(data)) << messageOf(data.takeError());
  EXPECT_EQ(messageOf(data->fingerprint(1)), "success"); // The checksum is of the whole member.
  expectMessage(messageOf(data->fingerprint(20000)), "array 'input': CRC error");
}

TEST(FloatList, Parses) {
  auto list = parseFloatList("0.485, -1e-3,2", "--mean");
  ASSERT_TRUE(bool(list)) << messageOf(list.takeError());
  EXPECT_EQ(*list, (std::vector<float>{0.485f, -1e-3f, 2}));
  for (const char *text : {"", "1,", "a", "1 2", "nan", "inf", "1e99"})
    expectMessage(messageOf(parseFloatList(text, "--mean")), "--mean: '");
}
