// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#include "fts/core/match/model_description.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>
#include <string>

namespace fts {
namespace {

constexpr char kGood[] = R"({"format":"fts-model/1",
"modules":[
{"name":"","class":"Toy","container":false},
{"name":"layers","class":"ModuleList","container":true},
{"name":"layers.0","class":"Linear","container":false}],
"parameters":[
{"name":"layers.0.weight","shape":[4,3],"dtype":"float32","shared_with":null},
{"name":"layers.0.bias","shape":[],"dtype":"bfloat16","shared_with":null},
{"name":"tied","shape":[4,3],"dtype":"float32","shared_with":"layers.0.weight"}
]}
)";

// The diagnostics of a text named m.json, as a user reads them.
std::string Problems(const std::string& text) {
  Diagnostics diags;
  const auto model = ParseModelDescription(text, "m.json", &diags);
  EXPECT_EQ(model.ok(), diags.ok());
  return diags.ToString();
}

std::string WithParameters(const std::string& parameters) {
  return "{\"format\":\"fts-model/1\",\"modules\":[],\"parameters\":[\n" +
         parameters + "]}";
}

std::string WithModules(const std::string& modules) {
  return "{\"format\":\"fts-model/1\",\"parameters\":[],\"modules\":[\n" +
         modules + "]}";
}

TEST(ModelDescription, ReadsModulesAndParameters) {
  Diagnostics diags;
  const auto model = ParseModelDescription(kGood, "m.json", &diags);
  ASSERT_TRUE(model.ok()) << diags.ToString();
  EXPECT_EQ(diags.ToString(), "");
  ASSERT_EQ(model->modules.size(), 3u);
  EXPECT_EQ(model->modules[0].name, "");
  EXPECT_EQ(model->modules[1].class_name, "ModuleList");
  EXPECT_TRUE(model->modules[1].container);
  ASSERT_EQ(model->parameters.size(), 3u);
  EXPECT_EQ(model->parameters[0].numel(), 12);
  EXPECT_EQ(model->parameters[1].numel(), 1);
  EXPECT_EQ(model->parameters[1].dtype, "bfloat16");
  EXPECT_EQ(model->parameters[2].shared_with, "layers.0.weight");
  EXPECT_EQ(model->CanonicalNames(),
            (std::vector<std::string>{"layers.0.weight", "layers.0.bias"}));
}

TEST(ModelDescription, WriterRoundTrips) {
  Diagnostics diags;
  const auto model = ParseModelDescription(kGood, "m.json", &diags);
  ASSERT_TRUE(model.ok());
  const std::string text = ModelDescriptionToJson(*model);
  EXPECT_EQ(text, R"({"format":"fts-model/1",
"modules":[
{"name":"","class":"Toy","container":false},
{"name":"layers","class":"ModuleList","container":true},
{"name":"layers.0","class":"Linear","container":false}],
"parameters":[
{"name":"layers.0.weight","shape":[4,3],"dtype":"float32","shared_with":null},
{"name":"layers.0.bias","shape":[],"dtype":"bfloat16","shared_with":null},
{"name":"tied","shape":[4,3],"dtype":"float32","shared_with":"layers.0.weight"}]}
)");
  const auto again = ParseModelDescription(text, "m.json", &diags);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(ModelDescriptionToJson(*again), text);
}

TEST(ModelDescription, KeepsHeads) {
  Diagnostics diags;
  const std::string line =
      "{\"name\":\"wk\",\"class\":\"Linear\",\"container\":false,"
      "\"heads\":2}";
  const auto model = ParseModelDescription(WithModules(line), "m.json", &diags);
  ASSERT_TRUE(model.ok()) << diags.ToString();
  EXPECT_EQ(diags.ToString(), "");
  EXPECT_EQ(model->modules[0].heads, 2);
  EXPECT_NE(ModelDescriptionToJson(*model).find(line), std::string::npos);
}

TEST(ModelDescription, ReadsFiles) {
  const std::string path = testing::TempDir() + "/model.json";
  std::ofstream(path) << kGood;
  Diagnostics diags;
  EXPECT_TRUE(ReadModelDescription(path, &diags).ok());
  const auto missing = ReadModelDescription("no/such.json", &diags);
  EXPECT_FALSE(missing.ok());
  EXPECT_EQ(diags.ToString(),
            "error: cannot open the model description no/such.json; check the "
            "path [missing_file]\n");
  EXPECT_FALSE(ReadModelDescription(testing::TempDir(), &diags).ok());
}

struct Golden {
  const char* name;
  std::string text;
  const char* want;
};

