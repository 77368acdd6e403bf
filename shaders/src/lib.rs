//! GPU kernels of Pyroxene: WGSL compute shaders as text.
//!
//! This crate knows neither tensors nor the CPU kernels, its siblings. The caller passes the WGSL expression of an
//! operation (`wgsl()` of a row in the table of `pyroxene-kernels`), because a string is all that the two need to agree
//! on; only the tests depend on that crate, and check every row.

/// The functions `px_*` that the expressions of the operation table call, and that WGSL does not have.
///
/// NaN and infinities are told apart by their bits, because WGSL lets a compiler assume that there are none.
pub const PRELUDE: &str = include_str!("prelude.wgsl");

/// Invocations in a workgroup of [`elementwise_shader`].
pub const WORKGROUP_SIZE: u32 = 64;

/// A compute shader that evaluates `expression` for each element of its f32 arguments.
///
/// In the expression `$name` stands for the element of the argument `name`; truth values are 0.0 and 1.0. Argument `k` is
/// the read-only storage buffer at binding `k` of group 0, and the output is the binding after the last argument. All
/// buffers have the length of the output. The entry point is `main`; its grid may have a second dimension, since one
/// holds at most 65,535 workgroups: element `i` is invocation `i` in row-major order of the grid, and invocations past
/// the end do nothing.
///
/// ```
/// let shader = pyroxene_shaders::elementwise_shader("px_log1p($x) * $y", &["x", "y"]);
/// assert!(shader.contains("output[i] = px_log1p(x) * y;"));
/// ```
///
/// # Panics
/// If the expression names something that is not among the arguments.
#[track_caller]
pub fn elementwise_shader(expression: &str, arguments: &[&str]) -> String {
    let mut body = expression.to_string();
    let mut bindings = String::new();
    let mut loads = String::new();
    for (k, name) in arguments.iter().enumerate() {
        body = body.replace(&format!("${name}"), name);
        bindings += &format!("@group(0) @binding({k}) var<storage, read> input_{name}: array<f32>;\n");
        loads += &format!("    let {name} = input_{name}[i];\n");
    }
    assert!(!body.contains('$'), "elementwise_shader: `{expression}` names more than the arguments {arguments:?}");
    let output = arguments.len();
    format!(
        "{PRELUDE}
{bindings}@group(0) @binding({output}) var<storage, read_write> output: array<f32>;

@compute @workgroup_size({WORKGROUP_SIZE})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {{
    let i = id.y * groups.x * {WORKGROUP_SIZE}u + id.x;
    if (i >= arrayLength(&output)) {{ return; }}
{loads}    output[i] = {body};
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use naga::valid::{Capabilities, ValidationFlags, Validator};
    use pyroxene_kernels::table::{Binary, Unary};

    /// What a GPU driver sees first: the text parses, and is valid without any extension.
    fn check(shader: &str) -> Result<naga::Module, String> {
        let module = naga::front::wgsl::parse_str(shader).map_err(|e| e.emit_to_string(shader))?;
        let mut validator = Validator::new(ValidationFlags::all(), Capabilities::empty());
        validator.validate(&module).map_err(|e| e.emit_to_string(shader))?;
        Ok(module)
    }

    fn rows() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
        let unary = Unary::ALL.iter().map(|op| (op.name(), op.wgsl(), vec!["x"]));
        let binary = Binary::ALL.iter().map(|op| (op.name(), op.wgsl(), vec!["x", "y"]));
        unary.chain(binary).collect()
    }

    #[test]
    fn every_row_of_the_table_is_a_valid_shader() {
        for (name, expression, arguments) in rows() {
            for argument in &arguments {
                assert!(expression.contains(&format!("${argument}")), "{name}: {expression} does not use {argument}");
            }
            let module = check(&elementwise_shader(expression, &arguments)).unwrap_or_else(|e| panic!("{name}: {e}"));
            let [entry] = module.entry_points.as_slice() else { panic!("{name}: one entry point") };
            assert_eq!((entry.name.as_str(), entry.workgroup_size), ("main", [WORKGROUP_SIZE, 1, 1]), "{name}");
            let bindings = module.global_variables.iter().filter(|(_, variable)| variable.binding.is_some()).count();
            assert_eq!(bindings, arguments.len() + 1, "{name}");
        }
    }

    #[test]
    fn every_function_of_the_prelude_is_called() {
        let calls = rows().iter().map(|row| row.1).chain(PRELUDE.lines()).collect::<Vec<_>>().join("\n");
        for line in PRELUDE.lines() {
            let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.split('(').next()) else { continue };
            assert!(calls.matches(&format!("{name}(")).count() > 1, "{name} is never called");
        }
    }

    #[test]
    fn an_invalid_expression_is_caught_by_the_check() {
        assert!(check(&elementwise_shader("px_missing($x)", &["x"])).is_err());
        assert!(check(&elementwise_shader("$x < 0.0", &["x"])).is_err());
    }

    #[test]
    #[should_panic(expected = "`$x + $z` names more than the arguments [\"x\", \"y\"]")]
    fn an_unknown_argument_is_named() {
        elementwise_shader("$x + $z", &["x", "y"]);
    }
}
