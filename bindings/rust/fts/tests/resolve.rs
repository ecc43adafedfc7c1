// Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
//! Models, schedules and plans.

mod common;

use common::{body_and_head, two_phases, TWO_PHASES};
use fts::*;

#[test]
fn a_model_is_described_and_read_back() {
    let model = Model::builder()
        .container("layers", "ModuleList")
        .parameter("layers.0.mlp.w \"q\"", &[3, 2], "bfloat16")
        .parameter("scale", &[], "float32")
        .alias("tied", &[], "float32", "scale")
        .build()
        .unwrap();
    let modules: Vec<_> = model.modules().map(|m| (m.name, m.container)).collect();
    let want =
        [("", false), ("layers", true), ("layers.0", false), ("layers.0.mlp", false)];
    assert_eq!(modules, want.map(|(name, container)| (name.to_owned(), container)));
    let parameters: Vec<_> = model.parameters().collect();
    assert_eq!(parameters[0].name, "layers.0.mlp.w \"q\"");
    assert_eq!((&*parameters[0].shape, &*parameters[0].dtype), (&[3, 2][..], "bfloat16"));
    assert!(parameters[1].shape.is_empty());
    assert_eq!(parameters[2].shared_with.as_deref(), Some("scale"));
    let again = Model::from_json("m.json", &model.to_json().unwrap()).unwrap();
    assert_eq!(again.parameters().collect::<Vec<_>>(), parameters);
    assert_eq!(format!("{again:?}"), "Model { modules: 4, parameters: 3 }");

    let error = Model::from_json("m.json", "{").unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert_eq!(error.detail("file"), Some("m.json"));
}

#[test]
fn a_schedule_says_what_trains_when() {
    let options = ScheduleOptions::new().max_epochs(5).max_depth(0);
    let schedule = two_phases(&options);
    assert!(schedule.warnings().is_empty());
    let phases = schedule.phases();
    assert_eq!(phases[0].params, ["head.weight"]);
    assert_eq!((phases[0].lr, phases[1].lr), (None, Some(1e-4)));
    assert_eq!(phases[1].max_transition_epoch, None);
    assert!(phases[1].freeze.is_empty());
    assert_eq!((schedule.max_depth(), schedule.max_epochs()), (0, Some(5)));
    assert_eq!(schedule.phase(2).unwrap_err().code(), Code::OutOfRange);
    assert!(schedule.to_json().unwrap().contains("\"max_depth\":0"));
    assert!(schedule.phase_to_json(1).unwrap().contains("\"lr\":0.0001"));
    let again = Schedule::resolve(&body_and_head(), "x", &schedule.to_string(), &options)
        .unwrap();
    assert_eq!(again.phases(), phases);
}

#[test]
fn options_reach_the_library() {
    let model = body_and_head();
    let resolve = |text: &str, options: &ScheduleOptions| {
        Schedule::resolve(&model, "s.yaml", text, options)
    };
    let no_lr = "0: {params: [head.weight]}\n1: {params: [body.*]}\n";
    let of = |s: &Schedule| s.phases()[1].lr;
    assert_eq!(of(&resolve(no_lr, &ScheduleOptions::new()).unwrap()), Some(1e-5));
    let options = ScheduleOptions::new().base_max_lr(0.5);
    assert_eq!(of(&resolve(no_lr, &options).unwrap()), Some(0.5));
    let error = resolve(no_lr, &ScheduleOptions::new().base_max_lr(None)).unwrap_err();
    assert!(error.message().contains("base_max_lr"), "{error}");
    let prefix = "0: {params: [head]}\n";
    resolve(prefix, &ScheduleOptions::new()).unwrap();
    resolve(prefix, &ScheduleOptions::new().matching(Match::Full)).unwrap_err();
    let error = resolve(TWO_PHASES, &ScheduleOptions::new().epoch_transitions_only(true));
    assert_eq!(error.unwrap_err().diagnostics().len(), 2);
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = "0: {params: [nose]}\n1: {params: [ear], lr: loud}\n";
    let error = Schedule::resolve(&body_and_head(), "s.yaml", text, &Default::default())
        .unwrap_err();
    let all: Vec<Diagnostic> = error.diagnostics().iter().collect();
    assert!(all.len() >= 2, "{all:?}");
    assert!(all.iter().all(|d| d.severity == Severity::Error && d.file == "s.yaml"));
    let printed = error.diagnostics().to_string();
    let first = format!("s.yaml:{}:{}: error: ", all[0].line, all[0].column);
    assert!(printed.starts_with(&first), "{printed}");
    assert_eq!(printed.lines().count(), all.len());
    assert_eq!(error.detail("code"), Some(&*all[0].code));
    assert!(format!("{error:?}").starts_with("INVALID_ARGUMENT: "));
}

