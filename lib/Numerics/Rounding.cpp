//===- Rounding.cpp - Rounding and saturation -----------------------------===//
#include "narrow/Numerics/Rounding.h"
#include <cmath>

double narrow::numerics::round(double x, Rounding mode) {
  switch (mode) {
  case Rounding::HalfEven:
    return std::nearbyint(x); // Relies on the default rounding mode, which is never changed.
  case Rounding::HalfAway:
    return std::round(x);
  case Rounding::HalfUp: {
    // floor(x + 0.5) is wrong for the float just below one half.
    double floor = std::floor(x);
    return x - floor >= 0.5 ? floor + 1 : floor;
  }
  case Rounding::TowardZero:
    return std::trunc(x);
  }
  return x;
}
