// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Reads the keys of one mapping with type and range checks, and reports the
// keys that nobody asked for.
//
//   MappingReader r(node, "trainer", diags);
//   r.Int("accumulate", &accumulate, 1);
//   r.Done();   // unknown keys become errors
//
// A value that is absent leaves its target alone; so does a bad one, after an
// error. Threads: confined to one thread.
#ifndef FTS_CORE_CONFIG_MAPPING_READER_H_
#define FTS_CORE_CONFIG_MAPPING_READER_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "fts/core/base/diagnostics.h"
#include "fts/core/config/yaml.h"

namespace fts {

class MappingReader {
 public:
  // `name` is the dotted path of `node` for messages, "" for the root. Anything
  // but a mapping or null is an error (once), and then reads as empty.
  MappingReader(const YamlNode& node, std::string name, Diagnostics* diags);

  // The value under `key`, null included, or nullptr; the key counts as known.
  const YamlNode* Take(const std::string& key);
  bool Has(const std::string& key) const;

  // Each returns true when a good value was read. Null is an error here …
  bool Bool(const std::string& key, bool* out);
  bool Int(const std::string& key, int64_t* out,
           int64_t min = std::numeric_limits<int64_t>::min());
  // Numeric strings count: YAML 1.1 reads 1e-06 as one.
  bool Double(const std::string& key, double* out, double min, bool open_min);
  bool String(const std::string& key, std::string* out);
  bool StringList(const std::string& key, std::vector<std::string>* out);
  // One of `choices`; *out is its index.
  bool Choice(const std::string& key, const std::vector<std::string>& choices,
              size_t* out);
  // … and means "none" here.
  bool OptionalInt(const std::string& key, std::optional<int64_t>* out,
                   int64_t min);
  bool OptionalDouble(const std::string& key, std::optional<double>* out,
                      double min, bool open_min);

  // Reports `key`, when present (and not null, if `null_is_off`), as left to a
  // later version. `what` follows the key's name in the message.
  void NotAvailable(const std::string& key, const std::string& what,
                    bool null_is_off);

  // Reports unknown keys.
  void Done();

  // "trainer.max_epochs".
  std::string Name(const std::string& key) const;
  // The value's place, else the key's, else the mapping's.
  SourceLocation Where(const std::string& key) const;
  void BadType(const std::string& key, const YamlNode& seen,
               const std::string& wanted);

 private:
  YamlNode node_;
  std::string name_;
  Diagnostics* diags_;
  std::vector<std::string> known_;
};

}  // namespace fts

#endif  // FTS_CORE_CONFIG_MAPPING_READER_H_
