# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
"""A repository of cc_library targets over libraries the machine has."""

def _flags(ctx, label, package, modules, what):
    result = ctx.execute(["pkg-config", what] + modules)
    if result.return_code != 0:
        fail(("@%s//:%s: pkg-config does not know %s; install it with " +
              "`tools/setup` or `apt-get install %s`.\n%s") %
             (ctx.name, label, " ".join(modules), package, result.stderr))
    return [f for f in result.stdout.replace("\n", " ").split(" ") if f]

def _unique(values):
    seen = {}
    for value in values:
        seen[value] = True
    return seen.keys()

def _library(ctx, label, package, modules):
    defines, linkopts, includes = [], [], []
    for flag in _flags(ctx, label, package, modules, "--cflags"):
        if flag.startswith("-D"):
            defines.append(flag[2:])
        elif flag == "-pthread":
            linkopts.append(flag)
        elif flag.startswith("-I"):
            # Not one of the compiler's own folders: link it in here.
            folder = "include_%s_%d" % (label, len(includes))
            ctx.symlink(flag[2:], folder)
            includes.append(folder)
    linkopts += _flags(ctx, label, package, modules, "--libs")
    return """
cc_library(
    name = "{name}",
    hdrs = glob([{globs}]),
    defines = {defines},
    includes = {includes},
    linkopts = {linkopts},
)
""".format(
        name = label,
        globs = ", ".join(['"%s/**"' % folder for folder in includes]),
        defines = _unique(defines),
        includes = includes,
        linkopts = _unique(linkopts),
    )

def _pkg_config_repository_impl(ctx):
    if not ctx.which("pkg-config"):
        fail("pkg-config is missing; install it with `tools/setup` or " +
             "`apt-get install pkg-config`.")
    build = ['package(default_visibility = ["//visibility:public"])\n']
    for label, (package, modules) in {
        k: (v[0], v[1:])
        for k, v in ctx.attr.libraries.items()
    }.items():
        build.append(_library(ctx, label, package, modules))
    for label, values in ctx.attr.header_only.items():
        package, header, rest = values[0], values[1], values[2:]
        if not ctx.path("/usr/include/" + header).exists:
            fail(("@%s//:%s: /usr/include/%s is missing; install it with " +
                  "`tools/setup` or `apt-get install %s`.") %
                 (ctx.name, label, header, package))
        build.append('\ncc_library(name = "%s", defines = %s)\n' % (label, rest))
    ctx.file("BUILD.bazel", "".join(build))

pkg_config_repository = repository_rule(
    implementation = _pkg_config_repository_impl,
    attrs = {
        # Label -> Debian package, one header under /usr/include, macros.
        "header_only": attr.string_list_dict(),
        # Label -> Debian package, then pkg-config modules.
        "libraries": attr.string_list_dict(),
    },
    configure = True,
    environ = ["PKG_CONFIG_PATH"],
    local = True,
)
