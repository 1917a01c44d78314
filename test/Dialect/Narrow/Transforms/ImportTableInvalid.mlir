// RUN: not narrow-opt %s --narrow-import-table 2>&1 | FileCheck %s --check-prefix=NO-TABLE
// RUN: not narrow-opt %s --narrow-import-table=table=%t.missing 2>&1 | FileCheck %s --check-prefix=NO-FILE
// RUN: not narrow-opt %s --narrow-import-table="table=%S/Inputs/ImportTable.json percentile=101" 2>&1 | FileCheck %s --check-prefix=PERCENTILE
// RUN: not narrow-opt %s --narrow-import-table=table=%S/Inputs/ImportTable.json 2>&1 | FileCheck %s --check-prefix=MODEL
// RUN: sed 's/narrow.model_hash/test.other/' %s | not narrow-opt --narrow-import-table=table=%S/Inputs/ImportTable.json 2>&1 | FileCheck %s --check-prefix=IDS
// RUN: sed 's/narrow.model_hash/test.other/; s/"gelu"/"relu"/' %s | not narrow-opt --narrow-import-table=table=%S/Inputs/ImportTable.json 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: sed 's/"gelu"/"x"/' %s | not narrow-opt --narrow-import-table=table=%S/Inputs/ImportTable.json 2>&1 | FileCheck %s --check-prefix=DUPLICATE

// NO-TABLE: error: narrow-import-table needs the option table=<file>
// NO-FILE: error: {{.*}}.missing
// PERCENTILE: error: percentile must be above 50 and at most 100, got 101
// MODEL: error: '{{.*}}ImportTable.json' is the table of another model
// IDS: error: '{{.*}}ImportTable.json' has no tensor 'gelu'; it has 'relu', 'sigmoid', which the model does not
// UNKNOWN: error: '{{.*}}ImportTable.json' has the tensor 'sigmoid', which the model does not have
// DUPLICATE: error: two observers have the id 'x'
module attributes {narrow.model_hash = "feedfacefeedface"} {
  func.func @main(%x: tensor<1x4x4x2xf32> {narrow.name = "x"}) -> tensor<1x4x4x2xf32> {
    %0 = narrow.observe %x "x" : tensor<1x4x4x2xf32>
    %1 = narrow.activation gelu %0 : tensor<1x4x4x2xf32>
    %2 = narrow.observe %1 "gelu" : tensor<1x4x4x2xf32>
    return %2 : tensor<1x4x4x2xf32>
  }
}
