//===- ForeignTableTest.cpp - The tables of other tools -------------------===//
#include "narrow/Calibration/Table.h"
#include <gtest/gtest.h>

using namespace narrow;

static ForeignRanges parse(llvm::StringRef text) {
  auto table = parseTable(text, "t");
  if (!table) {
    ADD_FAILURE() << llvm::toString(table.takeError());
    return {};
  }
  EXPECT_TRUE(table->foreign.has_value());
  EXPECT_TRUE(table->entries.empty());
  return table->foreign.value_or(ForeignRanges());
}
static void expectError(llvm::StringRef text, const std::string &message) {
  auto table = parseTable(text, "t");
  EXPECT_EQ(table ? "success" : llvm::toString(table.takeError()), message) << text.str();
}
static void expectRange(const NamedRange &range, llvm::StringRef name, double min, double max,
                        double magnitude, int64_t bits = 0) {
  EXPECT_EQ(range.name, name.str());
  EXPECT_DOUBLE_EQ(range.min, min) << range.name;
  EXPECT_DOUBLE_EQ(range.max, max) << range.name;
  EXPECT_DOUBLE_EQ(range.magnitude, magnitude) << range.name;
  EXPECT_EQ(range.bits, bits) << range.name;
}

//===----------------------------------------------------------------------===//
// TensorRT
//===----------------------------------------------------------------------===//

TEST(ForeignTable, TensorRT) {
  // 3f800000 is 1, 3c010a14 the example of NVIDIA's documentation, 0x1.021428p-7.
  ForeignRanges ranges = parse("TRT-8401-EntropyCalibration2\n"
                               "input: 3c010a14\r\n"
                               "/layer1/Relu_output_0: 3f800000\n"
                               "(Unnamed Layer* 64) [Shuffle]_output: 0\n"
                               "a:b: 40000000\n");
  EXPECT_EQ(ranges.tool, "TensorRT");
  ASSERT_EQ(ranges.ranges.size(), 3u);
  expectRange(ranges.ranges[0], "/layer1/Relu_output_0", -127, 127, 127);
  expectRange(ranges.ranges[1], "a:b", -254, 254, 254);
  double input = 127 * 0x1.021428p-7;
  expectRange(ranges.ranges[2], "input", -input, input, input);
  EXPECT_EQ(ranges.notes, std::vector<std::string>{"not used: 1 tensor without a scale"});
}

TEST(ForeignTable, TensorRTErrors) {
  std::string expected = "expected '<tensor>: <8 hexadecimal digits>', the bits of an f32";
  expectError("TRT-8401-EntropyCalibration2\na: 3f8000g0\n", "'t': line 2: " + expected);
  expectError("TRT-8401-EntropyCalibration2\n\na 3f800000\n", "'t': line 3: " + expected);
  expectError("TRT-8401-EntropyCalibration2\na: 13f800000\n", "'t': line 2: " + expected);
  // Cut in the last line.
  expectError("TRT-8401-EntropyCalibration2\na: 3f800000\nb: 3f80", "'t': line 3: " + expected);
  expectError("TRT-8401-EntropyCalibration2\na: 3f800000\nb", "'t': line 3: " + expected);
  expectError("TRT-8401-EntropyCalibration2\n", "'t' is a table of TensorRT without a single range");
  expectError("TRT-8401-EntropyCalibration2\na: 7fc00000\n",
              "'t': line 2: 'a': the bits 7fc00000 are no positive f32");
  expectError("TRT-8401-EntropyCalibration2\na: 7f800000\n",
              "'t': line 2: 'a': the bits 7f800000 are no positive f32");
  expectError("TRT-8401-EntropyCalibration2\na: bf800000\n",
              "'t': line 2: 'a': the bits bf800000 are no positive f32");
  expectError("TRT-8401-EntropyCalibration2\na: 7f000000\n",
              "'t': line 2: 'a': its range is not finite in f32");
  expectError("TRT-8401-EntropyCalibration2\na: 3f800000\na: 3f800000\n",
              "'t': line 3: 'a' is in line 2 already");
  expectError("TRT-8401-EntropyCalibration2\n: 3f800000\n", "'t': line 2: the name of the tensor is missing");
}

