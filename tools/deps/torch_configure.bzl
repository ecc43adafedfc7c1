# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""LibTorch from the torch folder of a Python installation.

Found through FTS_TORCH_ROOT (the folder that holds include/ and lib/), else
through the interpreter FTS_PYTHON, the active virtual environment, or python3
in PATH. Nothing is imported: version.py is read as text.

Emits :torch (CPU half), :torch_cuda (adds the CUDA and NCCL half; the same as
:torch where there is none or under --define=fts_cuda=off), :torch_python (for
extension modules, with torch's own pybind11) and info.bzl.
"""

_MIN, _MAX = [2, 11], [2, 14]

# The wheel also ships fmt, pybind11, protobuf and more, which would shadow the
# system's: only these are linked in.
_HEADER_FOLDERS = ["ATen", "c10", "torch", "caffe2"]

_BUILD = """
package(default_visibility = ["//visibility:public"])

config_setting(
    name = "cuda_off",
    values = {{"define": "fts_cuda=off"}},
)

cc_library(
    name = "torch",
    hdrs = glob([
        "include/**/*.h",
        "include/**/*.hpp",
        "include/**/*.inc",
        "include/**/*.cuh",
    ]),
    # One header per operator: half the compile time of the single header.
    defines = ["AT_PER_OPERATOR_HEADERS"],
    includes = [
        "include",
        "include/torch/csrc/api/include",
    ],
    linkopts = [
        "-L{lib}",
        "-Wl,-rpath,{lib}",
        # Operators register themselves: keep the libraries though no symbol
        # may be asked for, and leave their own dependencies to the loader.
        "-Wl,--no-as-needed",
        "-ltorch_cpu",
        "-lc10",
        "-Wl,--as-needed",
        "-Wl,--unresolved-symbols=ignore-in-shared-libs",
        "-lpthread",
        "-ldl",
    ],
)

cc_library(
    name = "torch_python",
    hdrs = glob(["pybind/**/*.h"]),
    includes = ["pybind"],
    # Symbols come from the interpreter and from torch, imported before.
    linkopts = ["-ltorch_python"],
    deps = [
        ":torch",
        "@python//:headers",
    ],
)

cc_library(
    name = "torch_cuda",
    deps = select({{
        ":cuda_off": [":torch"],
        "//conditions:default": [":{cuda}"],
    }}),
)
"""

_CUDA_BUILD = """
cc_library(
    name = "torch_with_cuda",
    hdrs = glob([
        "cuda/**",
        "nccl/**",
    ]),
    defines = {defines},
    includes = {includes},
    linkopts = [
        "-L{lib}",
        "-Wl,--no-as-needed",
        "-ltorch_cuda",
        "-lc10_cuda",
        "-ltorch",
        "-Wl,--as-needed",
    ],
    deps = [":torch"],
)
"""

_INFO = """
VERSION = "{version}"
CXX11ABI = {abi}
HAS_CUDA = {has_cuda}
HAS_NCCL = {has_nccl}
HAS_GLOO = {has_gloo}
CUDA_VERSION = "{cuda_version}"
TORCH_LIB = "{lib}"
"""

def _root_from_interpreter(ctx):
    python = ctx.os.environ.get("FTS_PYTHON", "")
    if not python and ctx.os.environ.get("VIRTUAL_ENV", ""):
        python = ctx.os.environ["VIRTUAL_ENV"] + "/bin/python"
    python = python or str(ctx.which("python3") or "")
    if not python:
        return None
    result = ctx.execute([
        python,
        "-c",
        "import importlib.util as u; s = u.find_spec('torch'); " +
        "print(s.submodule_search_locations[0] if s else '')",
    ])
    return result.stdout.strip() if result.return_code == 0 else None

def _find_root(ctx):
    root = ctx.os.environ.get("FTS_TORCH_ROOT", "") or _root_from_interpreter(ctx)

    # Debian's python3-torch has no lib/, so the library is what counts.
    if not root or not ctx.path(root + "/lib/libtorch_cpu.so").exists:
        fail(("no LibTorch: %s has no lib/libtorch_cpu.so; run `tools/setup`, " +
              "or set FTS_TORCH_ROOT to the torch folder of an installed " +
              "torch 2.11 to 2.14.") % (root or "FTS_TORCH_ROOT is not set and python3"))
    return root

def _quoted(text, key):
    # The value of `key = '...'` (a type may stand before the =), or "".
    for line in text.split("\n"):
        if line.startswith(key) and "=" in line:
            value = line.split("=", 1)[1].strip()
            if value.startswith("'") or value.startswith('"'):
                return value[1:-1]
    return ""

def _torch_configure_impl(ctx):
    root = _find_root(ctx)
    version_py = ctx.read(root + "/version.py")
    version = _quoted(version_py, "__version__")
    cuda_version = _quoted(version_py, "cuda")
    numbers = [int(n) for n in version.split("+")[0].split(".")[:2]]
    if numbers < _MIN or numbers > _MAX:
        fail("torch %s in %s can't be used: 2.11 to 2.14 are supported." %
             (version, root))

    for folder in _HEADER_FOLDERS:
        ctx.symlink("%s/include/%s" % (root, folder), "include/" + folder)

    # Beside the system's, whose types an extension could not share with torch.
    ctx.symlink(root + "/include/pybind11", "pybind/pybind11")

    lib = root + "/lib"
    site = str(ctx.path(root).dirname)
    has_cuda = bool(cuda_version) and ctx.path(lib + "/libtorch_cuda.so").exists
    cuda_include = "%s/nvidia/cu%s/include" % (site, cuda_version.split(".")[0])
    nccl_include = site + "/nvidia/nccl/include"
    has_cuda = has_cuda and ctx.path(cuda_include + "/cuda_runtime_api.h").exists
    has_nccl = has_cuda and ctx.path(nccl_include + "/nccl.h").exists
    for header in ["/crt/host_config.h", "/nv/target"]:
        # From nvidia-cuda-crt and nvidia-cuda-cccl, which the wheel leaves out.
        has_nccl = has_nccl and ctx.path(cuda_include + header).exists

    # Wheels since 2.7 use the C++11 ABI, which is also GCC's default.
    build = _BUILD.format(
        cuda = "torch_with_cuda" if has_cuda else "torch",
        lib = lib,
    )
    if has_cuda:
        ctx.symlink(cuda_include, "cuda/include")
        if has_nccl:
            ctx.symlink(nccl_include, "nccl/include")
        build += _CUDA_BUILD.format(
            defines = ["USE_CUDA"] + (["USE_C10D_NCCL"] if has_nccl else []),
            includes = ["cuda/include"] + (["nccl/include"] if has_nccl else []),
            lib = lib,
        )
    ctx.file("BUILD.bazel", build)
    ctx.file("info.bzl", _INFO.format(
        abi = 1,
        cuda_version = cuda_version,
        has_cuda = has_cuda,
        has_gloo = ctx.path(
            root + "/include/torch/csrc/distributed/c10d/ProcessGroupGloo.hpp",
        ).exists,
        has_nccl = has_nccl,
        lib = lib,
        version = version,
    ))

torch_configure = repository_rule(
    implementation = _torch_configure_impl,
    configure = True,
    environ = [
        "FTS_PYTHON",
        "FTS_TORCH_ROOT",
        "VIRTUAL_ENV",
    ],
    local = True,
)