TEST(ModelDescription, GoldenMessages) {
  const Golden cases[] = {
      {"empty", "",
       "m.json:1:1: error: not valid JSON: syntax error while parsing value - "
       "unexpected end of input; expected '[', '{', or a literal [bad_json]\n"},
      {"cut", "{\"format\": \"fts-m",
       "m.json:1:18: error: not valid JSON: syntax error while parsing value - "
       "invalid string: missing closing quote; last read: '\"fts-m' "
       "[bad_json]\n"},
      {"list", " []",
       "m.json:1:2: error: a model description must be a mapping with format, "
       "modules and parameters, got a list [bad_type]\n"},
      {"nothing", "{}",
       "m.json:1:1: error: the model description lacks \"format\"; add "
       "\"format\": \"fts-model/1\" [missing_key]\n"
       "m.json:1:1: warning: the model description lacks \"modules\": no plan "
       "entry can match a module; list them in pre-order [missing_key]\n"
       "m.json:1:1: error: the model description lacks \"parameters\"; list "
       "them in registration order [missing_key]\n"},
      {"format",
       "{\"format\":\n \"fts-model/2\",\"modules\":[],\"parameters\":[]}",
       "m.json:2:2: error: \"format\" must be \"fts-model/1\", got "
       "\"fts-model/2\" [bad_value]\n"},
      {"repeated key", "{\"format\":1,\n\"format\":2}",
       "m.json:2:1: error: the key \"format\" appears twice in one mapping; "
       "remove one [duplicate_name]\n"},
      {"unknown key",
       "{\"format\":\"fts-model/1\",\"modules\":[],\"parameter\":7,"
       "\"parameters\":[]}",
       "m.json:1:50: warning: the model description: unknown key \"parameter\" "
       "is ignored; did you mean 'parameters'? [unknown_key]\n"},
      {"lists",
       "{\"format\":\"fts-model/1\",\"modules\":{},\"parameters\":null}",
       "m.json:1:35: error: \"modules\" must be a list, got a mapping "
       "[bad_type]\n"
       "m.json:1:51: error: \"parameters\" must be a list, got null "
       "[bad_type]\n"},
      {"parameter kinds", WithParameters("3,\n{\"name\":5,\"shape\":\"x\"}"),
       "m.json:2:1: error: parameters[0] must be a mapping with name, shape, "
       "dtype and shared_with, got an integer [bad_type]\n"
       "m.json:3:9: error: parameters[1]: \"name\" must be a string, got an "
       "integer [bad_type]\n"
       "m.json:3:19: error: parameters[1]: \"shape\" must be a list of "
       "integers, got a string [bad_type]\n"
       "m.json:3:1: error: parameters[1] lacks \"dtype\" [missing_key]\n"},
      {"dims",
       WithParameters(
           "{\"name\":\"a\",\"shape\":[2,-1],\"dtype\":\"float32\"},\n"
           "{\"name\":\"b\",\"shape\":[2,1.5],\"dtype\":\"float32\"},\n"
           "{\"name\":\"c\",\"shape\":[99999999999999999999],"
           "\"dtype\":\"float32\"},\n"
           "{\"name\":\"d\",\"shape\":[4294967296,4294967296],"
           "\"dtype\":\"float32\"},\n"
           "{\"name\":\"e\",\"shape\":[4294967296,4294967296,0],"
           "\"dtype\":\"float32\"}"),
       "m.json:2:24: error: parameters[0] (\"a\"): dim -1 is negative "
       "[out_of_range]\n"
       "m.json:3:24: error: parameters[1] (\"b\"): a dim must be an integer, "
       "got a number [bad_type]\n"
       "m.json:4:22: error: parameters[2] (\"c\"): a dim must be an integer, "
       "got a number [bad_type]\n"
       "m.json:5:21: error: parameters[3] (\"d\"): the shape has more elements "
       "than can be counted [out_of_range]\n"},
      {"dtype",
       WithParameters("{\"name\":\"a\",\"shape\":[],\n"
                      "\"dtype\":\"torch.bfloat16\"}"),
       "m.json:3:9: error: parameters[0] (\"a\"): unknown dtype "
       "\"torch.bfloat16\"; write float32, bfloat16 or float16; did you mean "
       "'bfloat16'? [bad_value]\n"},
      {"names",
       WithParameters("{\"name\":\"a\",\"shape\":[],\"dtype\":\"float32\"},\n"
                      "{\"name\":\"a\",\"shape\":[],\"dtype\":\"float32\"},\n"
                      "{\"name\":\"\",\"shape\":[],\"dtype\":\"float32\"}"),
       "m.json:3:1: error: parameters[1] (\"a\") is listed twice; first at "
       "m.json:2:1 [duplicate_name]\n"
       "m.json:4:1: error: parameters[2] (\"\"): the name is empty "
       "[bad_value]\n"},
      {"shared",
       WithParameters("{\"name\":\"a\",\"shape\":[2],\"dtype\":\"float32\","
                      "\"shared_with\":\"b\"},\n"
                      "{\"name\":\"b\",\"shape\":[2],\"dtype\":\"float32\"},\n"
                      "{\"name\":\"c\",\"shape\":[2],\"dtype\":\"float32\","
                      "\"shared_with\":\"b\"},\n"
                      "{\"name\":\"d\",\"shape\":[2],\"dtype\":\"float32\","
                      "\"shared_with\":\"c\"},\n"
                      "{\"name\":\"e\",\"shape\":[3],\"dtype\":\"float32\","
                      "\"shared_with\":\"b\"},\n"
                      "{\"name\":\"f\",\"shape\":[2],\"dtype\":\"float32\","
                      "\"shared_with\":\"f\"},\n"
                      "{\"name\":\"g\",\"shape\":[2],\"dtype\":\"float32\","
                      "\"shared_with\":7}"),
       "m.json:2:57: error: parameters[0] (\"a\"): \"shared_with\" names "
       "\"b\", which is no parameter listed before it; the first registered "
       "name is the canonical one [bad_shared_with]\n"
       "m.json:5:57: error: parameters[3] (\"d\"): \"shared_with\" names "
       "\"c\", itself an alias; write \"b\" [bad_shared_with]\n"
       "m.json:6:57: error: parameters[4] (\"e\"): differs in shape or dtype "
       "from \"b\", with which it is shared [bad_shared_with]\n"
       "m.json:7:57: error: parameters[5] (\"f\"): \"shared_with\" names "
       "\"f\", which is no parameter listed before it; the first registered "
       "name is the canonical one [bad_shared_with]\n"
       "m.json:8:57: error: parameters[6] (\"g\"): \"shared_with\" must be a "
       "parameter's name or null, got an integer [bad_type]\n"},
      {"modules",
       WithModules("{\"name\":\"\",\"class\":\"A\",\"container\":1},\n"
                   "{\"name\":\"x.y\",\"class\":\"A\"},\n"
                   "{\"name\":\"x\",\"class\":\"A\"},\n"
                   "{\"name\":\"x\"}"),
       "m.json:2:36: error: modules[0] (\"\"): \"container\" must be true or "
       "false, got an integer [bad_type]\n"
       "m.json:4:1: error: modules[2] (\"x\") comes after its child \"x.y\"; "
       "list modules in pre-order, parents first [bad_model]\n"
       "m.json:5:1: error: modules[3] (\"x\") is listed twice; first at "
       "m.json:4:1 [duplicate_name]\n"
       "m.json:5:1: error: modules[3] (\"x\") lacks \"class\" "
       "[missing_key]\n"},
      {"heads",
       WithModules("{\"name\":\"\",\"class\":\"A\",\"heads\":true},\n"
                   "{\"name\":\"x\",\"class\":\"A\",\"heads\":-4}"),
       "m.json:2:32: error: modules[0] (\"\"): \"heads\" must be an integer, "
       "got a boolean [bad_type]\n"
       "m.json:3:33: error: modules[1] (\"x\"): \"heads\" is -4; it must be "
       "the number of heads, or 0 for none [out_of_range]\n"},
      {"deep", std::string(40, '['),
       "m.json:1:33: error: JSON nested more than 32 deep [out_of_range]\n"},
  };
  for (const Golden& c : cases) EXPECT_EQ(Problems(c.text), c.want) << c.name;
}