//===----------------------------------------------------------------------===//
// tpu-mlir
//===----------------------------------------------------------------------===//

// The sample of its manual.
static const char tpuTable[] = "# generated time: 2022-08-11 10:00:59.743675\n"
                               "# histogram number: 2048\n"
                               "# sample number: 100\n"
                               "# tune number: 5\n"
                               "###\n"
                               "# op_name    threshold    min    max\n"
                               "images 1.0000080 0.0000000 1.0000080\n"
                               "122_Conv 56.4281803 -102.5830231 97.6811752\n"
                               "124_Mul 38.1586478 -0.2784646 97.6811752\n";

TEST(ForeignTable, TpuMlir) {
  ForeignRanges ranges = parse(tpuTable);
  EXPECT_EQ(ranges.tool, "tpu-mlir");
  EXPECT_TRUE(ranges.notes.empty());
  ASSERT_EQ(ranges.ranges.size(), 3u);
  ASSERT_EQ(ranges.find("122").size(), 1u);
  expectRange(*ranges.find("122").front(), "122_Conv", -102.5830231, 97.6811752, 56.4281803);
  ASSERT_EQ(ranges.find("images").size(), 1u);
  EXPECT_EQ(ranges.find("122_Conv").size(), 1u); // its own name
  EXPECT_TRUE(ranges.find("12").empty());
  EXPECT_TRUE(ranges.find("123").empty());
  EXPECT_TRUE(ranges.find("image").empty());
  // The same without a comment.
  EXPECT_EQ(parse("124_Mul 38.1586478 -0.2784646 97.6811752").tool, "tpu-mlir");
}

TEST(ForeignTable, TpuMlirNames) {
  ForeignRanges ranges = parse("#\nx_1_Conv 1 0 1\nx_2 1 0 2\nx_Conv 1 0 3\nx_Conv_Relu 1 0 4\ny_Add 1 0 5\n"
                               "y_Relu 1 0 6\n");
  ASSERT_EQ(ranges.find("x").size(), 1u); // x_1 and x_Conv are other tensors
  EXPECT_EQ(ranges.find("x").front()->max, 3);
  EXPECT_EQ(ranges.find("x_1").front()->max, 1);
  EXPECT_EQ(ranges.find("x_2").front()->max, 2);
  EXPECT_EQ(ranges.find("x_Conv").front()->max, 3);
  EXPECT_EQ(ranges.find("y").size(), 2u);
}

TEST(ForeignTable, TpuMlirSections) {
  ForeignRanges ranges = parse(std::string(tpuTable) + "#int4_th\n122_Conv 1 -1 1\n124_Mul 1 -1 1\n"
                                                       "#weight_scale\n122_Conv_weight 2 0.1 0.2 2 0 0\n");
  EXPECT_EQ(ranges.ranges.size(), 3u);
  EXPECT_EQ(ranges.notes, (std::vector<std::string>{"not used: 2 thresholds for 4 bits (#int4_th)",
                                                    "not used: scales of 1 weight (#weight_scale)"}));
}

TEST(ForeignTable, TpuMlirErrors) {
  std::string table = tpuTable, expected = "'t': line 10: expected '<tensor> <threshold> <min> <max>'";
  expectError(table + "125_Conv 56.1447888 -143.70", expected);
  expectError(table + "125_Conv", expected);
  expectError(table + "125_Conv INT8 1 2", expected);
  expectError(table + "125_Conv 1 2 -2", "'t': line 10: '125_Conv': its minimum is above its maximum");
  expectError(table + "125_Conv -1 -2 2", "'t': line 10: '125_Conv': its threshold is no positive f32");
  expectError(table + "125_Conv nan -2 2", "'t': line 10: '125_Conv': its threshold is no positive f32");
  expectError(table + "125_Conv 1 nan 2", "'t': line 10: '125_Conv': its range is not finite in f32");
  expectError(table + "125_Conv 1 -2 inf", "'t': line 10: '125_Conv': its range is not finite in f32");
  expectError(table + "125_Conv 1 -2 1e39", "'t': line 10: '125_Conv': its range is not finite in f32");
  expectError(table + "122_Conv 1 -2 2", "'t': line 10: '122_Conv' is in line 8 already");
  expectError("# op_name    threshold    min    max\n", "'t' is a table of tpu-mlir without a single range");
}

