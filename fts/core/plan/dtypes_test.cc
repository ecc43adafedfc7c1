// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/plan/dtypes.h"

#include <gtest/gtest.h>

#include <string>

#include "fts/core/plan/test_models.h"
#include "fts/core/plan/unit_options.h"

namespace fts {
namespace {

// "param reduce master" of a unit with this mp_policy ("" for none).
std::string Dtypes(const std::string& policy, const DtypeNames& run,
                   const std::string& stored = "float32") {
  Diagnostics diags;
  const auto yaml = ParseYaml(
      policy.empty() ? "{}" : "{mp_policy: " + policy + "}", "p.yaml", &diags);
  EXPECT_TRUE(yaml.ok()) << yaml.status();
  const UnitOptions unit = ReadOptions(CheckOptions(*yaml, "entry", &diags));
  EXPECT_EQ(diags.ToString(), "");
  const DtypeNames out = ResolveDtypes(unit, run, stored);
  return out.param + " " + out.reduce + " " + out.master;
}

const DtypeNames k32True = {"float32", "float32", "float32"};
const DtypeNames kBf16Mixed = {"bfloat16", "float32", "float32"};
const DtypeNames kBf16True = {"bfloat16", "bfloat16", "bfloat16"};

TEST(ResolveDtypes, WithoutAPolicyThePrecisionHolds) {
  EXPECT_EQ(Dtypes("", kBf16True), "bfloat16 bfloat16 bfloat16");
  EXPECT_EQ(Dtypes("{}", kBf16True), "bfloat16 bfloat16 bfloat16");
  EXPECT_EQ(Dtypes("null", kBf16Mixed), "bfloat16 float32 float32");
}

TEST(ResolveDtypes, WhatIsWrittenWins) {
  EXPECT_EQ(Dtypes("{param_dtype: bfloat16}", k32True),
            "bfloat16 float32 float32");
  EXPECT_EQ(Dtypes("{param_dtype: bfloat16, reduce_dtype: bfloat16}", k32True),
            "bfloat16 bfloat16 float32");
  EXPECT_EQ(Dtypes("{reduce_dtype: bfloat16}", kBf16Mixed),
            "bfloat16 bfloat16 float32");
  EXPECT_EQ(Dtypes("{param_dtype: torch.float16}", k32True),
            "float16 float32 float32");
}

// The rest is never narrower than what the unit computes in.
TEST(ResolveDtypes, AUnitOfItsOwnDtypeHasAtLeastFloat32Masters) {
  EXPECT_EQ(Dtypes("{param_dtype: float32}", kBf16True),
            "float32 float32 float32");
  EXPECT_EQ(Dtypes("{param_dtype: float16}", kBf16True),
            "float16 float32 float32");
  EXPECT_EQ(Dtypes("{param_dtype: float64}", k32True),
            "float64 float64 float64");
  EXPECT_EQ(Dtypes("{param_dtype: bfloat16, reduce_dtype: float64}", kBf16True),
            "bfloat16 float64 bfloat16");
}

TEST(ResolveDtypes, NullIsNoCast) {
  EXPECT_EQ(Dtypes("{param_dtype: null}", k32True, "bfloat16"),
            "bfloat16 float32 float32");
  EXPECT_EQ(
      Dtypes("{param_dtype: null, reduce_dtype: null}", k32True, "bfloat16"),
      "bfloat16 bfloat16 float32");
  EXPECT_EQ(Dtypes("{param_dtype: null, reduce_dtype: null}", kBf16Mixed),
            "float32 float32 float32");
  EXPECT_EQ(Dtypes("{reduce_dtype: null}", kBf16Mixed),
            "bfloat16 bfloat16 float32");
}

}  // namespace
}  // namespace fts
