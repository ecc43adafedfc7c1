// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//
// Diagnostic codes of the mesh; all are listed in docs/diagnostics.md.
#ifndef FTS_CORE_MESH_CODES_H_
#define FTS_CORE_MESH_CODES_H_

namespace fts::codes {

inline constexpr char kMeshAmbiguous[] = "mesh_ambiguous";
inline constexpr char kMeshSize[] = "mesh_size";

}  // namespace fts::codes

#endif  // FTS_CORE_MESH_CODES_H_