//===----------------------------------------------------------------------===//
// ONNX Runtime
//===----------------------------------------------------------------------===//

TEST(ForeignTable, OnnxRuntimeJson) {
  ForeignRanges ranges = parse(
      R"({"CLS": "TensorsData", "data": {
          "b": {"lowest": {"data": [-0.5], "dtype": "float32", "CLS": "numpy.array"},
                "highest": {"data": [2.0], "dtype": "float32", "CLS": "numpy.array"}, "CLS": "TensorData"},
          "a": {"lowest": {"data": 0.25, "dtype": "float32", "CLS": "numpy.array"}, "highest": 4, "avg": 1,
                "hist": {"data": [1, 2], "dtype": "int64", "CLS": "numpy.array"}},
          "channels": {"lowest": {"data": [[-1, -3]]}, "highest": {"data": [[2, 1]]}}},
          "calibration_method": {"CLS": "CalibrationMethod", "value": "CalibrationMethod.MinMax"},
          "smooth_quant": false})");
  EXPECT_EQ(ranges.tool, "ONNX Runtime");
  ASSERT_EQ(ranges.ranges.size(), 3u);
  expectRange(ranges.ranges[0], "a", 0.25, 4, 4);
  expectRange(ranges.ranges[1], "b", -0.5, 2, 2);
  expectRange(ranges.ranges[2], "channels", -3, 2, 3);
  // write_calibration_table, today and before 1.16.
  EXPECT_EQ(parse(R"({"x": {"lowest": -1.5, "highest": 2, "CLS": "TensorData"}})").ranges,
            parse(R"({"x": [-1.5, 2]})").ranges);
}

TEST(ForeignTable, OnnxRuntimeErrors) {
  auto both = [](std::string low, std::string high) {
    return "{\"a\": {\"lowest\": 0, \"highest\": 1}, \"x\": {\"lowest\": " + low + ", \"highest\": " + high +
           "}}";
  };
  expectError(both("2", "1"), "'t': 'x': its minimum is above its maximum");
  expectError(both("0", "1e39"), "'t': 'x': its range is not finite in f32");
  expectError(both("NaN", "1"), "'t': has a number that is not finite: 'x/lowest'");
  expectError(both("0", "{\"data\": [Infinity]}"), "'t': has a number that is not finite: 'x/highest/data'");
  expectError(both("-Infinity", "1"), "'t': has a number that is not finite: 'x/lowest'");
  expectError(both("\"0\"", "1"), "'t': 'x': field 'lowest': expected a number or an array of numbers");
  expectError(both("[]", "1"), "'t': 'x': field 'lowest': expected a number or an array of numbers");
  expectError(both("[0, 1]", "1"), "'t': 'x': field 'highest': 1 number for 2 numbers of 'lowest'");
  expectError(R"({"a": [0, 1], "x": {"lowest": 0}})", "'t': 'x': field 'highest' is missing");
  expectError(R"({"a": [0, 1], "x": 3})", "'t': 'x': expected an object with 'lowest' and 'highest'");
  expectError(R"({"a": [0, 1], "a": [0, 1]})", "'t': has the field \"a\" twice in one object");
  expectError(R"({"a": [0, 1], "x": [0)", "'t': is cut short: the closing '}' is missing");
  expectError(R"({"a": [0, 1]} x)", "'t': has text after the closing '}'");
  expectError(R"({"CLS": "TensorsData"})", "'t': field 'data' is missing or no object");
  expectError(R"({"CLS": "TensorsData", "data": {}})",
              "'t' is a table of ONNX Runtime without a single range");
  expectError("{}",
              "'t': is not a calibration table: field 'format' is not \"narrow-calibration-table\", and it "
              "is no table of ONNX Runtime, TensorRT, AIMET or tpu-mlir");
}