#[test]
fn warnings_stand_beside_the_result() {
    let text = "0: {params: [head.weight], lr: 0.5}\n";
    let schedule =
        Schedule::resolve(&body_and_head(), "s.yaml", text, &Default::default()).unwrap();
    let found: Vec<_> = schedule.warnings().iter().map(|d| d.severity).collect();
    assert_eq!(found, [Severity::Warning]);
}

#[test]
fn schedules_come_from_files_and_models() {
    let model = body_and_head();
    for how in [Generate::Pairs, Generate::Blocks(1), Generate::Depth] {
        let text = Schedule::generate(&model, how).unwrap();
        Schedule::resolve(&model, "generated", &text, &Default::default()).unwrap();
    }
    let error = Schedule::generate(&model, Generate::Blocks(99)).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    let path =
        std::env::temp_dir().join(format!("fts-resolve-{}.yaml", std::process::id()));
    std::fs::write(&path, TWO_PHASES).unwrap();
    let schedule = Schedule::load(&model, &path, &Default::default()).unwrap();
    assert_eq!(schedule.phases().len(), 2);
    std::fs::remove_file(&path).unwrap();
    let error = Schedule::load(&model, &path, &Default::default()).unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_plan_names_its_units() {
    let model = body_and_head();
    let schedule = two_phases(&ScheduleOptions::new());
    let yaml = "fsdp_plan: {body: {reshard_after_forward: true}, head: {}}";
    let plan = Plan::resolve(&model, &schedule, "p.yaml", yaml).unwrap();
    let units = plan.units();
    assert_eq!((units.len(), &*units[0].module, units[0].num_elements), (2, "body", 16));
    assert_eq!((units[0].num_parameters, units[0].is_root), (1, false));
    assert_eq!(plan.remainder().num_parameters, 0);
    assert!(plan.warnings().is_empty());
    assert!(plan.to_string().contains("body"));
    assert!(plan.to_json().unwrap().contains("\"body\""));
    assert!(plan.to_full_json().unwrap().contains("fts-plan/1"));
    let error =
        Plan::resolve(&model, None, "p.yaml", "fsdp_plan: {tail: {}}").unwrap_err();
    assert_eq!(error.detail("file"), Some("p.yaml"));
}

#[test]
fn configs_are_merged_and_checked() {
    let yaml = "trainer: {max_epochs: 2, cpu_ranks: 1}\noptimizer: {lr: 1e-5}\nx: [true, null]\n";
    let config = Config::parse("a.yaml", yaml, &["trainer.max_epochs=3"]).unwrap();
    let value = |path: &str| config.get(path).unwrap();
    assert_eq!(value("trainer.max_epochs").value(), ConfigValue::Int(3));
    assert_eq!(value("trainer.max_epochs").place(), None);
    assert_eq!(value("optimizer.lr").number(), Some(1e-5));
    let ConfigValue::Mapping(entries) = value("trainer").value() else { panic!() };
    assert_eq!(entries[1].0, "cpu_ranks");
    let ConfigValue::List(items) = value("x").value() else { panic!() };
    assert_eq!(items[0].value(), ConfigValue::Bool(true));
    assert_eq!(items[1].value(), ConfigValue::Null);
    assert_eq!(config.get("trainer.epochs").unwrap_err().code(), Code::NotFound);
    let error = config.check(ConfigScope::Part).unwrap_err();
    assert_eq!(error.detail("code"), Some("unknown_key"));
    let good = Config::parse("", "seed: 3", &[]).unwrap();
    assert!(good.check(ConfigScope::Part).unwrap().is_empty());
    assert!(good.check(ConfigScope::Run).is_err());
    assert_eq!(
        (good.to_string().trim(), &*format!("{good:?}")),
        ("seed: 3", "{\"seed\":3}")
    );
    assert!(config.to_text_with_places().unwrap().contains("# a.yaml:1"));
    let error = Config::load(&["/nowhere.yaml"], &[]).unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
}

#[test]
fn versions_fit() {
    check_version().unwrap();
    assert_eq!(api_version().0, 1);
    assert!(!version().is_empty());
}
