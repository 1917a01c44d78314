# cmake -DOUTPUT=x.cpp -DNAMESPACE=a::b "-DTEXTS=symbol=file,..." -P EmbedText.cmake
# Writes a source file that holds texts: `extern const char symbol[]`, ended by 0.
set(source "// Written by EmbedText.cmake.\n#include <cstddef>\nnamespace ${NAMESPACE} {\n")
string(REPLACE "," ";" TEXTS "${TEXTS}")
foreach(text ${TEXTS})
  string(REGEX MATCH "^([^=]+)=(.*)$" matched "${text}")
  set(symbol "${CMAKE_MATCH_1}")
  file(READ "${CMAKE_MATCH_2}" bytes HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
  string(APPEND source "extern const char ${symbol}[];\nconst char ${symbol}[] = {\n${bytes}0};\n")
endforeach()
file(WRITE "${OUTPUT}" "${source}} // namespace ${NAMESPACE}\n")