TEST(ModelDescription, PlacesSurviveEscapesAndNumbers) {
  const std::string text = WithModules(
      "{\"name\":\"a\\\\\\\"\",\"class\":\"\\\\\",\"container\":\"\\\"x\"}");
  EXPECT_EQ(Problems(text),
            "m.json:2:42: error: modules[0] (\"a\\\"\"): \"container\" must be "
            "true or false, got a string [bad_type]\n");
}

TEST(ModelDescription, ReadsTheLlamaOfTheTutorial) {
  Diagnostics diags;
  const auto model = ReadModelDescription(
      "fts/core/schedule/testdata/llama_4_layers.json", &diags);
  ASSERT_TRUE(model.ok()) << diags.ToString();
  ASSERT_EQ(model->parameters.size(), 39u);
  int64_t total = 0;
  for (const auto& parameter : model->parameters) total += parameter.numel();
  EXPECT_EQ(total, 46404096);
}

// Damaged descriptions give a value or errors with places; never a crash.
TEST(ModelDescription, SurvivesMutations) {
  std::mt19937 rng(20261124);
  const std::string pool = "{}[]\",:-0123456789.eEtrufalsn\\\n \xff\x00";
  int rejected = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string text = kGood;
    const int edits = 1 + rng() % 4;
    for (int e = 0; e < edits && !text.empty(); ++e) {
      const size_t at = rng() % text.size();
      switch (rng() % 4) {
        case 0:
          text[at] = pool[rng() % pool.size()];
          break;
        case 1:
          text.insert(at, 1, pool[rng() % pool.size()]);
          break;
        case 2:
          text.erase(at, 1 + rng() % 8);
          break;
        default:
          text.insert(at, text.substr(rng() % text.size(), rng() % 40));
      }
    }
    Diagnostics diags;
    const auto model = ParseModelDescription(text, "m.json", &diags);
    ASSERT_EQ(model.ok(), diags.ok()) << text;
    if (!model.ok()) ++rejected;
  }
  EXPECT_GT(rejected, 10000);
}

}  // namespace
}  // namespace fts