TEST(ForeignTable, OnnxRuntimeCache) {
  ForeignRanges ranges = parse("/a/Conv output 2.5\nb 0.0\n");
  EXPECT_EQ(ranges.tool, "ONNX Runtime");
  ASSERT_EQ(ranges.ranges.size(), 2u);
  expectRange(ranges.ranges[0], "/a/Conv output", -2.5, 2.5, 2.5);
  expectRange(ranges.ranges[1], "b", 0, 0, 0);
  EXPECT_EQ(ranges.notes.size(), 1u);
  expectError("a 1.5\nb -1.5\n",
              "'t': line 2: 'b': its largest value is negative, and the smallest is not in this "
              "file; give the calibration.json that ONNX Runtime wrote with it");
  expectError("a 1.5\nb\n", "'t': line 2: expected '<tensor> <largest value>'");
  expectError("a 1.5\nb x\n", "'t': line 2: expected '<tensor> <largest value>'");
  expectError("a 1.5\nb nan\n", "'t': line 2: 'b': its range is not finite in f32");
  expectError("a 1.5\na 1.5\n", "'t': line 2: 'a' is in line 1 already");
}

/// What ONNX Runtime writes for a in [-1, 1.5] and b in [0, 0.25].
static const unsigned char flatBuffer[] = {
    12, 0,  0, 0,  0, 0,  6, 0,   8,   0,   4,   0, 6, 0,  0,  0,  4,  0, 0, 0, 2, 0,  0, 0,  8,
    0,  0,  0, 44, 0, 0,  0, 224, 255, 255, 255, 8, 0, 0,  0,  16, 0,  0, 0, 4, 0, 0,  0, 48, 46,
    50, 53, 0, 0,  0, 0,  1, 0,   0,   0,   98,  0, 0, 0,  8,  0,  12, 0, 8, 0, 4, 0,  8, 0,  0,
    0,  8,  0, 0,  0, 12, 0, 0,   0,   3,   0,   0, 0, 49, 46, 53, 0,  1, 0, 0, 0, 97, 0, 0,  0};

TEST(ForeignTable, FlatBuffers) {
  std::string whole(std::begin(flatBuffer), std::end(flatBuffer));
  EXPECT_EQ(parse(whole).ranges, parse("a 1.5\nb 0.25\n").ranges);
  // Whatever is damaged or cut is an error or another number, not a crash.
  for (size_t size = 0; size <= whole.size(); ++size)
    for (size_t at = 0; at < size; ++at)
      for (unsigned char value : {0, 1, 127, 255}) {
        std::string text = whole.substr(0, size);
        text[at] = static_cast<char>(value);
        if (auto table = parseTable(text, "t"))
          EXPECT_LE(table->foreign->ranges.size(), 2u);
        else
          llvm::consumeError(table.takeError());
      }
  whole[84 + 4] = 'x'; // of 1.5
  expectError(whole, "'t': entry 2: 'a': 'x.5' is no number");
  auto cut = parseTable(llvm::StringRef(whole).drop_back(8), "t");
  ASSERT_FALSE(bool(cut));
  EXPECT_EQ(llvm::toString(cut.takeError()),
            "'t': is not a calibration table: it is no JSON object, and no table of "
            "ONNX Runtime, TensorRT, AIMET or tpu-mlir");
}

//===----------------------------------------------------------------------===//
// AIMET
//===----------------------------------------------------------------------===//

