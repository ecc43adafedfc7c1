// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Structs, constants and _INIT values against the C headers: a C program
//! prints its own, and each line must equal ours. Functions are compared by
//! //bindings/rust:declarations_test.

use std::collections::BTreeSet;
use std::mem::{offset_of, size_of};
use std::path::{Path, PathBuf};
use std::process::Command;

use fts_sys::*;

/// The folder that holds fts/capi.
fn headers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

/// What a C program with this body prints, by line.
fn c_prints(body: &str) -> BTreeSet<String> {
    let dir = std::env::temp_dir().join(format!("fts-sys-layout-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let (source, program) = (dir.join("layout.c"), dir.join("layout"));
    let mut text = String::from("#include <stdio.h>\n");
    for header in std::fs::read_dir(headers().join("fts/capi")).unwrap() {
        let name = header.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".h") {
            text += &format!("#include \"fts/capi/{name}\"\n");
        }
    }
    text += "static void bytes(const char* name, const void* at, size_t size) {\n\
        printf(\"%s\", name);\n\
        for (size_t i = 0; i < size; ++i) printf(\" %d\", ((const unsigned char*)at)[i]);\n\
        printf(\"\\n\");\n}\n";
    text += &format!("int main(void) {{\n{body}return 0;\n}}\n");
    std::fs::write(&source, text).unwrap();
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let done = Command::new(compiler)
        .arg("-std=c11")
        .arg("-I")
        .arg(headers())
        .arg("-o")
        .args([&program, &source])
        .output()
        .expect("a C compiler, named by CC or called cc");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let out = Command::new(&program).output().unwrap();
    assert!(out.status.success());
    std::fs::remove_dir_all(&dir).unwrap();
    String::from_utf8(out.stdout).unwrap().lines().map(String::from).collect()
}

#[derive(Default)]
struct Comparison {
    body: String,
    ours: BTreeSet<String>,
}

/// Size of a struct and place and size of each of its fields. `r#` is dropped
/// for C.
macro_rules! layout {
    ($c:expr, $($name:ident { $($field:ident),* })*) => {$(
        $c.body += &format!(
            "printf(\"{0} %zu\\n\", sizeof({0}));\n", stringify!($name));
        $c.ours.insert(format!("{} {}", stringify!($name), size_of::<$name>()));
        $(
            let field = stringify!($field).trim_start_matches("r#");
            $c.body += &format!(
                "printf(\"{0}.{1} %zu %zu\\n\", offsetof({0}, {1}), sizeof((({0}*)0)->{1}));\n",
                stringify!($name), field);
            $c.ours.insert(format!(
                "{}.{} {} {}", stringify!($name), field, offset_of!($name, $field),
                size_of_field(|s: &$name| &raw const s.$field)));
        )*
        // Fails to compile when a field is not listed here.
        #[allow(unused_variables)]
        let complete = |s: $name| { let $name { $($field),* } = s; };
    )*};
}

fn size_of_field<S, F>(_: impl Fn(&S) -> *const F) -> usize {
    size_of::<F>()
}

macro_rules! constants {
    ($c:expr, $($name:ident)*) => {$(
        $c.body += &format!("printf(\"{0} %lld\\n\", (long long){0});\n", stringify!($name));
        $c.ours.insert(format!("{} {}", stringify!($name), $name));
    )*};
}

/// The bytes of an _INIT macro. None of these structs has padding.
macro_rules! inits {
    ($c:expr, $($name:ident = $init:ident;)*) => {$(
        $c.body += &format!(
            "{{ {0} v = {1}; bytes(\"{1}\", &v, sizeof v); }}\n",
            stringify!($name), stringify!($init));
        let value = $name::INIT;
        let at = (&raw const value).cast::<u8>();
        // SAFETY: no padding, so every byte is initialized.
        let bytes = unsafe { std::slice::from_raw_parts(at, size_of::<$name>()) };
        let text: String = bytes.iter().map(|b| format!(" {b}")).collect();
        $c.ours.insert(format!("{}{text}", stringify!($init)));
    )*};
}

#[test]
fn structs_constants_and_inits_are_those_of_the_headers() {
    let mut c = Comparison::default();
    layout!(c,
        fts_string { data, size }
        fts_diagnostic { severity, code, message, file, line, column }
        fts_log_entry { struct_size, level, line, code, message, file, column, reserved }
        fts_config_text { yaml, name }
        fts_config_info {
            kind, line, file, text, integer, number, size, has_number, column
        }
        fts_module_info { name, class_name, container }
        fts_parameter_info { name, shape, rank, dtype, shared_with }
        fts_schedule_options {
            struct_size, next, epoch_transitions_only, max_depth, has_base_max_lr,
            r#match, base_max_lr, max_epochs
        }
        fts_phase_info {
            index, has_lr, lr, max_transition_epoch, num_params, num_freeze
        }
        fts_unit_info { module, is_root, reshard, num_elements, num_parameters }
        fts_scheduler_options {
            struct_size, next, epoch_transitions_only, restore_best, has_early_stopping,
            mode, monitor, patience, min_delta, check_finite, has_stopping_threshold,
            stopping_threshold, divergence_threshold, has_divergence_threshold,
            best_mode, best_monitor, max_steps, has_validation, reserved
        }
        fts_phase_args { struct_size, phase, has_lr, lr }
        fts_best_args { struct_size, phase, epoch, metric }
        fts_metric_args { struct_size, name, value }
        fts_scheduler_callbacks {
            struct_size, next, user_data, destroy, thaw, freeze, add_group,
            replace_optimizer, replace_lr_scheduler, save_best, restore_best, metric
        }
        fts_effect {
            kind, phase, has_lr, has_best, lr, best_metric, best_epoch, best_phase,
            cause, text
        }
        fts_dtype { code, bits, lanes }
        fts_device { r#type, id }
        fts_tensor_info {
            data, shape, strides, rank, num_elements, dtype, device, requires_grad,
            reserved
        }
        fts_mesh_options { struct_size, next, timeout_ms, dp_replicate, tp }
        fts_named_tensor { name, tensor }
        fts_session_options { struct_size, next, precision, reduction, optimizer_moments }
        fts_session_unit {
            module, num_modules, input_dtype, output_dtype, act_ckpt, act_ckpt_kwargs
        }
        fts_step_args { struct_size, next, loss, seconds, check_finite, reserved }
        fts_step_info { loss, grad_norm, seconds }
        fts_shard_info { begin, size, trainable, has_gradient }
        fts_session_use {
            bytes_gathered, frozen_bytes_gathered, bytes_reduced, gradient_bytes,
            moment_bytes, peak_bytes
        }
        fts_group_info { name, lr, initial_lr, weight_decay }
        fts_plan_options { struct_size, next, tp, reserved }
        fts_placement { kind, dim }
        fts_tp_info {
            size, loss_parallel, sequence_parallel, reserved, loss_module, num_rules,
            num_parameters
        }
        fts_tp_rule {
            module, class_name, style, use_local_output, whole, num_inputs, num_outputs
        }
        fts_tp_parameter { name, placement, partial_gradient, reserved }
        fts_tp_layout { value, gradient }
        fts_tp_convert_options { struct_size, next, from, to, whole, label }
    );
    constants!(c,
        FTS_API_MAJOR FTS_API_MINOR
        FTS_CODE_OK FTS_CODE_CANCELLED FTS_CODE_UNKNOWN FTS_CODE_INVALID_ARGUMENT
        FTS_CODE_DEADLINE_EXCEEDED FTS_CODE_NOT_FOUND FTS_CODE_ALREADY_EXISTS
        FTS_CODE_PERMISSION_DENIED FTS_CODE_RESOURCE_EXHAUSTED
        FTS_CODE_FAILED_PRECONDITION FTS_CODE_ABORTED FTS_CODE_OUT_OF_RANGE
        FTS_CODE_UNIMPLEMENTED FTS_CODE_INTERNAL FTS_CODE_UNAVAILABLE
        FTS_CODE_DATA_LOSS FTS_CODE_UNAUTHENTICATED
        FTS_SEVERITY_UNSPECIFIED FTS_SEVERITY_WARNING FTS_SEVERITY_ERROR
        FTS_LOG_LEVEL_UNSPECIFIED FTS_LOG_LEVEL_NOTE FTS_LOG_LEVEL_WARNING
        FTS_LOG_LEVEL_ERROR
        FTS_CONFIG_SCOPE_UNSPECIFIED FTS_CONFIG_SCOPE_RUN FTS_CONFIG_SCOPE_PART
        FTS_CONFIG_KIND_UNSPECIFIED FTS_CONFIG_KIND_NULL FTS_CONFIG_KIND_BOOL
        FTS_CONFIG_KIND_INT FTS_CONFIG_KIND_FLOAT FTS_CONFIG_KIND_STRING
        FTS_CONFIG_KIND_LIST FTS_CONFIG_KIND_MAPPING
        FTS_MATCH_UNSPECIFIED FTS_MATCH_PREFIX FTS_MATCH_FULL
        FTS_GENERATE_BY_UNSPECIFIED FTS_GENERATE_BY_PAIRS FTS_GENERATE_BY_BLOCKS
        FTS_GENERATE_BY_DEPTH
        FTS_METRIC_MODE_UNSPECIFIED FTS_METRIC_MODE_MIN FTS_METRIC_MODE_MAX
        FTS_EFFECT_UNSPECIFIED FTS_EFFECT_RESTORE_BEST FTS_EFFECT_FREEZE
        FTS_EFFECT_REPLACE_OPTIMIZER FTS_EFFECT_THAW FTS_EFFECT_ADD_GROUP
        FTS_EFFECT_REPLACE_LR_SCHEDULER FTS_EFFECT_PHASE FTS_EFFECT_SAVE_BEST
        FTS_EFFECT_END_EPOCH FTS_EFFECT_NOTE FTS_EFFECT_FINISH
        FTS_DTYPE_CODE_INT FTS_DTYPE_CODE_UINT FTS_DTYPE_CODE_FLOAT
        FTS_DTYPE_CODE_BFLOAT FTS_DTYPE_CODE_BOOL
        FTS_DEVICE_TYPE_CPU FTS_DEVICE_TYPE_CUDA
        FTS_REDUCE_OP_UNSPECIFIED FTS_REDUCE_OP_SUM FTS_REDUCE_OP_MAX
        FTS_MESH_DIM_UNSPECIFIED FTS_MESH_DIM_ALL FTS_MESH_DIM_DP_SHARD
        FTS_MESH_DIM_DP_REPLICATE FTS_MESH_DIM_TP FTS_MESH_DIM_DP
        FTS_REDUCTION_UNSPECIFIED FTS_REDUCTION_MEAN FTS_REDUCTION_SUM
        FTS_PLACEMENT_KIND_UNSPECIFIED FTS_PLACEMENT_KIND_REPLICATE
        FTS_PLACEMENT_KIND_SHARD FTS_PLACEMENT_KIND_PARTIAL
        FTS_TP_STYLE_UNSPECIFIED FTS_TP_STYLE_COLWISE FTS_TP_STYLE_ROWWISE
        FTS_TP_STYLE_SEQUENCE FTS_TP_STYLE_PREPARE_INPUT
        FTS_TP_STYLE_PREPARE_OUTPUT FTS_TP_STYLE_PREPARE_INPUT_OUTPUT
    );
    inits!(c,
        fts_schedule_options = FTS_SCHEDULE_OPTIONS_INIT;
        fts_scheduler_options = FTS_SCHEDULER_OPTIONS_INIT;
        fts_scheduler_callbacks = FTS_SCHEDULER_CALLBACKS_INIT;
        fts_mesh_options = FTS_MESH_OPTIONS_INIT;
        fts_session_options = FTS_SESSION_OPTIONS_INIT;
        fts_step_args = FTS_STEP_ARGS_INIT;
        fts_plan_options = FTS_PLAN_OPTIONS_INIT;
        fts_tp_convert_options = FTS_TP_CONVERT_OPTIONS_INIT;
    );
    let theirs = c_prints(&c.body);
    let differ: Vec<_> = c.ours.symmetric_difference(&theirs).collect();
    assert!(differ.is_empty(), "the headers and this crate differ: {differ:#?}");
}

/// A constant or struct of a header that this crate lacks altogether.
#[test]
fn every_name_of_the_headers_is_declared() {
    let mut rust = String::new();
    for file in
        std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap()
    {
        rust += &std::fs::read_to_string(file.unwrap().path()).unwrap();
    }
    let words: BTreeSet<&str> =
        rust.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let mut missing = BTreeSet::new();
    for file in std::fs::read_dir(headers().join("fts/capi")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|e| e != "h") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|l| !l.trim_start().starts_with("//")) {
            for word in line.split(|c: char| !c.is_alphanumeric() && c != '_') {
                let named = (word.starts_with("fts_") && word != "fts_str")
                    || (word.starts_with("FTS_") && line.contains(" = "));
                if named && !words.contains(word) {
                    missing.insert(word.to_string());
                }
            }
        }
    }
    assert!(missing.is_empty(), "declared in C only: {missing:?}");
}
