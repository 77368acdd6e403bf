//! The channel of warnings.

use pyroxene_tensor::context;
use pyroxene_tensor::warning::{self, Category, Channel, Warning, warn};
use std::panic::catch_unwind;
use std::process::Command;

fn numeric(message: &str) {
    warn(Category::Numeric, message);
}

fn messages(warnings: &[Warning]) -> Vec<&str> {
    warnings.iter().map(Warning::message).collect()
}

#[test]
fn captured_in_order_with_category_context_and_line() {
    let ((), warnings) = warning::capture(|| {
        numeric("first");
        let _plate = context::push("plate \"school\"".into());
        warn(Category::Deprecated, "second");
    });
    let line = line!() - 2;
    assert_eq!(messages(&warnings), ["first", "second"]);
    assert_eq!(warnings[1].category(), Category::Deprecated);
    assert_eq!(warnings[1].location().line(), line);
    let text = format!("deprecated warning: second (plate \"school\"), at {}:{line}", file!());
    assert_eq!(warnings[1].to_string(), text);
}

#[test]
fn the_innermost_handler_comes_first_and_may_pass_on() {
    let ((), outer) = warning::capture(|| {
        let ((), inner) = warning::capture(|| numeric("inner"));
        assert_eq!(messages(&inner), ["inner"]);
        warning::silence(|| numeric("silent"));
        warning::silence_category(Category::Numeric, || {
            numeric("silent");
            warn(Category::Model, "passed on");
        });
        warning::handle(
            |warning| warning.message() == "taken",
            || {
                numeric("taken");
                numeric("left");
            },
        );
    });
    assert_eq!(messages(&outer), ["passed on", "left"]);
}

#[test]
fn handlers_end_with_their_body_also_by_panic() {
    let ((), outer) = warning::capture(|| {
        assert!(catch_unwind(|| warning::silence(|| panic!("stop"))).is_err());
        numeric("heard");
    });
    assert_eq!(messages(&outer), ["heard"]);
}

#[test]
fn threads_enter_the_channel_of_their_caller() {
    let ((), warnings) = warning::capture(|| {
        let channel = Channel::current();
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| channel.within(|| numeric("worker")));
            }
        });
        numeric("caller");
    });
    assert_eq!(messages(&warnings), ["worker", "worker", "worker", "worker", "caller"]);
}

#[test]
fn otherwise_each_line_is_printed_once_a_site() {
    const CHILD: &str = "PYROXENE_TEST_WARNS";
    if std::env::var_os(CHILD).is_some() {
        for i in 0..3 {
            numeric(&format!("number {i}"));
            context::set_site("theta");
            numeric(&format!("at a site {i}"));
            context::set_site("");
            warn(Category::Model, "another line");
        }
        return;
    }
    // Once more as a process, whose standard error can be read.
    let mut again = Command::new(std::env::current_exe().unwrap());
    let name = "otherwise_each_line_is_printed_once_a_site";
    let output = again.args(["--exact", name, "--nocapture"]).env(CHILD, "").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<&str> = text.lines().filter_map(|line| line.split(", at ").next()).collect();
    assert_eq!(
        lines,
        ["numeric warning: number 0", "numeric warning: at a site 0 (site \"theta\")", "model warning: another line"]
    );
}