TEST(ForeignTable, AimetVersions) {
  // One tensor of 8 bits with zero point 73 and one of 16 with -0.5 .. 0.5, as AIMET 2.42 writes them.
  ForeignRanges oldest = parse(
      R"({"activation_encodings": {"x": [{"bitwidth": 8, "dtype": "int", "is_symmetric": "False",
          "max": 18.2, "min": -7.3, "offset": -73.0, "scale": 0.1}], "f": [{"bitwidth": 16, "dtype": "float"}]},
          "param_encodings": {"b": [], "w": [{"bitwidth": 4, "dtype": "int", "is_symmetric": "True", "max": 3.5,
          "min": -4, "offset": -8.0, "scale": 0.5}, {"bitwidth": 4, "dtype": "int", "max": 1.75, "min": -2}]}, "quantizer_args": {}, "version": "0.6.1"})");
  EXPECT_EQ(oldest.tool, "AIMET");
  ASSERT_EQ(oldest.ranges.size(), 1u);
  expectRange(oldest.ranges[0], "x", -7.3, 18.2, 18.2, 8);
  EXPECT_EQ(oldest.notes,
            (std::vector<std::string>{"not used: encodings of 1 weight (floats, or scales of blocks)",
                                      "not used: 1 tensor of floats"}));
  NamedWeight weight{"w", {-4, -2}, {3.5, 1.75}, 4};
  EXPECT_EQ(oldest.weights, std::vector<NamedWeight>{weight});

  ForeignRanges first = parse(
      R"({"activation_encodings": [{"bw": 8, "dtype": "INT", "enc_type": "PER_TENSOR", "is_sym": false,
          "name": "x", "offset": [-73.0], "scale": [0.1]},
          {"bw": 16, "dtype": "INT", "enc_type": "PER_TENSOR", "is_sym": true, "name": "y", "offset": [-32768],
           "scale": [0.5]}],
          "param_encodings": [{"bw": 4, "dtype": "INT", "enc_type": "PER_CHANNEL", "is_sym": true, "name": "w",
           "offset": [-8, -8], "scale": [0.5, 0.25]}, {"bw": 4, "enc_type": "PER_BLOCK", "block_size": 2, "name": "v",
           "offset": [-8], "scale": [0.5]}], "version": "1.0.0"})");
  ASSERT_EQ(first.ranges.size(), 2u);
  expectRange(first.ranges[0], "x", 0.1 * -73, 0.1 * 182, 0.1 * 182, 8);
  expectRange(first.ranges[1], "y", -16384, 16383.5, 16384, 16);
  EXPECT_EQ(first.notes,
            std::vector<std::string>{"not used: encodings of 1 weight (floats, or scales of blocks)"});
  EXPECT_EQ(first.weights, std::vector<NamedWeight>{weight});

  ForeignRanges second = parse(
      R"({"encodings": [{"axis": 0, "name": "w", "output_dtype": "int4", "y_scale": [0.5, 0.25]},
          {"name": "v", "axis": 0, "output_dtype": "float16"}, {"name": "x", "output_dtype": "uint8", "y_scale": 0.1, "y_zero_point": 73},
          {"name": "y", "output_dtype": "int16", "y_scale": 0.5},
          {"name": "f", "output_dtype": "float16"}], "version": "2.0.0"})");
  EXPECT_EQ(second.ranges, first.ranges);
  EXPECT_EQ(second.notes,
            (std::vector<std::string>{"not used: encodings of 1 weight (floats, or scales of blocks)",
                                      "not used: 1 tensor of floats"}));
  EXPECT_EQ(second.weights, std::vector<NamedWeight>{weight});

  // One scale of a weight has no axis.
  EXPECT_EQ(second.findWeight("x")->bits, 8);
  EXPECT_EQ(second.findWeight("w"), weight);
  EXPECT_EQ(second.findWeight(""), std::nullopt);
}

TEST(ForeignTable, AimetErrors) {
  auto old = [](std::string encodings) { return "{\"activation_encodings\": {\"x\": " + encodings + "}}"; };
  auto list = [](std::string encodings) { return "{\"activation_encodings\": [" + encodings + "]}"; };
  auto recent = [](std::string encodings) { return "{\"encodings\": [" + encodings + "]}"; };
  std::string where = "'t': activation_encodings: 'x': ";
  expectError(recent(R"({"name": "x", "output_dtype": "uint8", "y_scale": 0.1, "y_zero_point": 300})"),
              "'t': encodings: 'x': field 'y_zero_point': no code of uint8");
  expectError(old("[{\"bitwidth\": 8, \"min\": 1, \"max\": 0}]"), where + "its minimum is above its maximum");
  expectError(old("[{\"bitwidth\": 8, \"min\": -1e40, \"max\": 0}]"),
              where + "its range is not finite in f32");
  expectError(old("[{\"bitwidth\": 8, \"min\": 0}]"), where + "field 'max' is missing");
  expectError(old("[{\"min\": 0, \"max\": 1}]"), where + "field 'bitwidth' is missing");
  expectError(old("[{\"bitwidth\": 64, \"min\": 0, \"max\": 1}]"),
              where + "field 'bitwidth': 64 is out of range");
  expectError(old("[{}, {}]"), where + "expected a list with one encoding: an activation has one range");
  expectError(
      old("{\"output\": {\"0\": {}}}"),
      "'t': activation_encodings: 'x' is a module of PyTorch, and tensors of the ONNX model are needed: take "
      "the encodings that AIMET exports with the ONNX file");
  expectError(list("3"), "'t': activation_encodings: element 0: expected an object with a 'name'");
  std::string good = R"({"name": "x", "bw": 8, "scale": [0.1], "offset": [0]})";
  expectError(list(good + "," + good), "'t': activation_encodings: 'x' is in it twice");
  expectError(list(R"({"name": "x", "bw": 8, "scale": [0.1, 0.2], "offset": [0, 0]})"),
              where + "field 'scale': expected one number");
  auto weight = [](const std::string &encoding) {
    return R"({"activation_encodings": [], "param_encodings": [{"name": "w", "bw": 8, )" + encoding + "}]}";
  };
  expectError(weight(R"("scale": [0.1, 0], "offset": [0, 0])"),
              "'t': param_encodings: 'w': channel 1: field 'scale': expected a positive number");
  expectError(weight(R"("scale": [0.1, 1], "offset": [0, 0, 0])"),
              "'t': param_encodings: 'w': channel 0: field 'offset': expected one number");
  expectError(R"({"activation_encodings": {}, "param_encodings": {"w": [{"bitwidth": 8, "min": 0}]}})",
              "'t': param_encodings: 'w': field 'max' is missing");
  expectError(list(R"({"name": "x", "bw": 8, "scale": [0], "offset": [0]})"),
              where + "field 'scale': expected a positive number");
  expectError(list(R"({"name": "x", "bw": 8, "scale": [1e38], "offset": [0]})"),
              where + "its range is not finite in f32");
  expectError(recent(R"({"name": "x", "output_dtype": "fixed8", "y_scale": 1})"),
              "'t': encodings: 'x': field 'output_dtype': expected int<bits> or uint<bits>, got 'fixed8'");
  expectError(recent(R"({"name": "x", "y_scale": 1})"),
              "'t': encodings: 'x': field 'output_dtype' is missing");
  expectError(recent(""), "'t' is a table of AIMET without a single range");
  expectError("{\"encodings\": 3}", "'t': encodings: expected an object or a list");
}

//===----------------------------------------------------------------------===//

TEST(ForeignTable, IsNoTable) {
  for (llvm::StringRef text : {"[]", "hello", "hello world", "PK\x03\x04", "1.5", "a,b,c"})
    expectError(text, "'t': is not a calibration table: it is no JSON object, and no table of ONNX Runtime, "
                      "TensorRT, AIMET or tpu-mlir");
  expectError(" \n", "'t': is empty, expected a calibration table");
}

TEST(ForeignTable, HasNoStatistics) {
  auto table = parseTable(tpuTable, "t");
  ASSERT_TRUE(bool(table));
  CalibrationTable other = *table;
  EXPECT_EQ(llvm::toString(mergeTable(*table, "t", other, "u")),
            "'t' is a table of tpu-mlir, which has ranges and no statistics; make one with narrow-calibrate");
  EXPECT_EQ(llvm::toString(checkResume(*table, "t", other, {})),
            "'t' cannot be resumed: it is a table of tpu-mlir; remove it to start anew");
}
